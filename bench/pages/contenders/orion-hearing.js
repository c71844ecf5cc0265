/** The whole engine worker hears a recording, as the page has it do: text by its protocol. */

import { samplesAt } from "../samples.js";

const orion = new URL("../../orion/", import.meta.url);

/** @param {{threads: number}} options */
export async function prepare({ threads }) {
  const { engine } = await import("../engine.js");
  let begun = 0;
  let first = 0;
  const hear = (/** @type {{type: string}} */ { type }) => {
    if (type === "token" && !first) first = performance.now() - begun;
  };
  const ask = engine(orion, undefined, hear);
  const { version } = await ask("initialize", { config: { backend: "wasm", threads } });
  await ask("preload", { model: "whisper-base" });
  await ask("preload", { model: "silero-vad" });

  /** @param {{clip: string}} options */
  async function run({ clip }) {
    const samples = await samplesAt(clip);
    const digest = await crypto.subtle.digest("SHA-256", samples);
    const id = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
    [begun, first] = [performance.now(), 0];
    const options = { audio: [id], force_agent: "speech" };
    const answer = await ask("infer", { query: "", history: [], options }, [{ id, blob: new Blob([samples]), samples }]);
    return { text: answer.content, seconds: (performance.now() - begun) / 1000, first_text_ms: first, hearing_ms: answer.timings.hearing };
  }
  return { facts: { version, threads }, run };
}
