// What tests of the bridge do in a page. Answers are JSON: errors come back as {code, …}.

import { detectDevice } from "./bridge/worker/engine/device.js";
import { expand } from "./bridge/worker/weights/expand.js";
import { InferenceClient } from "./bridge/worker/inference/client.js";
import { openShards } from "./bridge/worker/storage/shards.js";
import { neededShards, readSpec } from "./bridge/worker/inference/spec.js";
import { Tabs } from "./bridge/worker/engine/tabs.js";
import { widen } from "./bridge/worker/weights/widen.js";

export { detectDevice, expand, InferenceClient, openShards, Tabs, widen };

export const MODEL = "smollm2-135m-instruct";
export const workerUrl = new URL("workers/inference.js", import.meta.url);

/** The answer, or {code, message, detail} of the error. */
export async function attempt(promise) {
  try {
    return { value: (await promise) ?? null };
  } catch (error) {
    return { code: error.code ?? error.name, message: error.message, detail: error.detail ?? null };
  }
}

/** What partials hold of one shard. */
export async function partialBytes(sha256) {
  const { database } = await openShards();
  const partials = await database.transact(["partials"], "readonly", (transaction) =>
    transaction.objectStore("partials").getAll(IDBKeyRange.bound([sha256, 0], [sha256, Infinity])));
  return partials.reduce((sum, blob) => sum + blob.size, 0);
}

/** The manifest, with the variant that Python derives for our kernel (conftest.py) among the others. */
export async function fetchManifest(model = MODEL) {
  const manifest = await (await fetch(`models/${model}/manifest.json`)).json();
  const derived = await fetch(`models/${model}/kernel.json`);
  if (derived.ok) manifest.variants.push(await derived.json());
  return manifest;
}

/** Those that a build of the variant needs. */
export function shardsFor(manifest, id) {
  return neededShards(readSpec({ manifest, variant: id, threads: 1, context: 1 }));
}

/** Stores what the variant needs and isn't stored yet. */
export async function store(manifest, id) {
  const shards = await openShards();
  const sizes = await shards.sizes();
  for (const { sha256, size } of shardsFor(manifest, id)) {
    if (sizes[sha256] !== size) await shards.fetchShard(`models/shards/${sha256}`, sha256, size, () => {});
  }
  return shards;
}

/** A model ready to run, and how long each part took. */
export async function load(id, { threads = 2, context = 1024 } = {}) {
  const manifest = await fetchManifest();
  await store(manifest, id);
  const started = performance.now();
  const client = new InferenceClient(workerUrl);
  const opened = JSON.parse(await client.open(JSON.stringify({ manifest, variant: id, threads, context })));
  const open_ms = performance.now() - started;
  await Promise.all(shardsFor(manifest, id).map(({ sha256 }) => client.feed(sha256)));
  const feed_ms = performance.now() - started - open_ms;
  const built = JSON.parse(await client.build());
  return { client, manifest, opened, report: { ...built, open_ms, feed_ms, total_ms: performance.now() - started } };
}

export function argmax(logits) {
  let best = 0;
  for (let index = 1; index < logits.length; index += 1) if (logits[index] > logits[best]) best = index;
  return best;
}

/** KL(golden || measured) over the golden's ids, in nats. */
export function divergence(golden, logits) {
  const logSoftmax = (values) => {
    const top = Math.max(...values);
    const log = Math.log(values.reduce((sum, value) => sum + Math.exp(value - top), 0)) + top;
    return values.map((value) => value - log);
  };
  const expected = logSoftmax(golden.top.map(([, logit]) => logit));
  const measured = logSoftmax(golden.top.map(([id]) => logits[id]));
  return expected.reduce((sum, log, index) => sum + Math.exp(log) * (log - measured[index]), 0);
}

/** How a loaded model does on one golden: KL, and for each continued token whether it agrees. */
export async function checkGolden(client, golden, steps = Infinity) {
  let logits = await client.forward(golden.tokens, 0);
  const kl = divergence(golden, logits);
  const agreed = [];
  let position = golden.tokens.length;
  for (const token of golden.continuation.slice(0, steps)) {
    agreed.push(argmax(logits) === token);
    logits = await client.forward([token], position++);
  }
  return { kl, top: argmax(logits), agreed };
}

export function largestDifference(left, right) {
  return left.reduce((largest, value, index) => Math.max(largest, Math.abs(value - right[index])), 0);
}

/** From now on, as often as said, a transaction of the database fails as it does where its connection was lost. */
export function losesTheDatabase(name, message, times, midway = false) {
  const original = IDBDatabase.prototype.transaction;
  let left = times;
  IDBDatabase.prototype.transaction = function (...rest) {
    if (left <= 0) return original.apply(this, rest);
    left -= 1;
    if (!midway) throw new DOMException(message, name);
    const transaction = original.apply(this, rest);
    transaction.abort();
    return transaction;
  };
}
