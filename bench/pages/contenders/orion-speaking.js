/** The whole engine worker reads a text aloud, as the page has it do: sounds by its protocol. */

const orion = new URL("../../orion/", import.meta.url);

/** @param {{threads: number, model: string}} options */
export async function prepare({ threads, model }) {
  const { engine } = await import("../engine.js");
  let begun = 0;
  let first = 0;
  let seconds = 0;
  let memory = 0;
  const hear = (/** @type {any} */ { type, rate, samples, models }) => {
    if (type === "memory") memory = models.find((/** @type {any} */ row) => row.model === model)?.bytes ?? memory;
    if (type !== "sound") return;
    if (!first) first = performance.now() - begun;
    seconds += samples.length / rate;
  };
  const ask = engine(orion, undefined, hear);
  const { version } = await ask("initialize", { config: { backend: "wasm", threads } });
  await ask("preload", { model });

  /** @param {{text: string, voice: string}} options */
  async function run({ text, voice }) {
    [begun, first, seconds] = [performance.now(), 0, 0];
    await ask("speak", { text, voice });
    return { first_ms: first, took: (performance.now() - begun) / 1000, seconds, memory };
  }
  return { facts: { version, threads }, run };
}
