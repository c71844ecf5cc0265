/**
 * Runs a decoder graph as Optimum exports it and transformers.js runs it, on WASM.
 *
 * The graph is from outside: it is looked at before onnxruntime parses it, may ask for nothing that
 * isn't known, and what it puts out is held against config.json before it is read. What its edges are
 * called is in orion_py/external/optimum.py.
 */

import { BridgeError, toBridgeError } from "../errors.js";
import { KvCache } from "./kv-cache.js";
import { externalFiles } from "./onnx-outline.js";
import { OrtShards, sessionsOf } from "./shards.js";
import { FLOAT, INT64, Ort } from "./ort.js";
import { locationOf } from "../inference/spec.js";

/** Bytes that the logits of one run may take: every token's come out. */
const LOGITS_BYTES = 64 << 20;
const MOST_ROWS = 128;
const LEAST_ROWS = 16;

/** Inputs that are given where the graph asks for them; keys and values it has to ask for. */
const OPTIONAL = ["attention_mask", "position_ids", "num_logits_to_keep"];

/** @typedef {import("../inference/runner.js").Runner} Runner */
/** @typedef {import("./kv-cache.js").HeapTensor} HeapTensor */

/** @implements {Runner} */
export class ExternalModel {
  /**
   * @param {Ort} ort
   * @param {import("../inference/spec.js").ModelSpec} spec
   */
  constructor(ort, spec) {
    const { vocab_size: vocabulary } = spec.manifest.architecture;
    this.backend = "wasm";
    this.threads = spec.threads;
    this.verifies = 0; // its graph promises no equal rows
    /** @private */ this.ort = ort;
    /** @private */ this.spec = spec;
    /** @private */ this.fed = new OrtShards(spec.variant);
    /** @private */ this.vocabulary = vocabulary;
    /** Prompt tokens a run: bounds the logits' memory, and how late a cancel is heard. */
    this.chunk = Math.max(LEAST_ROWS, Math.min(MOST_ROWS, Math.floor(LOGITS_BYTES / (4 * vocabulary))));
    this.warmupTokens = 8;
    /** @private @type {import("./ort.js").Call | null} */ this.call = null;
    /** @private @type {string[]} the inputs before keys and values, in the call's order */
    this.asked = [];
    /** @private @type {KvCache | null} */ this.kv = null;
    /** @private Space for the integers of one run: ids, positions, the mask, how many logits. */
    this.integers = ort.alloc(8 * (2 * this.chunk + spec.context + 1));
  }

  /**
   * @param {URL} vendor where onnxruntime-web's files lie
   * @param {import("../inference/spec.js").ModelSpec} spec
   */
  static async open(vendor, spec) {
    return new ExternalModel(await Ort.load(new URL("ort-wasm-simd-threaded.mjs", vendor).href, spec.threads), spec);
  }

  /**
   * @param {import("../inference/spec.js").ShardSpec} shard
   * @param {Blob | null} stored
   */
  async feed(shard, stored) {
    await this.fed.add(shard, stored);
  }

  /** Creates the session. Raises invalid_model_folder or unsupported_model for a graph that can't be run. */
  async build() {
    const { manifest, variant, context } = this.spec;
    const { graphs, files } = this.fed;
    const { prefill } = sessionsOf(variant);
    const { layers, kv_heads: heads, head_dim: dim } = manifest.architecture;
    const shard = manifest.shards.find(({ sha256 }) => sha256 === prefill.graph);
    const graph = /** @type {Uint8Array} */ (graphs.get(prefill.graph));
    for (const location of externalFiles(graph, shard ? locationOf(shard) : "the graph")) {
      if (files.has(location)) continue;
      throw new BridgeError("invalid_model_folder", `The graph points into ${quoted(location)}, which isn't beside it.`);
    }
    const session = await this.ort.createSession(graph, files);
    const parts = Array.from({ length: layers }, (_, layer) => [`${layer}.key`, `${layer}.value`]).flat();
    const past = parts.map((part) => `past_key_values.${part}`);
    const outputs = ["logits", ...parts.map((part) => `present.${part}`)];
    checkEdges(session.inputs, session.outputs, ["input_ids", ...past], outputs);
    this.asked = ["input_ids", ...OPTIONAL.filter((name) => session.inputs.includes(name))];
    this.call = session.call([...this.asked, ...past], outputs);
    this.kv = new KvCache(this.ort, { tensors: 2 * layers, heads, dim }, context, false);
    this.fed.clear();
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
   * Runs `tokens` as positions position, position+1, …; rows from `position` on are dropped.
   *
   * @param {Int32Array} tokens at least one; they fit the context
   * @param {number} position at most the rows that are here
   * @param {() => Promise<void>} pause awaited between runs; what it throws ends the call, the rows so far stay
   * @returns {Promise<Float32Array<ArrayBuffer>>} logits [vocab] after the last token
   */
  async forward(tokens, position, pause) {
    const { call, kv } = this;
    if (!call || !kv) throw new BridgeError("protocol", "the model isn't built yet");
    /** @type {Float32Array<ArrayBuffer>} */
    let logits = new Float32Array(0);
    let past = kv.take(position);
    kv.rows = position;
    try {
      for (let start = 0; start < tokens.length; start += this.chunk) {
        if (start) await pause();
        const chunk = tokens.subarray(start, start + this.chunk);
        const inputs = this.inputs(chunk, kv.rows);
        const outputs = await call.run([...inputs, ...past.map(({ handle }) => handle)], [0, ...past.map(() => 0)]);
        const [first, ...handles] = Array.from(outputs); // before the next call moves the heap
        for (const input of inputs) this.ort.releaseTensor(input);
        const total = kv.rows + chunk.length;
        logits = this.lastRow(first);
        const present = handles.map((handle) => ({ handle, data: this.checked(handle, total) }));
        for (const tensor of past) kv.release(tensor);
        past = present;
        kv.rows = total;
      }
      return logits;
    } catch (cause) {
      throw toBridgeError(cause, "runtime_failure");
    } finally {
      kv.adopt(past, kv.rows);
    }
  }

  /**
   * The next run's integer inputs, in the call's order; the caller releases them.
   *
   * @private
   * @param {Int32Array} tokens
   * @param {number} rows that are here
   * @returns {number[]} handles
   */
  inputs(tokens, rows) {
    const count = tokens.length;
    const total = rows + count;
    const values = new BigInt64Array(this.ort.heap().buffer, this.integers, 2 * count + total + 1);
    for (let index = 0; index < count; index += 1) {
      values[index] = BigInt(tokens[index]);
      values[count + index] = BigInt(rows + index);
    }
    values.fill(1n, 2 * count);
    /** @type {Record<string, {at: number, dims: number[]}>} */
    const places = {
      input_ids: { at: 0, dims: [1, count] },
      position_ids: { at: count, dims: [1, count] },
      attention_mask: { at: 2 * count, dims: [1, total] },
      num_logits_to_keep: { at: 2 * count + total, dims: [] },
    };
    return this.asked.map((name) => {
      const { at, dims } = places[name];
      return this.ort.tensor(INT64, dims, this.integers + 8 * at, 8 * dims.reduce((product, extent) => product * extent, 1));
    });
  }

  /**
   * The last row of a run's logits F32 [1, s, vocab], which are released.
   *
   * @private
   * @param {number} handle
   * @returns {Float32Array<ArrayBuffer>}
   */
  lastRow(handle) {
    const { type, data, dims } = this.ort.tensorFacts(handle);
    const [batch, rows, columns] = dims;
    if (type !== FLOAT || dims.length !== 3 || batch !== 1 || !rows || columns !== this.vocabulary) {
      const expected = `config.json says ${this.vocabulary} columns`;
      throw new BridgeError("invalid_model_folder", `the graph's logits have the shape [${dims}]; ${expected}`);
    }
    const last = data + 4 * (rows - 1) * columns;
    const logits = new Float32Array(new Float32Array(this.ort.heap().buffer, last, columns));
    this.ort.releaseTensor(handle);
    return logits;
  }

  /**
   * @private
   * @param {number} handle of keys or values that a run put out
   * @param {number} total rows
   * @returns {number} pointer to their data
   */
  checked(handle, total) {
    const { kv_heads: heads, head_dim: dim } = this.spec.manifest.architecture;
    const { type, data, dims } = this.ort.tensorFacts(handle);
    if (type === FLOAT && dims.length === 4 && String(dims) === String([1, heads, total, dim])) return data;
    const expected = `not F32 [${[1, heads, total, dim]}]`;
    throw new BridgeError("invalid_model_folder", `the graph's keys have the shape [${dims}], ${expected}`);
  }
}

/**
 * Raises unsupported_model where the graph asks for what nobody gives, or lacks what has to be there.
 *
 * @param {string[]} inputs
 * @param {string[]} outputs
 * @param {string[]} neededInputs
 * @param {string[]} neededOutputs
 */
function checkEdges(inputs, outputs, neededInputs, neededOutputs) {
  const unknown = inputs.find((name) => !neededInputs.includes(name) && !OPTIONAL.includes(name));
  if (unknown !== undefined) {
    throw new BridgeError("unsupported_model", `The graph asks for ${quoted(unknown)}, which Orion doesn't know.`);
  }
  const missing = [
    ...neededInputs.filter((name) => !inputs.includes(name)),
    ...neededOutputs.filter((name) => !outputs.includes(name)),
  ];
  if (missing.length) {
    throw new BridgeError("unsupported_model", `The graph has no ${quoted(missing[0])}, as config.json has it.`);
  }
}

/** @param {string} name from outside */
function quoted(name) {
  return JSON.stringify(name.slice(0, 80));
}
