/**
 * Loads, asks and unloads again and again. Nobody steers this page, since a debugger would keep what
 * it sees: at each mark it asks for mark.json, and goes on when the server at last answers.
 */

import { engine } from "./engine.js";

const parameters = new URLSearchParams(location.search);
const model = parameters.get("model");
const runner = parameters.get("runner") ?? "auto";
const question = { query: "Say hello.", history: [], options: { max_tokens: 8, temperature: 0 } };
const mark = () => fetch("mark.json", { cache: "no-store" }).then((response) => response.text());

try {
  const ask = engine(new URL("../orion/", import.meta.url));
  await ask("initialize", { config: { backend: "wasm", runner, use_neural_router: false } });
  await mark();
  for (let cycle = 0; cycle < Number(parameters.get("cycles")); cycle += 1) {
    await ask("preload", { model });
    await ask("infer", question);
    await mark();
    await ask("unload", { model });
    await mark();
    // The one call by which a page has its own and its workers' garbage collected: it measures after that.
    await /** @type {any} */ (performance).measureUserAgentSpecificMemory();
    await mark();
  }
} catch (cause) {
  await fetch(`failed/${encodeURIComponent(String(cause))}`);
}
