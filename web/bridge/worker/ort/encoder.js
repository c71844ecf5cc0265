/**
 * Runs a sentence encoder on WASM, one thread: token ids in, one embedding out.
 */

import { toBridgeError } from "../errors.js";
import { FLOAT, INT64, Ort } from "./ort.js";
import { Database, storedShard } from "../storage/database.js";
import { readVerified } from "../storage/verified.js";

/** The graph's bound on tokens; the engine reads less of a query. */
const MOST_TOKENS = 512;
const DIMENSION = 512;

export class Encoder {
  /**
   * @param {Ort} ort
   * @param {import("./ort.js").Call} call
   */
  constructor(ort, call) {
    /** @private */ this.ort = ort;
    /** @private */ this.call = call;
    /** @private */ this.ids = ort.alloc(8 * MOST_TOKENS);
    /** @private */ this.result = ort.alloc(4 * DIMENSION);
    /** @private */ this.embedding = ort.tensor(FLOAT, [1, DIMENSION], this.result, 4 * DIMENSION);
    /** @private Runs one at a time. */ this.last = Promise.resolve();
  }

  /**
   * Raises shard_missing, shard_corrupt, backend_unavailable, runtime_failure.
   *
   * @param {URL} vendor where onnxruntime-web's files lie
   * @param {string} sha256 of the graph
   * @param {Blob | null} blob the graph, where it isn't in IndexedDB
   * @returns {Promise<Encoder>}
   */
  static async open(vendor, sha256, blob) {
    const [ort, graph] = await Promise.all([
      Ort.load(new URL("ort-wasm-simd-threaded.mjs", vendor).href, 1),
      (blob ? Promise.resolve(blob) : storedShard(new Database("orion"), sha256)).then((found) => readVerified(found, sha256)),
    ]);
    const session = await ort.createSession(graph, new Map());
    return new Encoder(ort, session.call(["ids"], ["embedding"]));
  }

  /**
   * @param {Int32Array} tokens 1 to 512
   * @returns {Promise<Float32Array<ArrayBuffer>>}
   */
  encode(tokens) {
    const result = this.last.then(() => this.run(tokens.subarray(0, MOST_TOKENS)));
    this.last = result.then(() => {}, () => {});
    return result;
  }

  /**
   * @private
   * @param {Int32Array} tokens
   */
  async run(tokens) {
    const { ort } = this;
    const ids = new BigInt64Array(ort.heap().buffer, this.ids, tokens.length);
    for (let index = 0; index < tokens.length; index += 1) ids[index] = BigInt(tokens[index]);
    const input = ort.tensor(INT64, [tokens.length], this.ids, 8 * tokens.length);
    try {
      await this.call.run([input], [this.embedding]);
      return new Float32Array(new Float32Array(ort.heap().buffer, this.result, DIMENSION));
    } catch (cause) {
      throw toBridgeError(cause, "runtime_failure");
    } finally {
      ort.releaseTensor(input);
    }
  }
}
