/** The whole engine worker, Python in the loop, through its protocol; figures are its Response's. */

const orion = new URL("../../orion/", import.meta.url);

/**
 * @param {{model: string, threads: number, steps: number, runner?: "auto" | "kernel" | "onnxruntime", config?: object}} options
 *   `config`: further fields of the engine's
 */
export async function prepare({ model, threads, steps, runner = "auto", config = {} }) {
  const { engine } = await import("../engine.js");
  const ask = engine(orion);
  const { version } = await ask("initialize", { config: { backend: "wasm", threads, runner, ...config } });
  await ask("preload", { model });
  const { loaded } = await ask("status", {});

  /** @param {{query: string, options: object, status?: boolean}} asked `status`: what is loaded, and no answer */
  async function run({ query, options, status = false }) {
    if (status) return { loaded: (await ask("status", {})).loaded };
    // The first token comes with the prompt's run, so that `steps` more are decoded.
    const answer = await ask("infer", { query, history: [], options: { model, max_tokens: steps + 1, ...options } });
    const { timings, usage, content } = answer;
    return {
      prompt: usage.prompt,
      completion: usage.completion,
      decode_tps: ((usage.completion - 1) / timings.decode) * 1000,
      drafted: usage.drafted,
      accepted: usage.accepted,
      python_percent: (timings.engine / timings.decode) * 100,
      beside_percent: (timings.beside / timings.decode) * 100,
      prefill_tps: ((usage.prompt - usage.cached) / timings.prefill) * 1000,
      text: content,
    };
  }
  return { facts: { version, loaded }, run };
}
