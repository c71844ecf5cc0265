/**
 * Runs one language model on our own kernel: the shards' own bytes in one WebAssembly memory, one pass for all layers.
 */

import { BridgeError, toBridgeError } from "../errors.js";
import { CHUNK, CHUNK_EMBEDDED, KernelMemory, MOST_LOGITS, THREAD_LOST } from "./memory.js";
import { bytesOf, copyRows, putRows } from "./rows.js";
import { builds, fetchBuild, probe } from "./module.js";
import { KernelThreads } from "./threads.js";
import { readVerified } from "../storage/verified.js";

/** What the kernel's tables have room for. */
const MOST_THREADS = 16;
/** A thread that doesn't come to a barrier for so long is gone. */
const PATIENCE_MS = 5000;
/**
 * How often a thread looks before it sleeps, at some nanosecond a look: inside a pass for what the others' shares may
 * differ by, and not much longer, since who looks keeps a core from a thread that lost its own; between two passes for the time in which a token is sampled (some 2 ms), so that an answer wakes nobody
 * and an idle page costs nothing.
 */
const SPINS = { barriers: 30_000, calls: 2_000_000 };

/** @typedef {import("../inference/runner.js").Runner} Runner */

/** @implements {Runner} */
export class KernelModel {
  /**
   * @param {KernelMemory} memory
   * @param {KernelThreads} team
   */
  constructor(memory, team) {
    this.backend = "kernel";
    this.verifies = MOST_LOGITS;
    /** V8 improves what a prompt runs while it runs: to warm that up too would cost each start 25 ms more. */
    this.warmupTokens = 1;
    /** Tokens whose keys and values are here. */
    this.rows = 0;
    /** @private */ this.memory = memory;
    /** @private */ this.team = team;
    /** @private @type {Set<string>} shards that lie in the memory, by sha256 */
    this.taken = new Set();
    /** @private */ this.built = false;
  }

  /**
   * Raises backend_unavailable where this browser or this model can't, out_of_memory, download_failed.
   *
   * @param {URL} folder where the kernel's builds lie
   * @param {import("../inference/spec.js").ModelSpec} spec
   */
  static async open(folder, spec) {
    const features = probe();
    const names = builds(features);
    const { code } = await fetchBuild(folder, spec.variant.plain ? names.slice(-1) : names);
    /** @type {WebAssembly.Module} */
    let module;
    try {
      module = await WebAssembly.compile(code);
    } catch (cause) {
      throw toBridgeError(cause, "backend_unavailable");
    }
    const threads = features.shared ? Math.min(spec.threads, MOST_THREADS) : 1;
    const memory = await KernelMemory.make(module, features.shared, spec, threads);
    memory.exports.orion_patience(PATIENCE_MS);
    memory.exports.orion_spin(SPINS.barriers, SPINS.calls);
    const team = new KernelThreads(module, memory);
    team.start(threads);
    return new KernelModel(memory, team);
  }

  get threads() {
    return this.team.count;
  }

  get cancelFlag() {
    return this.memory.cancelFlag;
  }

  /** Bytes in use: the whole WASM memory. */
  get memoryBytes() {
    return this.memory.byteLength;
  }

  /**
   * @param {import("../inference/spec.js").ShardSpec} shard
   * @param {Blob | null} stored
   */
  async feed(shard, stored) {
    this.take(shard, await readVerified(stored, shard.sha256));
  }

  /**
   * Copies a shard into the memory, once: weights are nowhere else.
   *
   * @param {import("../inference/spec.js").ShardSpec} shard
   * @param {Uint8Array} bytes verified
   */
  take({ sha256 }, bytes) {
    if (this.taken.has(sha256)) return; // its bytes are in the kernel's own order by now
    this.guarded(() => this.memory.take(sha256, bytes));
    this.taken.add(sha256);
  }

  /** Waits until it is known how many threads compute. */
  async build() {
    await this.team.settled();
    this.built = true;
  }

  /**
   * Runs `tokens` as positions position, position+1, …; rows from `position` on are dropped.
   *
   * @param {Int32Array} tokens at least one; they fit the context
   * @param {number} position at most the rows that are here
   * @param {() => Promise<void>} pause awaited between passes; what it throws ends the call, the rows so far stay, as
   *   they do where `cancelFlag` ends a pass between two layers
   * @returns {Promise<Float32Array<ArrayBuffer>>} logits [vocab] after the last token
   */
  async forward(tokens, position, pause) {
    return this.passes(tokens, CHUNK, 1, position, pause);
  }

  /**
   * As `forward`, with embeddings in the tokens' place.
   *
   * @param {Float32Array} embeddings [n][hidden], finite, at least one row
   * @param {number} position
   * @param {import("../inference/messages.js").Axes | null} axes
   * @param {() => Promise<void>} pause
   * @returns {Promise<Float32Array<ArrayBuffer>>}
   */
  async forwardEmbeddings(embeddings, position, axes, pause) {
    return this.passes(embeddings, CHUNK_EMBEDDED, this.memory.hidden, position, pause, axes);
  }

  /**
   * @private
   * @param {Int32Array | Float32Array} inputs
   * @param {number} places of one pass, at most
   * @param {number} width numbers of a place
   * @param {number} position
   * @param {() => Promise<void>} pause
   * @param {import("../inference/messages.js").Axes | null} [axes]
   */
  async passes(inputs, places, width, position, pause, axes = null) {
    this.rows = position;
    const size = places * width;
    for (let start = 0; start < inputs.length; start += size) {
      if (start) await pause();
      const part = inputs.subarray(start, start + size);
      const here = axes && { ...axes, first: axes.first + start / width };
      this.pass(part, part.length / width, start + size >= inputs.length ? 1 : 0, here);
    }
    return this.memory.logits(1);
  }

  /**
   * Runs `tokens` as `forward` would one by one, to the bit.
   *
   * @param {Int32Array} tokens at least one, at most `verifies`; they fit the context
   * @param {number} position at most the rows that are here; rows from there on are dropped
   * @returns {Promise<Float32Array<ArrayBuffer>>} logits [tokens, vocab] after each
   */
  async verify(tokens, position) {
    this.rows = position;
    this.pass(tokens, tokens.length, tokens.length);
    return this.memory.logits(tokens.length);
  }

  /** @param {number} rows @returns {number} bytes that so many rows of the cache take */
  rowsBytes(rows) {
    return bytesOf(this.memory.cachePlan, rows);
  }

  /** A copy of the first `rows` rows of the cache. @param {number} rows at most those that are here */
  copyRows(rows) {
    return copyRows(this.memory.memory.buffer, this.memory.cachePlan, rows);
  }

  /**
   * What `copyRows` gave takes the place of what is here.
   *
   * @param {Uint8Array} bytes
   * @param {number} rows
   */
  putRows(bytes, rows) {
    this.rows = 0;
    putRows(this.memory.memory.buffer, this.memory.cachePlan, bytes, rows);
    this.memory.places.cut(0); // what is kept are rows of tokens
    this.rows = rows;
  }

  /**
   * One pass behind the rows that are here. A lost thread costs its patience and no token: the pass is run again by
   * the threads that are left.
   *
   * @private
   * @param {Int32Array | Float32Array} inputs
   * @param {number} places that they take
   * @param {number} logits
   * @param {import("../inference/messages.js").Axes | null} [axes]
   */
  pass(inputs, places, logits, axes = null) {
    if (!this.built) throw new BridgeError("protocol", "the model isn't built yet");
    this.guarded(() => {
      let status = this.memory.run(inputs, this.rows, logits, axes);
      if (status === THREAD_LOST) {
        this.team.dismiss();
        status = this.memory.run(inputs, this.rows, logits, axes);
      }
      this.memory.checked(status, "runtime_failure");
    });
    this.rows += places;
  }

  /** @private @param {() => void} call whose traps become our errors */
  guarded(call) {
    try {
      call();
    } catch (cause) {
      throw toBridgeError(cause, "runtime_failure");
    }
  }
}
