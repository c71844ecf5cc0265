/** wllama on the processor, figures as llama.cpp times them itself (without its messages to us). */

import { LoggerWithoutDebug, Wllama } from "../../peers/@wllama/wllama/esm/index.js";

/** @param {{gguf: string, threads: number, context: number, text: string, steps: number}} options */
export async function prepare({ gguf, threads, context, text, steps }) {
  const wasm = new URL("../../peers/@wllama/wllama/esm/wasm/wllama.wasm", import.meta.url).href;
  const wllama = new Wllama({ default: wasm }, { logger: LoggerWithoutDebug });
  const file = await (await fetch(new URL(`../../weights/${gguf}`, import.meta.url))).blob();
  const started = performance.now();
  await wllama.loadModel([file], { n_threads: threads, n_ctx: context, n_gpu_layers: 0, n_batch: 512 });
  const facts = { threads: wllama.getNumThreads(), library: Wllama.getLibllamaVersion(), load_ms: performance.now() - started };

  async function run() {
    const stream = await wllama.createCompletion({
      prompt: text, max_tokens: steps, temperature: 0, top_k: 1, stream: true,
      cache_prompt: false, ignore_eos: true, timings_per_token: true,
    });
    let timings = null;
    let answer = "";
    for await (const piece of stream) {
      if (piece.timings) timings = piece.timings;
      answer += piece.choices?.[0]?.text ?? "";
    }
    return {
      prompt: timings.prompt_n,
      completion: timings.predicted_n,
      prefill_tps: timings.prompt_per_second,
      decode_tps: timings.predicted_per_second,
      text: answer,
    };
  }
  return { facts, run };
}
