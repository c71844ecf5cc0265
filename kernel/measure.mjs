/**
 * How fast a module of kernel/built is in V8, on a model that is built:
 *
 *     node kernel/measure.mjs BUILD THREADS MANIFEST SHARDS [NAME=VALUE …]
 *     node kernel/measure.mjs relaxed-threads 2 public/models/smollm2-135m-instruct/manifest.json public/models/shards
 *
 * rounds=30, rows=1,2,4,8 (tokens of a pass, behind 128), at=1500,4000 (long contexts), prompt=128 (and others),
 * context=2048, cache=16 (bits of a cached number, or 8). Medians and minima in ms, and a plain read of the weights by the same threads. Needs a node with relaxed SIMD (22 or newer) and an idle machine.
 * clock=processor counts the process's time on processors instead: with one thread on a busy machine.
 */

import { readFileSync } from "node:fs";
import { Worker, isMainThread, workerData } from "node:worker_threads";

async function work({ module, memory, number, stack }) {
  const { exports } = await WebAssembly.instantiate(module, { env: { memory, orion_stop: () => 0 } });
  exports.__stack_pointer.value = stack;
  exports.orion_worker(number);
}

async function measure([build, threadsText, manifestFile, shards, ...wishes]) {
  const { KernelMemory } = await import(new URL("../web/bridge/worker/kernel/memory.js", import.meta.url).href);
  const asked = Object.fromEntries(wishes.map((wish) => wish.split("=")));
  const { rounds = 30, rows = "1,2,4,8", at = "1500", prompt = "128", context = 2048, cache = 16, clock = "wall" } = asked;
  const threads = Number(threadsText);
  const manifest = JSON.parse(readFileSync(manifestFile, "utf8"));
  const module = await WebAssembly.compile(readFileSync(new URL(`built/${build}.wasm`, import.meta.url)));
  const kernel = await KernelMemory.make(module, build.endsWith("-threads"), { manifest, variant: { cache_bits: Number(cache) }, context: Number(context) }, threads);
  const { exports, memory } = kernel;
  for (let number = 1; number < threads; number += 1) {
    new Worker(new URL(import.meta.url), { workerData: { module, memory, number, stack: exports.orion_stack(number) } });
  }
  // Workers start when this thread gives way.
  await new Promise((resolve) => setTimeout(resolve, 100));
  const here = exports.orion_await_threads(threads, 5000);
  exports.orion_use_threads(here);

  const begun = performance.now();
  for (const { sha256, role } of manifest.shards) {
    if (role !== "graph" && role !== "tokenizer") kernel.take(sha256, readFileSync(`${shards}/${sha256}`));
  }
  console.log(`${build}, ${here} threads: read and arranged in ${(performance.now() - begun).toFixed(0)} ms, ${(kernel.byteLength / 1e6).toFixed(0)} MB`);

  const tokens = Int32Array.from({ length: 128 }, (_, index) => 100 + 37 * index);
  const run = (count, position, logits) => {
    const status = kernel.run(tokens.subarray(0, count), position, logits);
    if (status) throw new Error(`status ${status}, detail ${exports.orion_detail()}`);
  };
  const fill = (length) => {
    for (let position = 0; position < length; position += 128) run(Math.min(128, length - position), position, position + 128 >= length ? 1 : 0);
  };
  const now = () => (clock === "processor" ? (process.cpuUsage().user + process.cpuUsage().system) / 1000 : performance.now());
  const timed = (label, count, task) => {
    const times = Array.from({ length: count }, () => {
      const start = now();
      task();
      return now() - start;
    }).sort((a, b) => a - b);
    console.log(`${label}: median ${times[count >> 1].toFixed(2)}, least ${times[0].toFixed(2)} ms`);
  };

  const places = at.split(",").map(Number);
  fill(places.at(-1));
  for (let warm = 0; warm < 3; warm += 1) fill(128);
  for (const count of rows.split(",").map(Number)) timed(`${count} rows behind 128`, Number(rounds), () => run(count, 128, Math.min(count, 8)));
  for (const place of places) timed(`1 row behind ${place}`, Number(rounds), () => run(1, place, 1));
  for (const length of prompt.split(",").map(Number)) timed(`a prompt of ${length}`, Math.max(5, Number(rounds) >> 2), () => fill(length));
  const weights = [...kernel.shards.values()];
  const [first, bytes] = [weights[0].at, weights.reduce((sum, shard) => sum + shard.size, 0)];
  timed(`a plain read of ${(bytes / 1e6).toFixed(1)} MB`, 20, () => exports.orion_read(first, bytes));
  exports.orion_dismiss();
  process.exit(0);
}

await (isMainThread ? measure(process.argv.slice(2)) : work(workerData));
