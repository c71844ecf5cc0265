/**
 * Defines the seam between a loaded model and what computes for it: onnxruntime-web's sessions on WASM or WebGPU,
 * a graph from outside, or our own kernel.
 *
 * `ModelSession` checks what is asked, and a runner is only asked what makes sense.
 */

import { toBridgeError } from "../errors.js";
import { KernelModel } from "../kernel/model.js";

/**
 * @typedef {import("./spec.js").ModelSpec} ModelSpec
 * @typedef {import("./spec.js").ShardSpec} ShardSpec
 * @typedef {import("./spec.js").VariantSpec} VariantSpec
 */

/**
 * Four bytes, an I32: setting it to 1 ends a `forward` or `verify` in progress, which rejects as cancelled and keeps the
 * rows of the parts before; it stays set, and ends those that follow, until it is 0 again.
 *
 * @typedef {SharedArrayBuffer} CancelFlag
 */

/**
 * One model with one KV cache. Not re-entrant, but that feeds may overlap.
 *
 * @typedef {object} Runner
 * @property {string} backend as the report says it
 * @property {number} threads that compute now; fewer than were built with, once one was lost
 * @property {CancelFlag | null} [cancelFlag] ends what runs early; without it a cancel is heard at the next `pause` alone
 * @property {number} rows tokens whose keys and values are here
 * @property {number} memoryBytes in use now
 * @property {number} warmupTokens a prompt that lets every kernel run, cheaply
 * @property {number} verifies tokens that `verify` takes at once; 0 where it can't
 * @property {(shard: ShardSpec, stored: Blob | null) => Promise<void>} feed
 *   takes one shard in, verified; raises shard_missing, shard_corrupt, out_of_memory, runtime_failure
 * @property {(shard: ShardSpec, verified: Uint8Array<ArrayBuffer>) => void} [take] as feed, for bytes that have the hash;
 *   of the runners whose kind `takesBytes`
 * @property {() => Promise<void>} build readies what computes; all needed shards were fed
 * @property {(tokens: Int32Array, position: number, pause: () => Promise<void>) => Promise<Float32Array<ArrayBuffer>>} forward
 *   logits [vocab] after the last token; rows from `position` on are dropped. `pause` is awaited between the
 *   parts of a long prompt: what it throws ends the call, and the rows so far stay
 * @property {(embeddings: Float32Array, position: number, axes: import("./messages.js").Axes | null, pause: () => Promise<void>) => Promise<Float32Array<ArrayBuffer>>} [forwardEmbeddings]
 *   as forward, with rows [n][hidden] in the tokens' place; without it the runner takes tokens alone
 * @property {(tokens: Int32Array, position: number) => Promise<Float32Array<ArrayBuffer>>} [verify]
 *   logits [tokens, vocab] after each, to the bit those of as many calls of `forward`; there where `verifies` isn't 0
 * @property {(rows: number) => number} [rowsBytes] bytes of so many rows of the cache; without it rows can't be kept
 * @property {(rows: number) => Uint8Array<ArrayBuffer>} [copyRows] the first rows of the cache, at most those that are here
 * @property {(bytes: Uint8Array, rows: number) => void} [putRows] what `copyRows` gave: these rows are here, and no others
 */

/**
 * One way to compute. A new one is a module that implements `Runner`, and a row of KINDS.
 *
 * @typedef {object} RunnerKind
 * @property {(variant: VariantSpec) => boolean} runs whether it is the one for a variant that none before it is for
 * @property {boolean} takesBytes its runners have `take`, so that shards can be read and hashed while it opens
 * @property {(root: URL, spec: ModelSpec) => Promise<Runner>} open root: of the site; raises backend_unavailable
 */

/**
 * The kernel's few modules come with the worker's own, since fetching them later would wait behind the shards;
 * onnxruntime's only where it runs.
 *
 * @type {RunnerKind[]}
 */
const KINDS = [
  {
    runs: ({ engine }) => engine === "kernel",
    takesBytes: true,
    open: (root, spec) => KernelModel.open(new URL("kernel/", root), spec),
  },
  {
    runs: ({ backend }) => backend === "webgpu",
    takesBytes: false,
    open: onOrt(async () => (await import("../ort/gpu-model.js")).GpuModel),
  },
  {
    runs: ({ prefill }) => prefill?.io === "optimum",
    takesBytes: false,
    open: onOrt(async () => (await import("../ort/external-model.js")).ExternalModel),
  },
  {
    runs: () => true,
    takesBytes: false,
    open: onOrt(async () => (await import("../ort/wasm-model.js")).WasmModel),
  },
];

/** @param {VariantSpec} variant @returns {RunnerKind} what computes it */
export function kindOf(variant) {
  return /** @type {RunnerKind} */ (KINDS.find(({ runs }) => runs(variant)));
}

/**
 * @param {() => Promise<{open: (vendor: URL, spec: ModelSpec) => Promise<Runner>}>} bring
 * @returns {RunnerKind["open"]}
 */
function onOrt(bring) {
  return async (root, spec) => {
    const kind = await bring().catch((cause) => { throw toBridgeError(cause, "backend_unavailable"); });
    return kind.open(new URL("vendor/ort/", root), spec);
  };
}
