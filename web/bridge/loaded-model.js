/**
 * A model from its shards to its logits, on either backend.
 */

import { Database } from "./database.js";
import { BridgeError } from "./errors.js";
import { expand } from "./expand.js";
import { HubModel } from "./hub-model.js";
import { GpuModel } from "./ort-webgpu.js";
import { ShardFile } from "./shard-file.js";
import { readVerified } from "./shards.js";
import { locationOf, neededShards, readSpec } from "./spec.js";
import { WasmModel } from "./wasm-model.js";
import { widen } from "./widen.js";

/** @typedef {import("./spec.js").ModelSpec} ModelSpec */

export class LoadedModel {
  /**
   * @param {ModelSpec} spec
   * @param {WasmModel | HubModel | GpuModel} runner
   */
  constructor(spec, runner) {
    /** @private */ this.spec = spec;
    /** @private */ this.runner = runner;
    /** @private */ this.database = new Database("orion");
    /** @private @type {Map<string, Uint8Array>} by sha256 */
    this.graphs = new Map();
    /** @private @type {Map<string, any>} what graphs point into, by location: a ShardFile, or the bytes made of one */
    this.files = new Map();
    this.backend = spec.variant.backend;
    this.threads = spec.threads;
  }

  /**
   * @param {any} payload of model.open
   * @returns {Promise<LoadedModel>}
   */
  static async open(payload) {
    const spec = readSpec(payload);
    const vendor = new URL("vendor/ort/", new URL("..", import.meta.url));
    const onWasm = spec.variant.prefill.io === "optimum" ? HubModel : WasmModel;
    const backend = spec.variant.backend === "webgpu" ? GpuModel : onWasm;
    return new LoadedModel(spec, await backend.open(vendor, spec));
  }

  /**
   * Readies one shard: verified, then expanded or widened where the variant wants it so. On WASM the
   * sessions' stages that it completes are created, too.
   *
   * Raises shard_missing, shard_corrupt, out_of_memory, runtime_failure.
   *
   * @param {string} sha256
   * @param {Blob | null} blob the shard, where it isn't in IndexedDB
   */
  async feed(sha256, blob) {
    const { manifest, variant } = this.spec;
    const shard = manifest.shards.find((candidate) => candidate.sha256 === sha256);
    if (!shard) throw new BridgeError("protocol", `the manifest has no shard ${sha256.slice(0, 12)}`);
    const stored = blob ?? (await this.stored(sha256));
    const bytes = await readVerified(stored, sha256);
    if (shard.role === "graph") this.graphs.set(sha256, bytes);
    else this.files.set(locationOf(shard), new ShardFile(/** @type {Blob} */ (stored), bytes, shard.tensors));
    const expansion = variant.expansions.find((candidate) => candidate.shard === sha256);
    if (expansion) this.files.set(`${sha256}.int8`, expand(bytes, shard.tensors, expansion));
    const widening = variant.widenings?.find((candidate) => candidate.shard === sha256);
    if (widening) this.files.set(`${sha256}.wide`, widen(bytes, shard.tensors, widening));
    if (this.runner instanceof WasmModel) await this.runner.advance(this.graphs, this.files);
  }

  /**
   * @private
   * @param {string} sha256
   * @returns {Promise<Blob | null>}
   */
  async stored(sha256) {
    if (typeof indexedDB === "undefined") return null;
    return (await this.database.transact(["shards"], "readonly", (transaction) =>
      transaction.objectStore("shards").get(sha256))) ?? null;
  }

  /** Creates what isn't there yet of the sessions, frees what was fed, and runs each session once. */
  async build() {
    for (const shard of neededShards(this.spec)) {
      const { sha256 } = shard;
      if (this.graphs.has(sha256) || this.files.has(locationOf(shard))) continue;
      throw new BridgeError("shard_missing", `shard ${sha256.slice(0, 12)} wasn't fed`, { sha256 });
    }
    const started = performance.now();
    await this.runner.build(this.graphs, this.files);
    this.graphs.clear();
    this.files.clear();
    const created = performance.now();
    await this.warmUp();
    return {
      backend: this.backend,
      threads: this.threads,
      create_ms: created - started,
      warmup_ms: performance.now() - created,
      memory_bytes: this.memoryBytes,
    };
  }

  /** Bytes that the model takes now. */
  get memoryBytes() {
    return this.runner.memoryBytes;
  }

  /** @private The first runs compile: WASM tiers up, WebGPU builds its pipelines. */
  async warmUp() {
    const nothing = async () => {};
    const prompt = new Int32Array(Math.min(this.runner.warmupTokens, this.spec.context - 1));
    await this.runner.forward(prompt, 0, nothing);
    await this.runner.forward(new Int32Array(1), prompt.length, nothing);
  }

  /**
   * The logits [vocab] after `tokens` at `position`, position+1, …; rows from there on are dropped.
   *
   * Raises context_overflow, cancelled, runtime_failure, device_lost, out_of_memory; protocol for
   * calls that make no sense: no tokens, unknown tokens, a gap after the rows that are here.
   *
   * @param {Int32Array} tokens
   * @param {number} position
   * @param {() => Promise<void>} pause between the parts of a long prompt
   * @returns {Promise<Float32Array<ArrayBuffer>>}
   */
  async forward(tokens, position, pause) {
    this.check(tokens, position);
    return this.runner.forward(tokens, position, pause);
  }

  /**
   * The logits [tokens, vocab] after each of `tokens` at `position`, position+1, …, to the bit those of as
   * many calls of `forward`. Raises as it does, and protocol where the variant can't.
   *
   * @param {Int32Array} tokens
   * @param {number} position
   * @returns {Promise<Float32Array<ArrayBuffer>>}
   */
  async verify(tokens, position) {
    const most = this.spec.variant.prefill.verifies ?? 0;
    if (tokens.length > most || !(this.runner instanceof WasmModel)) {
      throw new BridgeError("protocol", `${tokens.length} tokens can't be verified at once: ${most} can`);
    }
    this.check(tokens, position);
    return this.runner.verify(tokens, position);
  }

  /**
   * @private
   * @param {Int32Array} tokens
   * @param {number} position
   */
  check(tokens, position) {
    const { context, manifest } = this.spec;
    if (!tokens.length) throw new BridgeError("protocol", "a forward needs at least one token");
    if (!(position >= 0 && position <= this.runner.rows)) {
      throw new BridgeError("protocol", `position ${position} isn't in the ${this.runner.rows} rows that are here`);
    }
    if (position + tokens.length > context) {
      throw new BridgeError("context_overflow", `${position + tokens.length} tokens don't fit ${context}`, {
        tokens: position + tokens.length, context,
      });
    }
    const vocabulary = manifest.architecture.vocab_size;
    if (tokens.some((token) => token < 0 || token >= vocabulary)) {
      throw new BridgeError("protocol", `a token is outside the vocabulary of ${vocabulary}`);
    }
  }
}
