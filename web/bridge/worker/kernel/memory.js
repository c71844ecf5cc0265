/**
 * Lays out one memory for a model on our kernel: what lies where, and the description that the kernel is given
 * (`struct orion_decoder` of kernel/orion_kernel.h).
 *
 * From the module's heap base on: the description, its table of tensors, the tokens or embeddings of a call, the rotary
 * table, each weight shard whole, the workspace, the cache. It is made once, exactly as large as it has to be: nothing grows, and
 * nothing moves.
 */

import { BridgeError, toBridgeError } from "../errors.js";
import { RotaryPlaces, turnedRows } from "./places.js";
import { fillTurns, frequencies, rotations } from "./rotary.js";
import { kernelTensors } from "./tensors.js";

/** Tokens of one pass: between two a cancel is heard. */
export const CHUNK = 128;
/** Rows of embeddings of one pass: few, since every model has room for them and hardly any takes some. */
export const CHUNK_EMBEDDED = 32;
/** Rows of logits that one pass gives: what `verify` can take. */
export const MOST_LOGITS = 8;

const ABI = 2;
const PAGE = 65536;
const MOST_PAGES = 65536;
const DECODER_WORDS = 37;
const TENSOR_WORDS = 10;
/** Room for the module's own data and the two tables, while only sizes are asked for. */
const PLAN_PAGES = 64;

/** Words of struct orion_decoder that are read back or written late. */
const WORD = {
  tensors: 18, tensorCount: 19, rope: 20, workspace: 24, cache: 26, workspaceNeeded: 28, cacheNeeded: 29, stride: 30,
  values: 31, layerStride: 32, headStride: 33, rowBytes: 34, logits: 35, cacheBits: 36,
};

/**
 * What is used of an instance of the kernel.
 *
 * @typedef {object} KernelExports
 * @property {WebAssembly.Global} __heap_base
 * @property {WebAssembly.Global} __stack_pointer
 * @property {() => number} orion_abi
 * @property {() => number} orion_detail
 * @property {(decoder: number) => number} orion_plan
 * @property {(decoder: number) => number} orion_open
 * @property {(index: number) => number} orion_prepare
 * @property {(tokens: number, embeddings: number, positions: number, count: number, position: number, rows: number) => number} orion_forward
 * @property {(number: number) => number} orion_stack
 * @property {(number: number) => void} orion_worker
 * @property {(count: number, milliseconds: number) => number} orion_await_threads
 * @property {(count: number) => number} orion_use_threads
 * @property {(milliseconds: number) => void} orion_patience
 * @property {(barriers: number, calls: number) => void} orion_spin
 * @property {() => void} orion_dismiss
 */

/**
 * @typedef {import("../inference/spec.js").ModelSpec} ModelSpec
 * @typedef {import("./tensors.js").KernelTensor} KernelTensor
 */

export class KernelMemory {
  /**
   * @private
   * @param {ModelSpec} spec
   * @param {number} threads at most
   */
  constructor(spec, threads) {
    /** @private */ this.spec = spec;
    /** @private */ this.threads = threads;
    this.tensors = kernelTensors(spec.manifest);
    /** @private @type {Map<string, {at: number, size: number}>} shards with weights, by sha256 */
    this.shards = new Map();
    /** @private */ this.decoder = 0;
    /** @private */ this.table = 0;
    /** @private Offset of the next call's rows of the rotary table. */ this.positions = 0;
    /** @private Words of windows and of tables, one a layer; 0 where all layers are alike. */ this.windows = 0;
    /** @private */ this.layerRopes = 0;
    /** @private */ this.rope = 0;
    /** @private @type {Map<import("./rotary.js").Rotation, number>} offsets of the rotary tables */
    this.ropes = new Map();
    this.places = new RotaryPlaces();
    /** Offset of the next call's tokens, U32 [CHUNK]. */
    this.tokens = 0;
    /** Offset of the next call's embeddings, F32 [CHUNK_EMBEDDED][hidden]. */
    this.embeddings = 0;
    /** @private */ this.workspace = [0, 0];
    /** @private */ this.cache = [0, 0];
    /** @type {WebAssembly.Memory} */ this.memory = new WebAssembly.Memory({ initial: 0 });
    /**
     * What `orion_stop` answers; null where no other thread could set it. It lies beside the model's memory: who holds it
     * doesn't hold that.
     *
     * @type {import("../inference/runner.js").CancelFlag | null}
     */
    this.cancelFlag = null;
    /** @type {KernelExports} */ this.exports = /** @type {any} */ (null);
  }

  /**
   * Makes the memory and an instance of `module` over it, and tells it of the model.
   *
   * Raises backend_unavailable for a model that the kernel doesn't compute, out_of_memory.
   *
   * @param {WebAssembly.Module} module
   * @param {boolean} shared whether it wants memory that threads share
   * @param {ModelSpec} spec
   * @param {number} threads at most
   */
  static async make(module, shared, spec, threads) {
    const made = new KernelMemory(spec, threads);
    await made.instantiate(module, shared, PLAN_PAGES);
    if (made.exports.orion_abi() !== ABI) throw new BridgeError("backend_unavailable", "the kernel's build is another version's");
    const end = made.layOut(made.exports.__heap_base.value);
    if (made.rope > PLAN_PAGES * PAGE) throw new BridgeError("backend_unavailable", "the model has too many tensors for the kernel");
    made.describe();
    const planned = made.exports.orion_plan(made.decoder);
    if (planned === OUTSIDE) throw new BridgeError("out_of_memory", "the cache is larger than WebAssembly can address");
    made.checked(planned, "backend_unavailable");
    const words = made.words();
    const workspace = words[made.decoder / 4 + WORD.workspaceNeeded];
    const cache = words[made.decoder / 4 + WORD.cacheNeeded];
    made.workspace = [end, workspace];
    made.cache = [aligned(end + workspace), cache];
    const pages = Math.ceil((made.cache[0] + cache) / PAGE);
    if (pages > MOST_PAGES) throw new BridgeError("out_of_memory", `the model takes ${pages * PAGE} bytes, more than WebAssembly can address`);
    await made.instantiate(module, shared, pages);
    made.describe();
    made.fillRope();
    made.checked(made.exports.orion_open(made.decoder), "backend_unavailable");
    return made;
  }

  /** Its real size, in bytes. */
  get byteLength() {
    return this.memory.buffer.byteLength;
  }

  /** Where the rows of the cache lie. @returns {import("./rows.js").CachePlan} */
  get cachePlan() {
    const { layers, kv_heads: heads } = this.spec.manifest.architecture;
    const words = this.words().subarray(this.decoder / 4, this.decoder / 4 + DECODER_WORDS);
    return {
      at: words[WORD.cache], layers, heads, values: words[WORD.values],
      layerStride: words[WORD.layerStride], headStride: words[WORD.headStride], rowBytes: words[WORD.rowBytes],
    };
  }

  /**
   * @private
   * @param {WebAssembly.Module} module
   * @param {boolean} shared
   * @param {number} pages
   */
  async instantiate(module, shared, pages) {
    try {
      this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new BridgeError("out_of_memory", `${pages * PAGE} bytes of memory can't be allocated: ${why}`, { needed_bytes: pages * PAGE });
    }
    try {
      const flag = shared ? new SharedArrayBuffer(4) : null;
      const word = flag && new Int32Array(flag);
      const env = { memory: this.memory, orion_stop: () => (word ? Atomics.load(word, 0) : 0) };
      const instance = await WebAssembly.instantiate(module, { env });
      this.cancelFlag = flag;
      this.exports = /** @type {KernelExports} */ (/** @type {unknown} */ (instance.exports));
    } catch (cause) {
      throw toBridgeError(cause, "backend_unavailable");
    }
  }

  /**
   * @private
   * @param {number} base
   * @returns {number} where the workspace may begin
   */
  layOut(base) {
    const { manifest } = this.spec;
    let end = aligned(base);
    const take = (/** @type {number} */ bytes) => {
      const at = end;
      end = aligned(end + bytes);
      return at;
    };
    this.decoder = take(4 * DECODER_WORDS);
    this.table = take(4 * TENSOR_WORDS * this.tensors.length);
    this.tokens = take(4 * CHUNK);
    this.embeddings = take(4 * CHUNK_EMBEDDED * this.hidden);
    this.positions = take(4 * CHUNK);
    const a = manifest.architecture;
    const turning = new Set(rotations(a));
    this.windows = a.windows ? take(4 * a.layers) : 0;
    this.layerRopes = turning.size > 1 ? take(4 * a.layers) : 0;
    for (const rotation of turning) this.ropes.set(rotation, take(4 * this.ropeRows * a.head_dim));
    [this.rope] = this.ropes.values();
    for (const { sha256, size, role } of manifest.shards) {
      if (role !== "graph" && role !== "tokenizer") this.shards.set(sha256, { at: take(size), size });
    }
    return end;
  }

  /** Rows of the rotary table: one a place, and, where places have three axes, one for each row of the cache. */
  get ropeRows() {
    return this.spec.context * (this.spec.manifest.architecture.rope_sections ? 2 : 1);
  }

  /** Numbers of a row of embeddings. */
  get hidden() {
    return this.spec.manifest.architecture.hidden_size;
  }

  /** @private */
  words() {
    return new Uint32Array(this.memory.buffer);
  }

  /** @private Writes the description and the table. */
  describe() {
    const { manifest, variant, context } = this.spec;
    const a = manifest.architecture;
    const words = this.words();
    const at = this.decoder / 4;
    words.fill(0, at, at + DECODER_WORDS);
    words.set([
      ABI, a.layers, a.hidden_size, a.heads, a.kv_heads, a.head_dim, a.ffn_size, a.vocab_size, context, a.head_dim,
      a.activation === "gelu_tanh" ? 1 : 0, CHUNK, this.threads,
    ], at);
    new Float32Array(this.memory.buffer).set([a.norm_epsilon, 1, 0, 0, 0], at + 13);
    words.set([this.table, this.tensors.length, this.rope, this.ropeRows, this.layerRopes, this.windows], at + WORD.tensors);
    if (a.windows) words.set(a.windows, this.windows / 4);
    if (this.layerRopes) words.set(rotations(a).map((rotation) => this.ropes.get(rotation) ?? 0), this.layerRopes / 4);
    words.set([...this.workspace, ...this.cache], at + WORD.workspace);
    words[at + WORD.cacheBits] = variant.cache_bits ?? 16;
    this.tensors.forEach((tensor, index) => {
      const place = (/** @type {import("./tensors.js").Place | null} */ of) => (of ? this.shardAt(of.shard) + of.offset : 0);
      words.set([
        tensor.role, tensor.layer, tensor.form, tensor.bits, tensor.rows, tensor.columns,
        place(tensor.data), place(tensor.scale), place(tensor.minimum), tensor.blocksPerScale,
      ], this.table / 4 + TENSOR_WORDS * index);
    });
  }

  /** @private */
  fillRope() {
    for (const [rotation, at] of this.ropes) {
      const each = frequencies(this.spec.manifest.architecture, rotation);
      fillTurns(new Float32Array(this.memory.buffer, at, 2 * each.length * this.ropeRows), each);
    }
  }

  /** @private @param {string} sha256 */
  shardAt(sha256) {
    return this.shards.get(sha256)?.at ?? 0;
  }

  /**
   * Copies a shard's bytes to their place, and readies its tensors there: they are in another order from then on. Raises
   * runtime_failure for bytes that the manifest doesn't describe, and for scales that aren't finite.
   *
   * @param {string} sha256
   * @param {Uint8Array} bytes verified
   */
  take(sha256, bytes) {
    const place = this.shards.get(sha256);
    if (!place) return;
    if (bytes.length !== place.size) {
      throw new BridgeError("runtime_failure", `shard ${sha256.slice(0, 12)} has ${bytes.length} bytes, and not ${place.size}`, { sha256 });
    }
    new Uint8Array(this.memory.buffer).set(bytes, place.at);
    this.tensors.forEach((tensor, index) => {
      if (tensor.data.shard === sha256) this.checked(this.exports.orion_prepare(index), "runtime_failure");
    });
  }

  /**
   * A pass over tokens that follow each other, or over embeddings in their place.
   *
   * @param {Int32Array | Float32Array} inputs at most CHUNK tokens, or CHUNK_EMBEDDED rows [n][hidden]
   * @param {number} position
   * @param {number} rows of the last places whose logits are wanted
   * @param {import("../inference/messages.js").Axes | null} axes of the embeddings, where they have some
   * @returns {number} the kernel's status
   */
  run(inputs, position, rows, axes) {
    const embedded = !(inputs instanceof Int32Array);
    const count = inputs.length / (embedded ? this.hidden : 1);
    const positions = this.turn(position, count, embedded, axes);
    if (!embedded) {
      new Int32Array(this.memory.buffer).set(inputs, this.tokens / 4);
      return this.exports.orion_forward(this.tokens, 0, positions, count, position, rows);
    }
    new Float32Array(this.memory.buffer).set(inputs, this.embeddings / 4);
    return this.exports.orion_forward(0, this.embeddings, positions, count, position, rows);
  }

  /**
   * Writes which rows of the rotary table a pass turns by, and those rows that are of embeddings.
   *
   * @private
   * @param {number} position
   * @param {number} count
   * @param {boolean} embedded
   * @param {import("../inference/messages.js").Axes | null} axes
   * @returns {number} their offset; 0 where they are those of the cache
   */
  turn(position, count, embedded, axes) {
    const { manifest, context } = this.spec;
    const sections = manifest.architecture.rope_sections;
    if (!sections) return 0;
    this.places.cut(position);
    const first = embedded ? context + position : position - this.places.lag(position);
    this.words().set(Uint32Array.from({ length: count }, (_, index) => first + index), this.positions / 4);
    if (!embedded) return this.positions;
    const each = frequencies(manifest.architecture);
    const turned = turnedRows(this.places.ofEmbeddings(position, count, axes), each, sections);
    new Float32Array(this.memory.buffer).set(turned, this.rope / 4 + 2 * each.length * first);
    return this.positions;
  }

  /**
   * A copy of the latest pass's logits.
   *
   * @param {number} rows
   * @returns {Float32Array<ArrayBuffer>} [rows, vocab]
   */
  logits(rows) {
    const vocabulary = this.spec.manifest.architecture.vocab_size;
    const words = this.words();
    const [stride, at] = [words[this.decoder / 4 + WORD.stride], words[this.decoder / 4 + WORD.logits]];
    const found = new Float32Array(rows * vocabulary);
    for (let row = 0; row < rows; row += 1) {
      found.set(new Float32Array(this.memory.buffer, at + 4 * stride * row, vocabulary), row * vocabulary);
    }
    return found;
  }

  /**
   * Raises what a status amounts to.
   *
   * @param {number} status
   * @param {string} code where the status itself doesn't say more
   */
  checked(status, code) {
    if (status === 0) return;
    const detail = this.exports.orion_detail();
    const [name, own] = STATUS[status] ?? [`status ${status}`, ""];
    const about = name.startsWith("a tensor") ? ` (${this.tensors[detail]?.name ?? detail})` : ` (${detail})`;
    throw new BridgeError(own || code, `the kernel: ${name}${about}`, { status, detail });
  }
}

/** enum orion_status */
const OUTSIDE = 4;
export const THREAD_LOST = 16;

/** enum orion_status in words, and the code of the error that it always is, if any. @type {[string, string][]} */
const STATUS = [
  ["done", ""],
  ["it is another version's", "backend_unavailable"],
  ["the model has a size that it doesn't take", "backend_unavailable"],
  ["it doesn't compute this model", "backend_unavailable"],
  ["something reaches outside the memory", ""],
  ["a tensor isn't what the model needs", "backend_unavailable"],
  ["a part of the model is missing", "backend_unavailable"],
  ["a tensor holds a number that isn't finite", "runtime_failure"],
  ["no model is open", "runtime_failure"],
  ["a tensor wasn't readied", "runtime_failure"],
  ["a tensor was readied twice", "runtime_failure"],
  ["a count doesn't fit", "runtime_failure"],
  ["a token isn't in the vocabulary", "protocol"],
  ["a position is past the rotary table", "context_overflow"],
  ["the context is full", "context_overflow"],
  ["the pass was cancelled", "cancelled"],
  ["a thread was lost", "worker_died"],
];

/** @param {number} at */
function aligned(at) {
  return Math.ceil(at / 64) * 64;
}
