/**
 * Stores shards: in IndexedDB, or in memory where the browser doesn't let the page store.
 *
 * A shard is kept whole and verified, as a Blob by its sha256; only its download leaves partials.
 */

import { Database, partialsOf } from "./database.js";
import { download } from "./download.js";
import { BridgeError, toBridgeError } from "../errors.js";
import { sha256Hex } from "./hash.js";
import { within } from "../limit.js";
import { whenFree } from "../locks.js";
import { Partials } from "./partials.js";
import { Settings } from "./settings.js";
import { readVerified } from "./verified.js";

/** What a partial holds at least, and how often one is committed: fast downloads need none. */
const PARTIAL_BYTES = 1 << 20;
const PARTIAL_MS = 300;
/** How often a tab that waits for another's download looks how far it is. */
const LOOK_MS = 500;

/** How long the database may take to open, and the browser to say how much may be stored. */
const PROBE_MS = 15_000;
const ESTIMATE_MS = 5_000;

/**
 * Opens the store. Never fails: without a database that takes Blobs it answers with a store of
 * kind "memory", whose `reason` says why.
 *
 * @param {{name?: string, memory?: boolean, ahead?: boolean}} [options] `memory`: don't even try the database; `ahead`: its
 * settings are read at once, for an engine that starts
 * @returns {Promise<ShardStore>}
 */
export async function openShards({ name = "orion", memory = false, ahead = false } = {}) {
  if (memory) return new ShardStore(null, "asked for");
  if (typeof indexedDB === "undefined") return new ShardStore(null, "this browser has no IndexedDB");
  const database = new Database(name);
  const store = new ShardStore(database, "");
  if (ahead) store.settings.readAhead();
  try {
    // Some private modes open the database and then refuse Blobs, so the test is a Blob.
    const probe = database.transact(["partials"], "readwrite", (transaction) => {
      transaction.objectStore("partials").put(new Blob(["test"]), ["", 0]);
      transaction.objectStore("partials").delete(["", 0]);
    });
    await within(probe, PROBE_MS, "storage_unavailable", "the database");
    return store;
  } catch (cause) {
    const error = toBridgeError(cause, "storage_unavailable");
    if (error.code === "quota_exceeded") return store; // full, but readable
    return new ShardStore(null, error.message);
  }
}

export class ShardStore {
  /**
   * @param {Database | null} database
   * @param {string} reason why there is no database, in the browser's words
   */
  constructor(database, reason) {
    /** @private */ this.database = database;
    /** @private */ this.partials = new Partials(database);
    this.reason = reason;
    /** @private @type {Map<string, Blob>} shards that are in memory only */
    this.held = new Map();
    this.settings = new Settings(database);
    /** @private @type {Map<string, number>} bytes of downloads of another worker of this tab: `arriving` */
    this.elsewhere = new Map();
    /** @private */ this.keepInMemory = database === null;
  }

  /** @returns {"indexeddb" | "memory"} where the next shard goes */
  get kind() {
    return this.keepInMemory ? "memory" : "indexeddb";
  }

  /**
   * From now on new shards stay in memory: the step down when the browser refuses to store more.
   * What is stored already stays readable.
   */
  useMemory() {
    this.keepInMemory = true;
  }

  /** @returns {Promise<Record<string, number>>} sha256 to bytes of every shard that is here whole */
  async sizes() {
    /** @type {Record<string, number>} */
    const sizes = {};
    // What can't be read isn't here: a lost database ends no answer, and the next write says what is wrong.
    await this.database?.transact(["shards"], "readonly", (transaction) => {
      const shards = transaction.objectStore("shards");
      const keys = shards.getAllKeys();
      const blobs = shards.getAll();
      blobs.onsuccess = () => keys.result.forEach((key, index) => { sizes[String(key)] = blobs.result[index].size; });
    }).catch(() => {});
    for (const [sha256, blob] of this.held) sizes[sha256] = blob.size;
    return sizes;
  }

  /** @returns {Promise<string[]>} the sha256 of every shard that is here, whole or in part */
  async names() {
    const keys = await this.database?.transact(["shards"], "readonly", (transaction) =>
      transaction.objectStore("shards").getAllKeys()).catch(() => []);
    return [...new Set([...this.held.keys(), ...(keys ?? []).map(String), ...(await this.partials.names())])];
  }

  /**
   * Bytes that unfinished downloads left of each of these, and that their next one begins with.
   *
   * @param {string} wantedJson {what it is kept as: bytes of the whole}
   * @returns {Promise<Record<string, number>>} only of those of which something is here
   */
  async resumable(wantedJson) {
    const begun = new Set(await this.partials.names());
    const pins = new Set(await this.settings.names("pin:").catch(() => []));
    /** @type {Record<string, number>} */
    const bytes = {};
    for (const [name, size] of Object.entries(JSON.parse(wantedJson))) {
      const whole = pins.has(`pin:${name}`) && (await this.pinned(name, size));
      const here = whole ? size : begun.has(name) ? await this.partials.reach(name, size) : 0;
      if (here) bytes[name] = here;
    }
    return bytes;
  }

  /**
   * Downloads (resuming what an earlier try left), verifies and commits one shard.
   *
   * Raises download_failed or cancelled (what arrived is kept), shard_corrupt (it is dropped),
   * quota_exceeded, out_of_memory.
   *
   * @param {string} url
   * @param {string} sha256
   * @param {number} size bytes
   * @param {(bytes: number) => void} onBytes called with the bytes that are here so far, resumed ones included
   * @param {AbortSignal} [signal]
   * @param {(bytes: Uint8Array<ArrayBuffer>) => void} [verified] gets the bytes of a shard that wasn't here, while they are
   *   committed
   * @returns {Promise<void>}
   */
  async fetchShard(url, sha256, size, onBytes, signal, verified = () => {}) {
    await this.alone(sha256, onBytes, signal, async () => {
      if ((await this.blob(sha256))?.size === size) return onBytes(size); // another tab brought it
      const bytes = await this.bring(url, sha256, size, onBytes, signal);
      if ((await sha256Hex(bytes)) !== sha256) {
        await this.partials.drop(sha256);
        throw new BridgeError("shard_corrupt", `what ${url} sends doesn't have the hash ${sha256.slice(0, 12)}`, { sha256 });
      }
      if (signal?.aborted) throw new BridgeError("cancelled", "stopped when it had arrived");
      const committed = this.commit(sha256, new Blob([bytes]), sha256);
      committed.catch(() => {}); // awaited behind what `verified` does
      verified(bytes);
      await committed;
    });
  }

  /**
   * Another worker of this tab downloads a shard: who waits for it here hears how far it is.
   *
   * @param {string} sha256
   * @param {number} bytes of it that are there
   */
  arriving(sha256, bytes) {
    this.elsewhere.set(sha256, bytes);
  }

  /**
   * Downloads a file of unknown hash, and commits it under the hash that it turns out to have.
   * Its unfinished parts are kept as `name`, 64 hexadecimal digits; which shard it became is kept as the setting
   * `pin:<name>`, with the shard, so that no other tab and no later visit downloads it again. Raises as `fetchShard`.
   *
   * @param {string} url
   * @param {string} name
   * @param {number} size bytes
   * @param {(bytes: number) => void} onBytes
   * @param {AbortSignal} [signal]
   * @returns {Promise<string>} its sha256
   */
  async pinShard(url, name, size, onBytes, signal) {
    return this.alone(name, onBytes, signal, async () => {
      const pinned = await this.pinned(name, size);
      if (pinned) {
        onBytes(size); // another tab brought it
        return pinned;
      }
      const bytes = await this.bring(url, name, size, onBytes, signal);
      const sha256 = await sha256Hex(bytes);
      if (signal?.aborted) throw new BridgeError("cancelled", "stopped when it had arrived");
      await this.commit(sha256, new Blob([bytes]), name, true);
      return sha256;
    });
  }

  /**
   * @private
   * @param {string} name
   * @param {number} size bytes
   * @returns {Promise<string | null>} the sha256 of what `name` has become, where that is here
   */
  async pinned(name, size) {
    const sha256 = await this.settings.read(`pin:${name}`).catch(() => null);
    return typeof sha256 === "string" && (await this.blob(sha256))?.size === size ? sha256 : null;
  }

  /**
   * Two tabs that want one shard: the second waits for the first, tells meanwhile what has arrived there, and goes
   * on where the first one stopped if that is closed. Without a database they can't share it, and a browser that
   * refuses the one refuses locks too.
   *
   * @private
   * @template T
   * @param {string} name
   * @param {(bytes: number) => void} onBytes
   * @param {AbortSignal | undefined} signal
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async alone(name, onBytes, signal, work) {
    /** @type {ReturnType<typeof setInterval> | undefined} */
    let waiting;
    try {
      if (signal?.aborted) throw new BridgeError("cancelled", "stopped before it began");
      if (!this.database || !globalThis.navigator?.locks) return await work();
      let reported = 0;
      waiting = setInterval(async () => {
        const kept = await this.partials.arrivedElsewhere(name).catch(() => 0);
        const arrived = Math.max(kept, this.elsewhere.get(name) ?? 0);
        if (waiting !== undefined && arrived > reported) onBytes(reported = arrived);
      }, LOOK_MS);
      return await whenFree(`orion-shard-${name}`, { signal }, () => {
        clearInterval(waiting);
        waiting = undefined;
        return work();
      });
    } catch (cause) {
      throw toBridgeError(cause, "download_failed");
    } finally {
      clearInterval(waiting);
      waiting = undefined; // a look that is under way tells nobody any more
    }
  }

  /**
   * All bytes of a file, not hashed yet.
   *
   * @private
   * @param {string} url
   * @param {string} sha256 what its partials are kept as
   * @param {number} size
   * @param {(bytes: number) => void} onBytes
   * @param {AbortSignal} [signal]
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  async bring(url, sha256, size, onBytes, signal) {
    const bytes = new Uint8Array(size);
    let arrived = await this.partials.restore(sha256, bytes);
    let saved = arrived;
    let saving = Promise.resolve(!this.keepInMemory);
    const save = () => {
      const [from, to] = [saved, arrived];
      saved = arrived;
      // Where the browser refuses a partial, the download goes on without them.
      saving = saving.then((can) => can && this.partials.save(sha256, from, bytes.slice(from, to)));
    };
    const clock = setInterval(() => arrived - saved >= PARTIAL_BYTES && save(), PARTIAL_MS);
    let unfinished = false;
    onBytes(arrived);
    try {
      if (arrived < size) {
        await download(url, bytes, arrived, (position) => {
          arrived = Math.max(arrived, position); // a server without Range repeats what is here
          onBytes(arrived);
        }, signal);
      }
    } catch (cause) {
      const corrupt = toBridgeError(cause, "download_failed").code === "shard_corrupt";
      if (corrupt) saving = saving.then(() => this.partials.drop(sha256)).then(() => false);
      else if (arrived > saved) save();
      unfinished = !corrupt;
      throw cause;
    } finally {
      clearInterval(clock);
      const stored = await saving;
      if (unfinished && !stored) this.partials.hold(sha256, bytes.slice(0, arrived));
    }
    return bytes;
  }

  /**
   * @private
   * @param {string} sha256
   * @param {Blob} blob
   * @param {string} name what its partials were kept as
   * @param {boolean} [pins] that `name` became this shard is kept with it
   */
  async commit(sha256, blob, name, pins = false) {
    if (!this.database || this.keepInMemory) {
      this.held.set(sha256, blob);
      this.partials.forget(name);
      return;
    }
    /** @type {import("./database.js").StoreName[]} */
    const stores = pins ? ["shards", "partials", "settings"] : ["shards", "partials"];
    // If this doesn't fit, the partials stay: what they hold needn't be downloaded again.
    await this.database.transact(stores, "readwrite", (transaction) => {
      transaction.objectStore("shards").put(blob, sha256);
      if (pins) transaction.objectStore("settings").put(sha256, `pin:${name}`);
      transaction.objectStore("partials").delete(partialsOf(name));
    }).catch((cause) => {
      // The step down is to keep shards in memory: this one needn't come again for it.
      if (cause.code === "storage_unavailable") this.held.set(sha256, blob);
      throw cause;
    });
    this.partials.forget(name);
  }

  /**
   * A shard as it is kept, its bytes not read.
   *
   * @param {string} sha256
   * @returns {Promise<Blob | null>}
   */
  async blob(sha256) {
    const held = this.held.get(sha256);
    if (held) return held;
    const stored = await this.database?.transact(["shards"], "readonly", (transaction) =>
      transaction.objectStore("shards").get(sha256)).catch(() => null);
    return stored ?? null;
  }

  /**
   * The Blob that another worker can't find in the database, to be passed along; else null.
   *
   * @param {string} sha256
   * @returns {Blob | null}
   */
  heldBlob(sha256) {
    return this.held.get(sha256) ?? null;
  }

  /**
   * A shard's bytes, verified. Raises shard_missing or shard_corrupt.
   *
   * @param {string} sha256
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  async read(sha256) {
    return readVerified(await this.blob(sha256), sha256);
  }

  /**
   * Removes a shard and what is left of an unfinished download of it.
   *
   * @param {string} sha256
   */
  async remove(sha256) {
    this.held.delete(sha256);
    this.partials.forget(sha256);
    await this.database?.transact(["shards", "partials"], "readwrite", (transaction) => {
      transaction.objectStore("shards").delete(sha256);
      transaction.objectStore("partials").delete(partialsOf(sha256));
    });
  }

  /** @returns {Promise<{quota: number | null, usage: number | null, persisted: boolean}>} bytes; null: not said */
  async estimate() {
    const storage = globalThis.navigator?.storage;
    const asked = (/** @type {Promise<any> | undefined} */ answer) =>
      answer && within(answer, ESTIMATE_MS, "storage_unavailable", "the browser").catch(() => null);
    const [estimate, answered] = await Promise.all([asked(storage?.estimate?.()), asked(storage?.persisted?.())]);
    const persisted = answered ?? false;
    return { quota: estimate?.quota ?? null, usage: estimate?.usage ?? null, persisted };
  }

  /** Asks the browser not to evict. In a worker no browser lets it ask: the page has to. */
  async persist() {
    const storage = /** @type {any} */ (globalThis.navigator?.storage);
    return Boolean(await storage?.persist?.().catch(() => false));
  }
}
