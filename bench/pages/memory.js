/**
 * Loads, asks and unloads again and again: a language model, or the models that see and hear. Nobody steers this page, since a
 * debugger would keep what it sees: at each mark it asks for mark.json, and goes on when the server at last answers.
 */

import { engine } from "./engine.js";

const parameters = new URLSearchParams(location.search);
const model = parameters.get("model");
const senses = parameters.get("senses")?.split(",") ?? [];
const runner = parameters.get("runner") ?? "auto";
const start = parameters.get("start");
const options = { max_tokens: 8, temperature: 0 };
const mark = () => fetch("mark.json", { cache: "no-store" }).then((response) => response.text());

/** The one call by which a page has its own and its workers' garbage collected: it measures after that. */
const collect = () => /** @type {any} */ (performance).measureUserAgentSpecificMemory();

/** A picture as large as what an agent looks at. */
async function picture() {
  const canvas = new OffscreenCanvas(2000, 1200);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "black";
  context.font = "80px sans-serif";
  for (let row = 0; row < 8; row += 1) context.fillText(`Meeting at noon, room ${27 + row}`, 100, 150 + 130 * row);
  return canvas.convertToBlob();
}

try {
  let began = "";
  const hear = (/** @type {any} */ { type, phase }) => { if (type === "boot") began ||= phase; };
  const ask = engine(new URL("../orion/", import.meta.url), undefined, hear);
  await ask("initialize", { config: { backend: "wasm", runner, use_neural_router: false }, ahead: false });
  if (start && began !== start) throw new Error(`the engine began with ${began}, not with ${start}`);
  const file = senses.length ? { id: "a".repeat(64), blob: await picture() } : null;
  await collect(); // the start leaves garbage, too: some 40 MB of the snapshot's pieces
  await mark();
  for (let cycle = 0; cycle < Number(parameters.get("cycles")); cycle += 1) {
    for (const name of model ? [model] : senses) await ask("preload", { model: name });
    if (!file) await ask("infer", { query: "Say hello.", history: [], options });
    else if (senses.includes("nanodet-416")) { // by rules: no language model is loaded for it
      const about = { ...options, images: [file.id], force_agent: "vision" };
      await ask("infer", { query: "How many cups are there?", history: [], options: about }, [file]);
    }
    await mark();
    await ask("unload", {});
    await mark();
    await collect();
    await mark();
  }
} catch (cause) {
  await fetch(`failed/${encodeURIComponent(String(cause))}`);
}
