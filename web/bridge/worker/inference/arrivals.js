/**
 * Brings a model's shards into its own worker, for a start that Python hasn't planned yet: they go from the network into
 * the model's memory and onto the device, and aren't read again.
 *
 * Each is downloaded under its lock, as everywhere: whoever else wants it meanwhile, in this tab or another, waits for
 * it and finds it. At the first failure all that is left is given up: what to do about it is Python's matter.
 */

import { Database } from "../storage/database.js";
import { ShardStore } from "../storage/shards.js";

/** As AHEAD_BYTES of orion_py/fetching/slots.py: so little is left of one when the next begins. */
const AHEAD_BYTES = 2 << 20;
/** Without a byte for so long a download is given up, before Python loses its patience with it. */
const IDLE_MS = 15_000;
const REPORT_MS = 100;

/** @typedef {import("./messages.js").ComingShard} ComingShard */
/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

export class Arrivals {
  /** @param {ShardStore} [store] */
  constructor(store = new ShardStore(new Database("orion"), "")) {
    /** @private */ this.store = store;
    /** @private Resolved once the next one may begin. */ this.turn = Promise.resolve();
    /** @private */ this.stop = new AbortController();
  }

  /**
   * One after the other, in the order of the calls. Raises as `ShardStore.fetchShard`.
   *
   * @param {ComingShard} shard
   * @param {(bytes: number) => void} onBytes told now and then
   * @param {(bytes: Bytes) => void} take gets its bytes, verified; not called where it lies on the device already
   */
  async bring({ url, sha256, size }, onBytes, take) {
    const mine = this.turn;
    let next = () => {};
    /** @type {Promise<void>} */
    const ended = new Promise((resolve) => { next = resolve; });
    this.turn = ended;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let idle;
    let reported = 0;
    const arrived = (/** @type {number} */ bytes) => {
      clearTimeout(idle);
      if (bytes < size) idle = setTimeout(() => this.stop.abort(), IDLE_MS);
      if (size - bytes < AHEAD_BYTES) next();
      if (bytes < size && performance.now() - reported < REPORT_MS) return;
      reported = performance.now();
      onBytes(bytes);
    };
    try {
      await mine;
      this.stop.signal.throwIfAborted();
      idle = setTimeout(() => this.stop.abort(), IDLE_MS);
      await this.store.fetchShard(url, sha256, size, arrived, this.stop.signal, take);
    } catch (cause) {
      this.stop.abort();
      throw cause;
    } finally {
      clearTimeout(idle);
      next();
    }
  }
}
