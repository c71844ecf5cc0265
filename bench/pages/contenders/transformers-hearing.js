/** transformers.js' pipeline for speech recognition, on the processor: long sound in pieces of 30 s, as its users do. */

import * as transformers from "../../peers/@huggingface/transformers/dist/transformers.min.js";

import { samplesAt } from "../samples.js";
import { useLocal } from "../transformers-env.js";

const { env, pipeline } = transformers;

/** @param {{threads: number, runtime: string}} options `runtime`: which build of onnxruntime-web */
export async function prepare({ threads, runtime }) {
  useLocal(env, threads, runtime);
  const hear = await pipeline("automatic-speech-recognition", "whisper", { dtype: "q8", device: "wasm" });

  /** @param {{clip: string, language: string}} options */
  async function run({ clip, language }) {
    const samples = await samplesAt(clip);
    const started = performance.now();
    const { text } = await hear(samples, {
      language, task: "transcribe", return_timestamps: true, chunk_length_s: 30, stride_length_s: 5,
    });
    return { text, seconds: (performance.now() - started) / 1000 };
  }
  return { facts: { version: env.version, threads }, run };
}
