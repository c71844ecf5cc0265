/**
 * Collects what was fed of a model for onnxruntime: its graphs, and the files that they point into.
 */

import { expand } from "../weights/expand.js";
import { ShardFile } from "./shard-file.js";
import { readVerified } from "../storage/verified.js";
import { locationOf } from "../inference/spec.js";
import { widen } from "../weights/widen.js";

/** @typedef {import("../inference/spec.js").ShardSpec} ShardSpec */

export class OrtShards {
  /** @param {import("../inference/spec.js").VariantSpec} variant */
  constructor(variant) {
    /** @private */ this.variant = variant;
    /** @type {Map<string, Uint8Array>} by sha256 */
    this.graphs = new Map();
    /** @type {Map<string, any>} what graphs point into, by location: a ShardFile, or the bytes made of one */
    this.files = new Map();
  }

  /**
   * Verifies a shard, then expands or widens it where the variant wants it so. Raises shard_missing,
   * shard_corrupt, out_of_memory.
   *
   * @param {ShardSpec} shard
   * @param {Blob | null} stored
   */
  async add(shard, stored) {
    const { sha256, role, tensors } = shard;
    const bytes = await readVerified(stored, sha256);
    if (role === "graph") this.graphs.set(sha256, bytes);
    else this.files.set(locationOf(shard), new ShardFile(/** @type {Blob} */ (stored), bytes, tensors));
    const expansion = this.variant.expansions.find((candidate) => candidate.shard === sha256);
    if (expansion) this.files.set(`${sha256}.int8`, expand(bytes, tensors, expansion));
    const widening = this.variant.widenings?.find((candidate) => candidate.shard === sha256);
    if (widening) this.files.set(`${sha256}.wide`, widen(bytes, tensors, widening));
  }

  /** Frees what was fed: sessions hold their own copies. */
  clear() {
    this.graphs.clear();
    this.files.clear();
  }
}

/** @param {import("../inference/spec.js").VariantSpec} variant for onnxruntime @returns its two sessions */
export function sessionsOf({ prefill, decode }) {
  return {
    prefill: /** @type {import("../inference/spec.js").SessionSpec} */ (prefill),
    decode: /** @type {import("../inference/spec.js").SessionSpec} */ (decode),
  };
}
