/**
 * Types what `model.open` is given. The manifest is orion_py.manifest.manifest's, parsed and checked there;
 * only what a worker reads is written down here.
 */

/**
 * @typedef {{name: string, dtype: string, shape: number[], offset: number, length: number}} TensorSpec
 * @typedef {{sha256: string, size: number, role: string, tensors: TensorSpec[], path?: string}} ShardSpec
 * @typedef {{source: string, k: number, n: number, weight_offset: number, scale_offset: number, sum_offset: number}} ExpandedWeight
 * @typedef {{shard: string, size: number, weights: ExpandedWeight[]}} Expansion
 * @typedef {{source: string, k: number, n: number, bits: 4 | 8, offset: number}} WidenedWeight
 * @typedef {{shard: string, size: number, weights: WidenedWeight[]}} Widening
 * @typedef {{graph: string, shards: string[]}} StageSpec
 * @typedef {{graph: string, kv: "grow" | "inplace", verifies?: number, stages?: StageSpec[], io?: "orion" | "optimum"}} SessionSpec
 * @typedef {{id: string, engine?: "onnxruntime" | "kernel", plain?: boolean, backend: "wasm" | "webgpu", prefill?: SessionSpec, decode?: SessionSpec, expansions: Expansion[], widenings?: Widening[], cache_bits?: 8 | 16}} VariantSpec
 * @typedef {{factor: number, low_frequency_factor: number, high_frequency_factor: number, original_context: number}} RopeScaling
 * @typedef {{layers: number, hidden_size: number, heads: number, kv_heads: number, head_dim: number, ffn_size: number,
 *   vocab_size: number, context_length: number, rope_theta: number, norm_epsilon: number, tied_embeddings: boolean,
 *   activation?: "silu" | "gelu_tanh", rope_scaling?: RopeScaling | null, rope_factors?: number[] | null, rope_sections?: number[] | null,
 *   head_norms?: boolean, post_norms?: boolean, unrotated?: number[] | null, windows?: number[] | null,
 *   local_rope_theta?: number | null}} Architecture
 * @typedef {{architecture: Architecture, shards: ShardSpec[], variants: VariantSpec[]}} Manifest
 * @typedef {{manifest: Manifest, variant: VariantSpec, threads: number, context: number}} ModelSpec
 */

import { BridgeError } from "../errors.js";

/**
 * The spec in a `model.open` payload. Raises protocol.
 *
 * @param {import("./messages.js").OpenModel} payload
 * @returns {ModelSpec}
 */
export function readSpec({ manifest, variant: id, threads, context }) {
  const variant = manifest.variants.find((candidate) => candidate.id === id);
  if (!variant) throw new BridgeError("protocol", `the manifest has no variant ${id}`);
  const rows = Math.min(context, manifest.architecture.context_length);
  return { manifest, variant, context: rows, threads: globalThis.crossOriginIsolated ? threads : 1 };
}

/**
 * The shards that have to be fed before a build: the variant's graphs and all weights.
 *
 * @param {ModelSpec} spec
 * @returns {ShardSpec[]}
 */
export function neededShards({ manifest, variant }) {
  const { prefill, decode } = variant;
  const graphs = [prefill, decode].flatMap((session) => (session ? stagesOf(session) : [])).map(({ graph }) => graph);
  return manifest.shards.filter(
    ({ role, sha256 }) => (role === "graph" ? graphs.includes(sha256) : role !== "tokenizer"));
}

/**
 * What a session consists of, in the order in which it runs. A session that is one graph can be created
 * only when all was fed: its stage names no shards.
 *
 * @param {SessionSpec} session
 * @returns {{graph: string, shards: string[] | null}[]}
 */
export function stagesOf({ graph, stages = [] }) {
  return stages.length ? stages : [{ graph, shards: null }];
}

/**
 * What a graph's external data calls a shard.
 *
 * @param {ShardSpec} shard
 */
export function locationOf({ sha256, path }) {
  return path ? path.slice(path.lastIndexOf("/") + 1) : sha256;
}
