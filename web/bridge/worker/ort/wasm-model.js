/**
 * Runs one language model on WASM: a prefill and a decode session over one KV cache. The prefill's stages are
 * created, and run for the first time, while the shards of later ones still arrive.
 */

import { ChainedCall } from "./chained-call.js";
import { BridgeError, toBridgeError } from "../errors.js";
import { KvCache } from "./kv-cache.js";
import { FLOAT, INT32, INT64, OPTIMIZE_BASIC, Ort } from "./ort.js";
import { OrtShards, sessionsOf } from "./shards.js";
import { stagesOf } from "../inference/spec.js";

/** Prompt tokens a run: between runs the worker hears messages, so it bounds how late a cancel is. */
const CHUNK = 128;

/** @typedef {import("../inference/runner.js").Runner} Runner */
/** @typedef {import("./kv-cache.js").HeapTensor} HeapTensor */
/**
 * `verifies`: tokens that `verify` runs at once, in place; 0 where the graph can't. Its outputs are the
 * cache's tensors so many times over: the rows are written one by one.
 *
 * @typedef {{call: ChainedCall, kv: "grow" | "inplace", verifies: number, verify: ChainedCall | null}} Steps
 */

/** @implements {Runner} */
export class WasmModel {
  /**
   * @param {Ort} ort
   * @param {import("../inference/spec.js").ModelSpec} spec
   */
  constructor(ort, spec) {
    const { prefill, decode } = sessionsOf(spec.variant);
    this.backend = "wasm";
    this.threads = spec.threads;
    this.verifies = prefill.verifies ?? 0;
    /** @private */ this.ort = ort;
    /** @private */ this.spec = spec;
    /** @private */ this.sessions = { prefill, decode };
    /** @private */ this.fed = new OrtShards(spec.variant);
    /** @private */ this.vocabulary = spec.manifest.architecture.vocab_size;
    /** @private @type {import("./ort.js").Session[]} the prefill's stages so far */
    this.stages = [];
    /** @private */ this.advancing = Promise.resolve();
    /** @private @type {Steps | null} */ this.prefill = null;
    /** @private @type {Steps | null} */ this.decode = null;
    const { layers, kv_heads: heads, head_dim: dim } = spec.manifest.architecture;
    const preallocated = [prefill.kv, decode.kv].includes("inplace");
    /** @private */ this.kv = new KvCache(ort, { tensors: 2 * layers, heads, dim }, spec.context, preallocated);
    /** A prompt that lets every kernel of the prefill run, cheaply. */
    this.warmupTokens = 8;
    /** @private Buffers that every run shares. */
    this.ids = ort.alloc(8 * CHUNK);
    /** @private Two int32 and, behind them, an int64. */ this.counts = ort.alloc(16);
    /** @private */ this.logits = ort.alloc(4 * this.vocabulary * Math.max(1, this.verifies));
    /** @private */ this.oneId = ort.tensor(INT64, [1, 1], this.ids, 8);
    /** @private */ this.seqlens = ort.tensor(INT32, [1], this.counts, 4);
    /** @private */ this.total = ort.tensor(INT32, [], this.counts + 4, 4);
    /** @private */ this.firstLogits = ort.tensor(INT64, [1], this.counts + 8, 8);
    /** @private */ this.logitsTensor = ort.tensor(FLOAT, [1, 1, this.vocabulary], this.logits, 4 * this.vocabulary);
  }

  /**
   * @param {URL} vendor where onnxruntime-web's files lie
   * @param {import("../inference/spec.js").ModelSpec} spec
   */
  static async open(vendor, spec) {
    return new WasmModel(await Ort.load(new URL("ort-wasm-simd-threaded.mjs", vendor).href, spec.threads), spec);
  }

  /**
   * Takes a shard in, and creates the sessions' stages that it completes.
   *
   * @param {import("../inference/spec.js").ShardSpec} shard
   * @param {Blob | null} stored
   */
  async feed(shard, stored) {
    await this.fed.add(shard, stored);
    await this.advance();
  }

  /**
   * Creates the stages that are ready now: feeds overlap, but stages come in their order.
   *
   * @private
   * @returns {Promise<void>} rejects as onnxruntime does, from then on always
   */
  advance() {
    this.advancing = this.advancing.then(async () => {
      const before = this.stages.length;
      await this.createStages(({ shards }) => shards?.every((sha256) => this.fed.files.has(sha256)) ?? false);
      const all = stagesOf(this.sessions.prefill).length;
      if (this.stages.length > before && this.stages.length < all) await this.rehearse();
    });
    return this.advancing;
  }

  /** Creates what isn't there yet of the sessions, and frees what was fed; all was. */
  async build() {
    await this.advancing;
    const { prefill, decode } = this.sessions;
    await this.createStages(() => true);
    this.prefill = this.stepsOf(prefill, this.stages);
    const same = decode.graph === prefill.graph && decode.kv === prefill.kv;
    this.decode = same ? this.prefill : this.stepsOf(decode, [await this.create(decode.graph)]);
    this.fed.clear();
  }

  /**
   * @private
   * @param {(stage: {shards: string[] | null}) => boolean} ready
   */
  async createStages(ready) {
    for (const stage of stagesOf(this.sessions.prefill).slice(this.stages.length)) {
      if (!this.fed.graphs.has(stage.graph) || !ready(stage)) return;
      this.stages.push(await this.create(stage.graph));
    }
  }

  /**
   * @private
   * @param {string} graph
   */
  create(graph) {
    const { graphs, files } = this.fed;
    // The foundry writes fused nodes: looking for more takes a fifth of the time and finds nothing that pays.
    return this.ort.createSession(/** @type {Uint8Array} */ (graphs.get(graph)), files, OPTIMIZE_BASIC);
  }

  /**
   * Lets the stages that are here run: later ones share their kernels, which the browser compiles better
   * once they ran. What comes out is dropped.
   *
   * @private
   */
  async rehearse() {
    const { inputs, presents } = this.names();
    const outputs = presents.filter((name) => this.stages.some((session) => session.outputs.includes(name)));
    const call = new ChainedCall(this.stages, inputs, outputs);
    const past = this.kv.gather(0);
    const ids = this.write(new Int32Array(this.warmupTokens), this.warmupTokens, this.warmupTokens - 1);
    try {
      const given = [ids, this.seqlens, this.total, this.firstLogits, ...past.map(({ handle }) => handle)];
      const made = await call.run(given, outputs.map(() => 0));
      made.forEach((handle) => this.ort.releaseTensor(handle));
    } catch (cause) {
      throw toBridgeError(cause, "runtime_failure");
    } finally {
      this.releaseIds(ids);
      past.forEach((tensor) => this.kv.release(tensor));
    }
  }

  /** Tokens whose keys and values are here. */
  get rows() {
    return this.kv.rows;
  }

  /** Bytes in use: the whole WASM memory. */
  get memoryBytes() {
    return this.ort.memoryBytes;
  }

  /** @private All inputs that our graphs may have, and the cache's outputs, as `SessionSpec` names them. */
  names() {
    const layers = Array.from({ length: this.spec.manifest.architecture.layers }, (_, layer) => layer);
    const past = layers.flatMap((layer) => [`past.${layer}.key`, `past.${layer}.value`]);
    const presents = layers.flatMap((layer) => [`present.${layer}.key`, `present.${layer}.value`]);
    return { inputs: ["input_ids", "seqlens_k", "total_length", "first_logits", ...past], presents };
  }

  /**
   * @private
   * @param {import("../inference/spec.js").SessionSpec} session
   * @param {import("./ort.js").Session[]} stages
   * @returns {Steps}
   */
  stepsOf(session, stages) {
    const { inputs, presents } = this.names();
    const verifies = session.verifies ?? 0;
    const between = Array.from({ length: Math.max(0, verifies - 1) }, (_, row) => presents.map((name) => `${name}.${row}`));
    return {
      call: new ChainedCall(stages, inputs, ["logits", ...presents]),
      kv: session.kv,
      verifies,
      verify: verifies ? new ChainedCall(stages, inputs, ["logits", ...between.flat(), ...presents]) : null,
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
    const steps = tokens.length === 1 ? this.decode : this.prefill;
    const { kv } = this;
    if (!steps) throw new BridgeError("protocol", "the model isn't built yet");
    try {
      kv.rows = position;
      if (steps.kv === "inplace") await this.runInPlace(steps.call, kv, tokens, pause);
      else await this.runGrowing(steps, kv, tokens, pause);
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
    if (!call) throw new BridgeError("protocol", "this model can't verify drafts");
    const count = tokens.length;
    try {
      kv.rows = position;
      const total = position + count;
      kv.reserve(total);
      const ids = this.write(tokens, total, 0);
      const size = count * this.vocabulary;
      const logits = this.ort.tensor(FLOAT, [1, count, this.vocabulary], this.logits, 4 * size);
      const { handles } = kv;
      const rows = Array.from({ length: /** @type {Steps} */ (this.prefill).verifies }, () => handles).flat();
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
   * @param {ChainedCall} call
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
      const inputs = [ids, this.seqlens, this.total, this.firstLogits, ...kv.handles];
      await call.run(inputs, [this.logitsTensor, ...kv.handles]);
      this.releaseIds(ids);
      kv.rows = total;
    }
  }

  /**
   * Present is a new tensor, past with the new rows; it is the next run's past.
   *
   * @private
   * @param {Steps} steps
   * @param {KvCache} kv
   * @param {Int32Array} tokens
   * @param {() => Promise<void>} pause
   */
  async runGrowing({ call }, kv, tokens, pause) {
    /** @type {HeapTensor[]} */
    let past = kv.gather(kv.rows);
    try {
      for (let start = 0; start < tokens.length; start += CHUNK) {
        if (start) await pause();
        const chunk = tokens.subarray(start, start + CHUNK);
        const total = kv.rows + chunk.length;
        const ids = this.write(chunk, total, chunk.length - 1);
        const inputs = [ids, this.seqlens, this.total, this.firstLogits, ...past.map((tensor) => tensor.handle)];
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
