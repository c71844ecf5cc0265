/**
 * One language model on WASM: a prefill and a decode session over one KV cache.
 */

import { BridgeError, toBridgeError } from "./errors.js";
import { KvCache } from "./kv-cache.js";
import { FLOAT, INT32, INT64, Ort } from "./ort-wasm.js";

/** Prompt tokens a run: between runs the worker hears messages, so it bounds how late a cancel is. */
export const CHUNK = 128;

/** @typedef {import("./ort-wasm.js").Call} Call */
/** @typedef {import("./kv-cache.js").HeapTensor} HeapTensor */
/**
 * `verifies`: tokens that `verify` runs at once, in place; 0 where the graph can't. Its outputs are the
 * cache's tensors so many times over: the rows are written one by one.
 *
 * @typedef {{call: Call, kv: "grow" | "inplace", verifies: number, verify: Call | null}} Runner
 */

export class WasmModel {
  /**
   * @param {Ort} ort
   * @param {import("./spec.js").ModelSpec} spec
   */
  constructor(ort, spec) {
    /** @private */ this.ort = ort;
    /** @private */ this.spec = spec;
    /** @private */ this.vocabulary = spec.manifest.architecture.vocab_size;
    /** @private @type {Runner | null} */ this.prefill = null;
    /** @private @type {Runner | null} */ this.decode = null;
    /** @private @type {KvCache | null} */ this.kv = null;
    /** A prompt that lets every kernel of the prefill run, cheaply. */
    this.warmupTokens = 8;
    /** @private Buffers that every run shares. */
    this.ids = ort.alloc(8 * CHUNK);
    /** @private Two int32 and, behind them, an int64. */ this.counts = ort.alloc(16);
    /** @private */ this.logits = ort.alloc(4 * this.vocabulary * Math.max(1, spec.variant.prefill.verifies ?? 0));
    /** @private */ this.oneId = ort.tensor(INT64, [1, 1], this.ids, 8);
    /** @private */ this.seqlens = ort.tensor(INT32, [1], this.counts, 4);
    /** @private */ this.total = ort.tensor(INT32, [], this.counts + 4, 4);
    /** @private */ this.firstLogits = ort.tensor(INT64, [1], this.counts + 8, 8);
    /** @private */ this.logitsTensor = ort.tensor(FLOAT, [1, 1, this.vocabulary], this.logits, 4 * this.vocabulary);
  }

  /**
   * @param {URL} vendor where onnxruntime-web's files lie
   * @param {import("./spec.js").ModelSpec} spec
   */
  static async open(vendor, spec) {
    return new WasmModel(await Ort.load(new URL("ort-wasm-simd-threaded.mjs", vendor).href, spec.threads), spec);
  }

  /**
   * Creates the sessions.
   *
   * @param {Map<string, Uint8Array>} graphs by sha256
   * @param {Map<string, import("./ort-wasm.js").ExternalFile>} files by location
   */
  async build(graphs, files) {
    const { manifest, variant, context } = this.spec;
    const { layers, kv_heads: heads, head_dim: dim } = manifest.architecture;
    this.prefill = await this.runner(variant.prefill, graphs, files);
    const same = variant.decode.graph === variant.prefill.graph && variant.decode.kv === variant.prefill.kv;
    this.decode = same ? this.prefill : await this.runner(variant.decode, graphs, files);
    const preallocated = [variant.prefill.kv, variant.decode.kv].includes("inplace");
    this.kv = new KvCache(this.ort, { tensors: 2 * layers, heads, dim }, context, preallocated);
  }

  /** Tokens whose keys and values are here. */
  get rows() {
    return this.kv?.rows ?? 0;
  }

  /** Bytes in use: the whole WASM memory. */
  get memoryBytes() {
    return this.ort.memoryBytes;
  }

  /**
   * @private
   * @param {import("./spec.js").SessionSpec} session
   * @param {Map<string, Uint8Array>} graphs
   * @param {Map<string, import("./ort-wasm.js").ExternalFile>} files
   * @returns {Promise<Runner>}
   */
  async runner(session, graphs, files) {
    const graph = /** @type {Uint8Array} */ (graphs.get(session.graph));
    const created = await this.ort.createSession(graph, files);
    const layers = Array.from({ length: this.spec.manifest.architecture.layers }, (_, layer) => layer);
    const past = layers.flatMap((layer) => [`past.${layer}.key`, `past.${layer}.value`]);
    const present = layers.flatMap((layer) => [`present.${layer}.key`, `present.${layer}.value`]);
    const verifies = session.verifies ?? 0;
    const inputs = ["input_ids", "seqlens_k", "total_length", ...(verifies ? ["first_logits"] : []), ...past];
    const between = Array.from({ length: Math.max(0, verifies - 1) }, (_, row) => present.map((name) => `${name}.${row}`));
    return {
      call: created.call(inputs, ["logits", ...present]),
      kv: session.kv,
      verifies,
      verify: verifies ? created.call(inputs, ["logits", ...between.flat(), ...present]) : null,
    };
  }

  /**
   * Runs `tokens` as positions position, position+1, …; rows from `position` on are dropped.
   *
   * @param {Int32Array} tokens at least one; they fit the context
   * @param {number} position at most the rows that are here
   * @param {() => Promise<void>} pause awaited between runs; what it throws ends the call, the rows so far stay
   * @returns {Promise<Float32Array<ArrayBuffer>>} logits [vocab] after the last token
   */
  async forward(tokens, position, pause) {
    const runner = tokens.length === 1 ? this.decode : this.prefill;
    const kv = this.kv;
    if (!runner || !kv) throw new BridgeError("protocol", "the model isn't built yet");
    try {
      kv.rows = position;
      if (runner.kv === "inplace") await this.runInPlace(runner.call, kv, tokens, pause);
      else await this.runGrowing(runner, kv, tokens, pause);
      return new Float32Array(new Float32Array(this.ort.heap().buffer, this.logits, this.vocabulary));
    } catch (cause) {
      throw toBridgeError(cause, "runtime_failure");
    }
  }

  /**
   * Runs `tokens` in place as `forward` would one by one, to the bit.
   *
   * @param {Int32Array} tokens at least one, at most the prefill's `verifies`; they fit the context
   * @param {number} position at most the rows that are here; rows from there on are dropped
   * @returns {Promise<Float32Array<ArrayBuffer>>} logits [tokens, vocab] after each
   */
  async verify(tokens, position) {
    const { kv } = this;
    const call = this.prefill?.verify;
    if (!call || !kv) throw new BridgeError("protocol", "this model can't verify drafts");
    const count = tokens.length;
    try {
      kv.rows = position;
      const total = position + count;
      kv.reserve(total);
      const ids = this.write(tokens, total, 0);
      const size = count * this.vocabulary;
      const logits = this.ort.tensor(FLOAT, [1, count, this.vocabulary], this.logits, 4 * size);
      const { handles } = kv;
      const rows = Array.from({ length: /** @type {Runner} */ (this.prefill).verifies }, () => handles).flat();
      try {
        await call.run([ids, this.seqlens, this.total, this.firstLogits, ...handles], [logits, ...rows]);
      } finally {
        this.ort.releaseTensor(logits);
        this.releaseIds(ids);
      }
      kv.rows = total;
      return new Float32Array(new Float32Array(this.ort.heap().buffer, this.logits, size));
    } catch (cause) {
      throw toBridgeError(cause, "runtime_failure");
    }
  }

  /**
   * Past and present are the cache's own tensors.
   *
   * @private
   * @param {Call} call
   * @param {KvCache} kv
   * @param {Int32Array} tokens
   * @param {() => Promise<void>} pause
   */
  async runInPlace(call, kv, tokens, pause) {
    for (let start = 0; start < tokens.length; start += CHUNK) {
      if (start) await pause();
      const chunk = tokens.subarray(start, start + CHUNK);
      const total = kv.rows + chunk.length;
      kv.reserve(total);
      const ids = this.write(chunk, total, 0);
      await call.run([ids, this.seqlens, this.total, ...kv.handles], [this.logitsTensor, ...kv.handles]);
      this.releaseIds(ids);
      kv.rows = total;
    }
  }

  /**
   * Present is a new tensor, past with the new rows; it is the next run's past.
   *
   * @private
   * @param {Runner} runner
   * @param {KvCache} kv
   * @param {Int32Array} tokens
   * @param {() => Promise<void>} pause
   */
  async runGrowing({ call, verifies }, kv, tokens, pause) {
    /** @type {HeapTensor[]} */
    let past = kv.gather(kv.rows);
    try {
      for (let start = 0; start < tokens.length; start += CHUNK) {
        if (start) await pause();
        const chunk = tokens.subarray(start, start + CHUNK);
        const total = kv.rows + chunk.length;
        const ids = this.write(chunk, total, chunk.length - 1);
        const lengths = verifies ? [this.seqlens, this.total, this.firstLogits] : [this.seqlens, this.total];
        const inputs = [ids, ...lengths, ...past.map((tensor) => tensor.handle)];
        const outputs = await call.run(inputs, [this.logitsTensor, ...past.map(() => 0)]);
        const handles = Array.from(outputs.subarray(1)); // before the next call moves the heap
        this.releaseIds(ids);
        const present = handles.map((handle) => ({ handle, data: this.ort.tensorData(handle) }));
        past.forEach((tensor) => kv.release(tensor));
        past = present;
        if (kv.preallocated) kv.scatter(past, kv.rows, total);
        else kv.rows = total;
      }
    } finally {
      // Without preallocation the last present becomes the cache, also when a pause ended the call.
      if (!kv.preallocated) kv.adopt(past, kv.rows);
      else past.forEach((tensor) => kv.release(tensor));
    }
  }

  /**
   * Writes the token ids and lengths of the next run.
   *
   * @private
   * @param {Int32Array} tokens
   * @param {number} total rows after the run
   * @param {number} first the first of the tokens whose logits are wanted
   * @returns {number} the ids' tensor
   */
  write(tokens, total, first) {
    const { buffer } = this.ort.heap();
    const ids = new BigInt64Array(buffer, this.ids, tokens.length);
    for (let index = 0; index < tokens.length; index += 1) ids[index] = BigInt(tokens[index]);
    new Int32Array(buffer, this.counts, 4).set([total - 1, total, first, 0]);
    return tokens.length === 1 ? this.oneId : this.ort.tensor(INT64, [1, tokens.length], this.ids, 8 * tokens.length);
  }

  /**
   * @private
   * @param {number} ids
   */
  releaseIds(ids) {
    if (ids !== this.oneId) this.ort.releaseTensor(ids);
  }
}
