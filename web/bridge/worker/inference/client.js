/**
 * Calls an inference worker from the engine worker: calls become messages, answers promises.
 */

import { BridgeError } from "../errors.js";
import { WorkerLink } from "../../shared/worker-link.js";
import { RunInbox } from "./token-run.js";

/** @typedef {import("./messages.js").RunTokens} RunTokens */
/** @typedef {{resolve: (payload: any) => void, reject: (error: BridgeError) => void, tell?: (said: any) => void}} Pending */
/** @typedef {import("./messages.js").Calls} Calls */
/** @typedef {import("./messages.js").GraphTensor} GraphTensor */

export class InferenceClient {
  /** @param {string | URL} workerUrl of workers/inference.js */
  constructor(workerUrl) {
    /** @private @type {Map<number, Pending>} */
    this.pending = new Map();
    /** @private */ this.nextId = 1;
    /** @type {BridgeError | null} why nothing can be called any more */
    this.ended = null;
    /** That compute now, as the worker said last. */
    this.threads = 1;
    /** @private @type {Int32Array | null} set to 1 it ends what runs, where the runner looks at such a flag */
    this.flag = null;
    /** @private */ this.link = new WorkerLink(workerUrl, "inference");
    this.link.listen((message) => this.receive(message), (why) => this.died(why));
  }

  /**
   * @param {string} specJson {manifest, variant, threads, context}
   * @returns {Promise<string>} JSON {backend, threads}
   */
  async open(specJson) {
    const { cancel, ...answer } = await this.call("model.open", JSON.parse(specJson));
    this.flag = cancel ? new Int32Array(cancel) : null;
    return JSON.stringify(answer);
  }

  /**
   * A sentence encoder instead of a language model.
   *
   * @param {string} sha256 its graph
   * @param {Blob | null} [blob] the graph, where it isn't in IndexedDB
   */
  async openEncoder(sha256, blob = null) {
    await this.call("encoder.open", { sha256, blob });
  }

  /**
   * @param {Int32Array | number[]} tokens
   * @returns {Promise<Float32Array>} the embedding
   */
  async encode(tokens) {
    return (await this.call("encoder.encode", { tokens: Int32Array.from(tokens) })).embedding;
  }

  /**
   * A graph model instead of a language model.
   *
   * @param {string} specJson {sessions, threads}
   */
  async openGraphs(specJson) {
    await this.call("graphs.open", JSON.parse(specJson));
  }

  /**
   * @param {string} sha256
   * @param {string} role graph or weights
   * @param {Blob | null} [blob] the shard, where it isn't in IndexedDB
   */
  async feedGraphs(sha256, role, blob = null) {
    await this.call("graphs.feed", { sha256, role, blob });
  }

  /** @returns {Promise<string>} JSON {backend, threads, create_ms, warmup_ms, memory_bytes} */
  async buildGraphs() {
    return JSON.stringify(await this.call("graphs.build", {}));
  }

  /**
   * @param {string} factsJson {session, inputs: [[name, dtype, shape]], want}
   * @param {...GraphTensor["data"]} values of the inputs, in their order; they are transferred, and gone here
   * @returns {Promise<{facts: string, fell: string, tensors: GraphTensor["data"][]}>} facts: JSON [[name, dtype, shape]];
   *   fell: JSON {code, message} of a GPU that failed, else null
   */
  async runGraph(factsJson, ...values) {
    const { session, inputs: facts, want } = JSON.parse(factsJson);
    /** @type {Record<string, GraphTensor>} */
    const inputs = {};
    facts.forEach((/** @type {[string, GraphTensor["dtype"], number[]]} */ [name, dtype, shape], /** @type {number} */ index) => {
      inputs[name] = { dtype, shape, data: values[index] };
    });
    const { outputs, fell } = await this.call("graphs.run", { session, inputs, want }, undefined, values.map(({ buffer }) => buffer));
    const entries = Object.entries(outputs);
    return {
      facts: JSON.stringify(entries.map(([name, { dtype, shape }]) => [name, dtype, shape])),
      fell: JSON.stringify(fell),
      tensors: entries.map(([, { data }]) => data),
    };
  }

  /**
   * @param {string} session that another backend computes from its next run on
   * @param {"wasm" | "webgpu"} backend
   */
  async placeGraph(session, backend) {
    await this.call("graphs.place", { session, backend });
  }

  /** @param {string} session whose state is forgotten */
  async resetGraph(session) {
    await this.call("graphs.reset", { session });
  }

  /**
   * @param {string} sha256
   * @param {Blob | null} [blob] the shard, where it isn't in IndexedDB
   * @returns {Promise<string>} JSON {ms}
   */
  async feed(sha256, blob = null) {
    return JSON.stringify(await this.call("model.feed", { sha256, blob }));
  }

  /**
   * Has the worker download a shard, keep it on the device and read it; one after the other, in the order of the calls.
   *
   * @param {import("./messages.js").ComingShard} shard
   * @param {(bytes: number) => void} onBytes of it that are there
   */
  async bring(shard, onBytes) {
    await this.call("model.bring", shard, ({ bytes }) => onBytes(bytes));
  }

  /** @returns {Promise<string>} JSON {backend, threads, create_ms, warmup_ms, memory_bytes} */
  async build() {
    const report = await this.call("model.build", {});
    this.threads = report.threads;
    return JSON.stringify(report);
  }

  /**
   * @param {Int32Array | number[]} tokens
   * @param {number} position
   * @returns {Promise<Float32Array>} logits [vocab]
   */
  async forward(tokens, position) {
    this.raise(0);
    const answer = await this.call("model.forward", { tokens: Int32Array.from(tokens), position });
    return answer.logits;
  }

  /**
   * @param {Float32Array} values rows [n][width] in the place of tokens
   * @param {number} width
   * @param {number} position
   * @param {Int32Array | null} [axes] where places have three axes: how many rows of the content come before, how many
   *   places it takes up, and then those of all its rows [n][3]
   * @returns {Promise<Float32Array>} logits [vocab]
   */
  async forwardEmbeddings(values, width, position, axes) {
    this.raise(0);
    const embeddings = Float32Array.from(values);
    const told = axes ? { first: axes[0], span: axes[1], places: axes.slice(2) } : null;
    return (await this.call("model.forwardEmbeddings", { embeddings, width, position, axes: told })).logits;
  }

  /**
   * @param {Int32Array | number[]} tokens
   * @param {number} position
   * @returns {Promise<Float32Array>} logits [tokens, vocab]
   */
  async verify(tokens, position) {
    this.raise(0);
    const answer = await this.call("model.verify", { tokens: Int32Array.from(tokens), position });
    return answer.logits;
  }

  /**
   * Has the worker choose the tokens.
   *
   * @param {string} requestJson a RunRequest of messages.d.ts
   * @returns {RunInbox} what comes of it
   */
  run(requestJson) {
    this.raise(0);
    const inbox = new RunInbox();
    const tell = (/** @type {RunTokens} */ chosen) => inbox.tell(chosen);
    this.call("model.run", JSON.parse(requestJson), tell).then(
      (rest) => inbox.end(rest), (cause) => inbox.fail(cause));
    return inbox;
  }

  /** A run under way ends as soon as it can, as one that has come to its end. */
  stop() {
    this.cancel().catch(() => {}); // who has ended runs nothing
  }

  /**
   * The cache's first rows are kept on the device; a forward may follow at once.
   *
   * @param {string} factsJson {key, model, agent, edition, rows}
   * @param {number} budget bytes for all that is kept
   * @returns {Promise<number>} bytes; 0 where they can't be
   */
  async keepRows(factsJson, budget) {
    return (await this.call("model.keep", { facts: JSON.parse(factsJson), budget })).bytes;
  }

  /**
   * @param {string} key
   * @param {number} rows
   * @returns {Promise<boolean>} whether the kept rows are those of the cache now
   */
  async restoreRows(key, rows) {
    return (await this.call("model.restore", { key, rows })).restored;
  }

  /**
   * Ends a call under way, which rejects as cancelled: between two layers where the runner looks at the flag, else
   * between two parts of a prompt.
   */
  async cancel() {
    this.raise(1);
    await this.call("model.cancel", {});
  }

  /**
   * Only this end writes the flag, so that a cancel is never lost: what it is for was posted before.
   *
   * @private
   * @param {0 | 1} wanted
   */
  raise(wanted) {
    if (this.flag) Atomics.store(this.flag, 0, wanted);
  }

  /** Resolves when the worker answers at all; rejects as worker_died where it no longer can. */
  async ping() {
    await this.call("model.ping", {});
  }

  /** @returns {Promise<number>} bytes that the model takes now */
  async memoryBytes() {
    return (await this.call("model.memory", {})).memory_bytes;
  }

  /** Ends the worker and gives its memory back; what is pending rejects as cancelled. */
  close() {
    this.end(new BridgeError("cancelled", "the model was closed"));
  }

  /**
   * @private
   * @template {keyof Calls} T
   * @param {T} type
   * @param {import("./messages.js").Payload<T>} payload
   * @param {(said: any) => void} [tell] gets what the call says before its answer
   * @param {Transferable[]} [transfer]
   * @returns {Promise<import("./messages.js").Answer<T>>}
   */
  call(type, payload, tell, transfer) {
    if (this.ended) return Promise.reject(this.ended);
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject, tell });
      /** @type {{v: 1, id: number, type: T, payload: import("./messages.js").Payload<T>}} */
      const call = { v: 1, id, type, payload };
      this.link.post(call, transfer);
    });
  }

  /**
   * @private
   * @param {import("./messages.js").Reply} message
   */
  receive(message) {
    if (message.type === "threads") {
      this.threads = message.payload.threads;
      return;
    }
    const pending = this.pending.get(message.id);
    if (message.type === "tokens" || message.type === "arrived") {
      pending?.tell?.(message.payload);
      return;
    }
    this.pending.delete(message.id);
    if (message.type === "result") pending?.resolve(message.payload);
    else pending?.reject(new BridgeError(message.error.code, message.error.message, message.error.detail));
  }

  /**
   * @private
   * @param {string} why
   */
  died(why) {
    if (this.ended) return;
    this.end(new BridgeError("worker_died", `the inference worker stopped: ${why}`));
  }

  /**
   * @private
   * @param {BridgeError} error
   */
  end(error) {
    if (this.ended) return;
    this.ended = error;
    this.flag = null;
    this.link.end();
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }
}
