/** transformers.js with its q8 on the processor; the times between its streamer's tokens. */

import * as transformers from "../../peers/@huggingface/transformers/dist/transformers.min.js";

import { useLocal } from "../transformers-env.js";

const { AutoModelForCausalLM, AutoTokenizer, TextStreamer, env } = transformers;

/** @param {{threads: number, text: string, steps: number, runtime: string}} options `runtime`: which build of onnxruntime-web */
export async function prepare({ threads, text, steps, runtime }) {
  useLocal(env, threads, runtime);
  const started = performance.now();
  const tokenizer = await AutoTokenizer.from_pretrained("model");
  const model = await AutoModelForCausalLM.from_pretrained("model", { dtype: "q8", device: "wasm" });
  const facts = { version: env.version, threads, load_ms: performance.now() - started };

  async function run() {
    const inputs = tokenizer(text, { add_special_tokens: false });
    const prompt = inputs.input_ids.dims[1];
    /** @type {number[]} */
    const times = [];
    const begun = performance.now();
    const streamer = new TextStreamer(tokenizer, {
      skip_prompt: true,
      token_callback_function: () => times.push(performance.now() - begun),
      callback_function: () => {},
    });
    const output = await model.generate({
      ...inputs, max_new_tokens: steps + 1, min_new_tokens: steps + 1, do_sample: false, streamer,
    });
    const [first, last] = [times[0], times[times.length - 1]];
    return {
      prompt,
      completion: times.length,
      prefill_tps: (prompt / first) * 1000,
      decode_tps: ((times.length - 1) / (last - first)) * 1000,
      tokens: [...output.data].slice(prompt).map(Number),
    };
  }
  return { facts, run };
}
