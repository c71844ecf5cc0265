/**
 * The IndexedDB database "orion" as awaitable reads and writes.
 *
 *   shards    sha256            -> Blob      whole, verified
 *   partials  [sha256, offset]  -> Blob      what an unfinished download left, by byte offset
 *   settings  key               -> any       verdicts, preferences
 */

import { toBridgeError } from "./errors.js";

/** @typedef {"shards" | "partials" | "settings"} StoreName */

const VERSION = 1;
const STORES = /** @type {const} */ (["shards", "partials", "settings"]);

export class Database {
  /** @param {string} name */
  constructor(name) {
    /** @private */ this.name = name;
    /** @private @type {Promise<IDBDatabase> | null} */ this.connection = null;
  }

  /**
   * Runs `work` in one transaction and waits until it is committed.
   *
   * Raises quota_exceeded when the browser refuses to store more, else storage_unavailable.
   *
   * @template T
   * @param {StoreName[]} stores
   * @param {IDBTransactionMode} mode
   * @param {(transaction: IDBTransaction) => IDBRequest<T> | void} work answers with its request's result
   * @returns {Promise<T>}
   */
  async transact(stores, mode, work) {
    try {
      const transaction = await this.begin(stores, mode);
      return await new Promise((resolve, reject) => {
        const request = work(transaction);
        transaction.oncomplete = () => resolve(/** @type {T} */ (request?.result));
        transaction.onabort = () => reject(transaction.error ?? request?.error ?? new Error("transaction aborted"));
      });
    } catch (cause) {
      throw toBridgeError(cause, "storage_unavailable");
    }
  }

  /**
   * @private
   * @param {StoreName[]} stores
   * @param {IDBTransactionMode} mode
   */
  async begin(stores, mode) {
    try {
      return (await this.connect()).transaction(stores, mode);
    } catch (cause) {
      // The browser closes connections when site data is cleared or another tab upgrades.
      if (!(cause instanceof DOMException && cause.name === "InvalidStateError")) throw cause;
      this.connection = null;
      return (await this.connect()).transaction(stores, mode);
    }
  }

  /** @private */
  connect() {
    this.connection ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(this.name, VERSION);
      request.onupgradeneeded = () => {
        for (const store of STORES) request.result.createObjectStore(store);
      };
      request.onerror = () => reject(request.error);
      request.onblocked = () => reject(new Error("another tab holds an older database open"));
      request.onsuccess = () => {
        const database = request.result;
        database.onversionchange = () => database.close();
        database.onclose = () => { this.connection = null; };
        resolve(database);
      };
    });
    this.connection.catch(() => { this.connection = null; });
    return this.connection;
  }
}

/**
 * The keys of all partials of one shard.
 *
 * @param {string} sha256
 */
export function partialsOf(sha256) {
  return IDBKeyRange.bound([sha256, 0], [sha256, Infinity]);
}
