/**
 * Runs one language model on WebGPU, through onnxruntime-web's own API.
 *
 * Keys and values are GPU buffers [1, kv_heads, capacity, head_dim] that a run gets as past and as
 * present alike: the kernel writes the new rows where they belong and nothing is copied. Rows past
 * the sequence's length are never read, so that dropping rows costs nothing.
 */

import { BridgeError, toBridgeError } from "../errors.js";
import { loadGpu, lossOf, reasonOf } from "./gpu.js";
import { OrtShards, sessionsOf } from "./shards.js";

/** Prompt tokens a run: a cancel is heard between runs. */
const CHUNK = 128;
/** Rows of a fresh cache; it doubles when it is full. */
const FIRST_CAPACITY = 256;
/** GPUBufferUsage.COPY_SRC | COPY_DST | STORAGE */
const USAGE = 0x4 | 0x8 | 0x80;

/** @typedef {import("./gpu.js").OrtApi} OrtApi */
/** @typedef {import("./gpu.js").Session} Session */
/** @typedef {import("./gpu.js").Tensor} Tensor */
/** @typedef {import("../inference/runner.js").Runner} Runner */

/** @implements {Runner} */
export class GpuModel {
  /**
   * @param {OrtApi} ort
   * @param {import("../inference/spec.js").ModelSpec} spec
   * @param {import("./memory-meter.js").MemoryMeter} meter
   * @param {number} warmupTokens
   */
  constructor(ort, spec, meter, warmupTokens) {
    const { layers, kv_heads: heads, head_dim: dim } = spec.manifest.architecture;
    this.backend = "webgpu";
    this.threads = spec.threads;
    this.verifies = 0; // its kernels promise no equal rows
    /** @private */ this.ort = ort;
    /** @private */ this.spec = spec;
    /** @private */ this.fed = new OrtShards(spec.variant);
    /** @private */ this.meter = meter;
    /** A prompt that builds the pipelines; those for matrices start at 32 rows. */
    this.warmupTokens = warmupTokens;
    /** @private */ this.heads = heads;
    /** @private */ this.rowBytes = dim * 4;
    /** @private */ this.names = Array.from({ length: layers }, (_, layer) => [`${layer}.key`, `${layer}.value`]).flat();
    /** @private @type {any} */ this.device = null;
    /** @private @type {Promise<never>} rejects when the device is lost */
    this.lost = new Promise(() => {});
    /** @private @type {Session | null} */ this.prefill = null;
    /** @private @type {Session | null} */ this.decode = null;
    /** @private @type {any[]} GPUBuffers, in the order of `names` */
    this.buffers = [];
    /** @private @type {Tensor[]} over them */
    this.tensors = [];
    /** @private */ this.capacity = 0;
    /** Tokens whose keys and values are here. */
    this.rows = 0;
  }

  /**
   * Raises backend_unavailable.
   *
   * @param {URL} vendor where onnxruntime-web's files lie
   * @param {import("../inference/spec.js").ModelSpec} spec
   */
  static async open(vendor, spec) {
    const { prefill, decode } = sessionsOf(spec.variant);
    if (prefill.kv !== "inplace" || decode.kv !== "inplace") {
      throw new BridgeError("backend_unavailable", "on WebGPU the cache has to be written in place");
    }
    const { ort, meter, software } = await loadGpu(vendor);
    return new GpuModel(ort, spec, meter, software ? 2 : 32);
  }

  /**
   * @param {import("../inference/spec.js").ShardSpec} shard
   * @param {Blob | null} stored
   */
  async feed(shard, stored) {
    await this.fed.add(shard, stored);
  }

  /** Creates the sessions. */
  async build() {
    const { prefill, decode } = sessionsOf(this.spec.variant);
    const { graphs, files } = this.fed;
    try {
      const externalData = await Promise.all(
        Array.from(files, async ([path, file]) => ({ path, data: file instanceof Uint8Array ? file : await file.bytes() })));
      const create = (/** @type {string} */ sha256) => this.ort.InferenceSession.create(
        /** @type {Uint8Array} */ (graphs.get(sha256)), { executionProviders: ["webgpu"], externalData });
      this.prefill = await create(prefill.graph);
      this.decode = decode.graph === prefill.graph ? this.prefill : await create(decode.graph);
      this.device = await this.ort.env.webgpu.device;
      await this.meter.settled();
    } catch (cause) {
      throw toBridgeError(cause, "backend_unavailable");
    }
    this.lost = lossOf(this.device);
    await this.reserve(Math.min(FIRST_CAPACITY, this.spec.context));
    this.fed.clear();
  }

  /** Bytes in use: GPU buffers and WASM memory. */
  get memoryBytes() {
    return this.meter.bytes;
  }

  /**
   * Runs `tokens` as positions position, position+1, …; rows from `position` on are dropped.
   *
   * Raises device_lost, out_of_memory, cancelled, runtime_failure.
   *
   * @param {Int32Array} tokens at least one; they fit the context
   * @param {number} position at most the rows that are here
   * @param {() => Promise<void>} pause awaited between runs; what it throws ends the call, the rows so far stay
   * @returns {Promise<Float32Array<ArrayBuffer>>} logits [vocab] after the last token
   */
  async forward(tokens, position, pause) {
    const session = tokens.length === 1 ? this.decode : this.prefill;
    if (!session) throw new BridgeError("protocol", "the model isn't built yet");
    this.rows = position;
    let logits = new Float32Array();
    try {
      for (let start = 0; start < tokens.length; start += CHUNK) {
        if (start) await pause();
        // Whatever hangs or fails when the device is lost, that it is lost is the reason.
        logits = await Promise.race([this.run(session, tokens.subarray(start, start + CHUNK)), this.lost]);
      }
      return logits;
    } catch (cause) {
      throw await reasonOf(cause, this.lost);
    }
  }

  /**
   * @private
   * @param {Session} session
   * @param {Int32Array} tokens
   * @returns {Promise<Float32Array<ArrayBuffer>>}
   */
  async run(session, tokens) {
    const { Tensor } = this.ort;
    const total = this.rows + tokens.length;
    await this.reserve(total);
    /** @type {Record<string, Tensor>} */
    const feeds = {
      input_ids: new Tensor("int64", BigInt64Array.from(tokens, BigInt), [1, tokens.length]),
      seqlens_k: new Tensor("int32", Int32Array.of(total - 1), [1]),
      total_length: new Tensor("int32", Int32Array.of(total), []),
    };
    /** @type {Record<string, Tensor | null>} */
    const fetches = { logits: null };
    this.names.forEach((name, index) => {
      feeds[`past.${name}`] = this.tensors[index];
      fetches[`present.${name}`] = this.tensors[index];
    });
    const { logits } = await session.run(feeds, fetches);
    await this.meter.settled(); // or what was computed with a buffer that isn't there would pass for logits
    this.rows = total;
    return new Float32Array(logits.data);
  }

  /**
   * Makes room for `rows` rows, doubling, and keeps those that are here. Raises out_of_memory: then all
   * is as before.
   *
   * @private
   * @param {number} rows
   */
  async reserve(rows) {
    if (rows <= this.capacity) return;
    const { device, heads, rowBytes, capacity: old } = this;
    const { layers, kv_heads, head_dim } = this.spec.manifest.architecture;
    const capacity = Math.min(Math.max(rows, 2 * old), this.spec.context);
    /** @type {any[]} */
    const wider = [];
    try {
      for (let index = 0; index < 2 * layers; index += 1) {
        wider.push(device.createBuffer({ size: heads * capacity * rowBytes, usage: USAGE }));
      }
      await this.meter.settled();
    } catch (cause) {
      for (const buffer of wider) buffer.destroy();
      throw toBridgeError(cause, "out_of_memory");
    }
    const commands = device.createCommandEncoder();
    wider.forEach((buffer, index) => {
      for (let head = 0; this.rows && head < heads; head += 1) {
        commands.copyBufferToBuffer(
          this.buffers[index], head * old * rowBytes, buffer, head * capacity * rowBytes, this.rows * rowBytes);
      }
    });
    device.queue.submit([commands.finish()]);
    for (const buffer of this.buffers) buffer.destroy();
    this.buffers = wider;
    this.capacity = capacity;
    this.tensors = wider.map((buffer) => this.ort.Tensor.fromGpuBuffer(
      buffer, { dataType: "float32", dims: [1, kv_heads, capacity, head_dim] }));
  }
}
