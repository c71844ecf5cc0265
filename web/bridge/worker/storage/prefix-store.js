/**
 * Keeps the beginnings of prompts on the device: the cache's rows of what an agent's questions begin with, so that a reload
 * doesn't read it again. An IndexedDB database of their own, which can be thrown away whole; each record is kept by the
 * key that orion_py/residency/saved_prefixes.py makes of the model, the kernel's build and the tokens.
 *
 * Without one the prompt is read as ever: nothing here is worth an error, or a wait.
 */

import { Database } from "./database.js";
import { sha256Hex } from "./hash.js";
import { within } from "../limit.js";

const NAME = "orion-prefixes";
const STORE = "prefixes";
/** A question waits no longer than this for what is kept. */
const READ_MS = 500;
/** Nor longer than this for each row: reading it takes between 1 ms (Lite) and 15 (Large). */
const ROW_MS = 4;
/** What was used so lately isn't written again to say so. */
const FRESH_MS = 6 * 3600 * 1000;

/**
 * `edition`: of the model and the kernel's build; other ones of the same model go when a record is kept.
 *
 * @typedef {{key: string, model: string, agent: string, edition: string, rows: number}} PrefixFacts
 * @typedef {PrefixFacts & {bytes: number, used: number, browser: string, sha256: string, data: Blob}} Kept
 */

export class PrefixStore {
  constructor(name = NAME) {
    /** @private */ this.database = new Database(name, [STORE]);
  }

  /**
   * Keeps `bytes`; what was used longest ago goes until all are within `budget` bytes.
   *
   * @param {PrefixFacts} facts
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @param {number} budget
   * @returns {Promise<number>} bytes that are kept of it; 0 where the browser refuses
   */
  async keep(facts, bytes, budget) {
    if (typeof indexedDB === "undefined" || bytes.length > budget) return 0;
    try {
      const sha256 = await sha256Hex(bytes);
      /** @type {Kept} */
      const record = { ...facts, bytes: bytes.length, used: Date.now(), browser: navigator.userAgent, sha256, data: new Blob([bytes]) };
      await this.change((store) => {
        store.put(record, facts.key);
        const keys = store.getAllKeys();
        const all = store.getAll();
        all.onsuccess = () => tooMany(keys.result, all.result, record, budget).forEach((key) => store.delete(key));
      });
      return bytes.length;
    } catch {
      return 0; // a full disk, a private window: the next start reads the prompt
    }
  }

  /**
   * The bytes kept by `key` where they are whole, have `length`, and were made in this browser; anything else is
   * deleted. A device that takes its time over it gives null, too: by then the prompt is read.
   *
   * @param {string} key
   * @param {number} length
   * @param {number} rows
   * @returns {Promise<Uint8Array<ArrayBuffer> | null>}
   */
  async read(key, length, rows) {
    if (typeof indexedDB === "undefined") return null;
    try {
      return await within(this.whole(key, length), Math.min(READ_MS, ROW_MS * rows), "storage_unavailable", "the database");
    } catch {
      return null;
    }
  }

  /**
   * @private
   * @param {string} key
   * @param {number} length
   * @returns {Promise<Uint8Array<ArrayBuffer> | null>}
   */
  async whole(key, length) {
    /** @type {Kept | undefined} */
    const kept = await this.database.transact([STORE], "readonly", (transaction) => transaction.objectStore(STORE).get(key));
    if (!kept) return null;
    const buffer = await kept.data?.arrayBuffer?.().catch(() => null);
    const right = buffer && kept.browser === navigator.userAgent && buffer.byteLength === length;
    if (!right || (await sha256Hex(new Uint8Array(buffer))) !== kept.sha256) {
      await this.drop([key]);
      return null;
    }
    if (Math.abs(Date.now() - kept.used) > FRESH_MS) void this.touch(key); // nobody waits for it
    return new Uint8Array(buffer);
  }

  /** @private @param {string} key */
  async touch(key) {
    await this.change((store) => {
      const request = store.get(key);
      request.onsuccess = () => request.result && store.put({ ...request.result, used: Date.now() }, key);
    }).catch(() => {});
  }

  /** @returns {Promise<(PrefixFacts & {bytes: number})[]>} what is kept; [] where that can't be read */
  async all() {
    if (typeof indexedDB === "undefined") return [];
    /** @type {unknown[] | null} */
    const kept = await this.database.transact([STORE], "readonly", (transaction) =>
      transaction.objectStore(STORE).getAll()).catch(() => null);
    return (kept ?? []).filter(isKept).map(({ key, model, agent, edition, rows, bytes }) => ({ key, model, agent, edition, rows, bytes }));
  }

  /** Deletes these. Raises storage_unavailable. @param {string[]} keys */
  async drop(keys) {
    if (typeof indexedDB === "undefined" || !keys.length) return;
    await this.change((store) => keys.forEach((key) => store.delete(key)));
  }

  /** @private @param {(store: IDBObjectStore) => void} work */
  change(work) {
    return this.database.transact([STORE], "readwrite", (transaction) => work(transaction.objectStore(STORE)));
  }
}

/**
 * Whether a record is one of this version's: another one may have left what it likes.
 *
 * @param {any} record
 * @returns {record is Kept}
 */
function isKept(record) {
  return ["key", "model", "agent", "edition"].every((name) => typeof record?.[name] === "string")
    && ["rows", "bytes", "used"].every((name) => Number.isInteger(record[name]) && record[name] >= 0);
}

/**
 * The keys of what has to go once `latest` is there; what isn't one of ours is among it.
 *
 * @param {IDBValidKey[]} keys
 * @param {unknown[]} all their records
 * @param {Kept} latest
 * @param {number} budget bytes
 * @returns {IDBValidKey[]}
 */
export function tooMany(keys, all, latest, budget) {
  const ours = all.filter(isKept).filter(({ key }) => keys.includes(key) && key !== latest.key);
  let left = budget - latest.bytes;
  const kept = ours.sort((one, other) => other.used - one.used).filter(({ model, edition, bytes }) => {
    if (model === latest.model && edition !== latest.edition) return false;
    left -= bytes;
    return left >= 0;
  }).map(({ key }) => key);
  return keys.filter((key) => key !== latest.key && !kept.includes(/** @type {string} */ (key)));
}
