/**
 * Takes a model from its shards to its logits: checks each call, and hands it to the runner.
 */

import { Database, storedShard } from "../storage/database.js";
import { BridgeError } from "../errors.js";
import { PrefixStore } from "../storage/prefix-store.js";
import { ReadAhead } from "../storage/read-ahead.js";
import { kindOf } from "./runner.js";
import { neededShards, readSpec } from "./spec.js";
import { runTokens } from "./token-run.js";

/** @typedef {import("./spec.js").ModelSpec} ModelSpec */

export class ModelSession {
  /**
   * @param {ModelSpec} spec
   * @param {import("./runner.js").Runner} runner
   * @param {Database} database
   * @param {ReadAhead | null} ahead
   */
  constructor(spec, runner, database, ahead) {
    /** @private */ this.spec = spec;
    /** @private */ this.runner = runner;
    /** @private */ this.database = database;
    /** @private */ this.ahead = ahead;
    /** @private */ this.prefixes = new PrefixStore();
    /** @private @type {Promise<import("./arrivals.js").Arrivals> | null} */ this.arrivals = null;
    /** @private @type {Promise<void>[]} what the build waits for */ this.coming = [];
    /** @private @type {Set<string>} the shards that were fed, by sha256 */
    this.fed = new Set();
  }

  /**
   * @param {import("./messages.js").OpenModel} payload
   * @returns {Promise<ModelSession>}
   */
  static async open(payload) {
    const spec = readSpec(payload);
    const database = new Database("orion");
    // What the runner fetches is asked for first: behind the shards it would come late.
    const kind = kindOf(spec.variant);
    const opening = kind.open(new URL("../../..", import.meta.url), spec);
    const ahead = kind.takesBytes
      ? new ReadAhead(neededShards(spec), (sha256) => storedShard(database, sha256)) : null;
    return new ModelSession(spec, await opening, database, ahead);
  }

  get backend() {
    return this.runner.backend;
  }

  get threads() {
    return this.runner.threads;
  }

  get cancelFlag() {
    return this.runner.cancelFlag ?? null;
  }

  /**
   * Hands one shard to the runner, which verifies it and readies what it can.
   *
   * Raises shard_missing, shard_corrupt, out_of_memory, runtime_failure.
   *
   * @param {string} sha256
   * @param {Blob | null} blob the shard, where it isn't in IndexedDB
   */
  feed(sha256, blob) {
    const feeding = this.fedWith(sha256, blob);
    this.coming.push(feeding.catch(() => {})); // a shard that its caller heals afterwards fails no build
    return feeding;
  }

  /** @private @param {string} sha256 @param {Blob | null} blob */
  async fedWith(sha256, blob) {
    const shard = this.spec.manifest.shards.find((candidate) => candidate.sha256 === sha256);
    if (!shard) throw new BridgeError("protocol", `the manifest has no shard ${sha256.slice(0, 12)}`);
    const read = blob ? null : await this.ahead?.take(sha256);
    await (read ? this.runner.take?.(shard, read) : this.runner.feed(shard, blob ?? (await storedShard(this.database, sha256))));
    this.fed.add(sha256);
  }

  /**
   * Downloads one shard, keeps it on the device, and hands it to the runner if that needs it. Several may be asked for at
   * once. Raises as `Arrivals.bring` and `feed`.
   *
   * @param {import("./messages.js").ComingShard} shard
   * @param {(bytes: number) => void} onBytes
   */
  bring(shard, onBytes) {
    const coming = this.brought(shard, onBytes);
    coming.catch(() => {}); // its caller hears of it
    this.coming.push(coming);
    return coming;
  }

  /** @private @param {import("./messages.js").ComingShard} shard @param {(bytes: number) => void} onBytes */
  async brought(shard, onBytes) {
    // Seldom needed: a later visit finds its model on the device.
    this.arrivals ??= import("./arrivals.js").then(({ Arrivals }) => new Arrivals());
    const wanted = neededShards(this.spec).find(({ sha256 }) => sha256 === shard.sha256);
    const arrivals = await this.arrivals;
    await arrivals.bring(shard, onBytes, (bytes) => {
      if (!wanted || !this.runner.take) return;
      this.runner.take(wanted, bytes);
      this.fed.add(shard.sha256);
    });
    if (wanted && !this.fed.has(shard.sha256)) await this.feed(shard.sha256, null);
  }

  /** Readies what computes from what was fed, and runs it once. Raises, once, what a bring raised. */
  async build() {
    await Promise.all(this.coming.splice(0));
    for (const { sha256 } of neededShards(this.spec)) {
      if (this.fed.has(sha256)) continue;
      throw new BridgeError("shard_missing", `shard ${sha256.slice(0, 12)} wasn't fed`, { sha256 });
    }
    const started = performance.now();
    this.ahead = null;
    await this.runner.build();
    this.fed.clear();
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
    this.checkTokens(tokens, position);
    return this.runner.forward(tokens, position, pause);
  }

  /**
   * As `forward`, with embeddings in the tokens' place. Raises embeddings_unsupported, too, where what computes takes tokens
   * alone, and invalid_input for rows that aren't the model's, or not finite.
   *
   * @param {Float32Array} embeddings [n][width]
   * @param {number} width
   * @param {number} position
   * @param {import("./messages.js").Axes | null} axes
   * @param {() => Promise<void>} pause
   * @returns {Promise<Float32Array<ArrayBuffer>>}
   */
  async forwardEmbeddings(embeddings, width, position, axes, pause) {
    const { runner } = this;
    const hidden = this.spec.manifest.architecture.hidden_size;
    if (!runner.forwardEmbeddings) {
      throw new BridgeError("embeddings_unsupported",
        `What computes this model (${this.backend}) takes tokens alone, no embeddings of images or sounds.`);
    }
    if (width !== hidden || embeddings.length % hidden) {
      throw new BridgeError("invalid_input", `embeddings have ${width} columns; the model has ${hidden}`);
    }
    if (!embeddings.every(Number.isFinite)) {
      throw new BridgeError("invalid_input", "embeddings hold a number that isn't finite");
    }
    this.check(embeddings.length / hidden, position);
    return runner.forwardEmbeddings(embeddings, position, axes, pause);
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
    const { runner } = this;
    if (!runner.verify || tokens.length > runner.verifies) {
      throw new BridgeError("protocol", `${tokens.length} tokens can't be verified at once: ${runner.verifies} can`);
    }
    this.checkTokens(tokens, position);
    return runner.verify(tokens, position);
  }

  /**
   * Chooses tokens, step after step: `runTokens`. Raises as `forward`.
   *
   * @param {import("./messages.js").RunRequest} request
   * @param {(chosen: import("./messages.js").RunTokens) => void} tell
   * @param {() => Promise<boolean>} hear lets messages in, and says whether the run may go on
   */
  async run(request, tell, hear) {
    const nothing = async () => {};
    return runTokens((tokens, position) => this.forward(tokens, position, nothing), request, { tell, hear });
  }

  /**
   * Keeps the first rows of the cache on the device. They are copied before this returns, so that a forward may follow
   * at once.
   *
   * @param {import("../storage/prefix-store.js").PrefixFacts} facts
   * @param {number} budget bytes for all that is kept
   * @returns {Promise<number>} bytes that are kept of it; 0 where none can be
   */
  async keepRows(facts, budget) {
    const { runner } = this;
    if (!runner.copyRows || !runner.rowsBytes || !(facts.rows > 0 && facts.rows <= runner.rows)) return 0;
    if (runner.rowsBytes(facts.rows) > budget) return 0; // of a long prompt a copy alone is a burden
    return this.prefixes.keep(facts, runner.copyRows(facts.rows), budget);
  }

  /**
   * Rows that were kept take the place of those that are here.
   *
   * @param {string} key
   * @param {number} rows
   * @returns {Promise<boolean>} false: they aren't there, or not whole, and what was here still is
   */
  async restoreRows(key, rows) {
    if (!this.runner.rowsBytes || !this.runner.putRows || !(rows > 0 && rows <= this.spec.context)) return false;
    const bytes = await this.prefixes.read(key, this.runner.rowsBytes(rows), rows);
    if (bytes) this.runner.putRows(bytes, rows);
    return bytes !== null;
  }

  /**
   * @private
   * @param {Int32Array} tokens
   * @param {number} position
   */
  checkTokens(tokens, position) {
    this.check(tokens.length, position);
    const vocabulary = this.spec.manifest.architecture.vocab_size;
    if (tokens.some((token) => token < 0 || token >= vocabulary)) {
      throw new BridgeError("protocol", `a token is outside the vocabulary of ${vocabulary}`);
    }
  }

  /**
   * @private
   * @param {number} count places that a call takes
   * @param {number} position
   */
  check(count, position) {
    const { context } = this.spec;
    if (!count) throw new BridgeError("protocol", "a forward needs at least one token");
    if (!(position >= 0 && position <= this.runner.rows)) {
      throw new BridgeError("protocol", `position ${position} isn't in the ${this.runner.rows} rows that are here`);
    }
    if (position + count > context) {
      throw new BridgeError("context_overflow", `${position + count} tokens don't fit ${context}`, {
        tokens: position + count, context,
      });
    }
  }
}
