/**
 * Wraps an IndexedDB database in awaitable reads and writes; "orion" has these stores:
 *
 *   shards    sha256            -> Blob      whole, verified
 *   partials  [sha256, offset]  -> Blob      what an unfinished download left, by byte offset
 *   settings  key               -> any       verdicts, preferences
 */

import { BridgeError, toBridgeError } from "../errors.js";

/** @typedef {"shards" | "partials" | "settings" | "prefixes"} StoreName */

const VERSION = 1;
/** @type {StoreName[]} */
const STORES = ["shards", "partials", "settings"];

/** Errors that a new connection doesn't help with: a full disk, a refusal, a value that can't be kept. */
const FINAL = new Set([
  "QuotaExceededError", "DataCloneError", "DataError", "SecurityError", "VersionError", "ConstraintError", "ReadOnlyError",
]);

/** @param {unknown} cause */
const isFinal = (cause) => cause instanceof BridgeError
  || (cause instanceof DOMException && FINAL.has(cause.name))
  || cause instanceof TypeError;

/** @param {unknown} cause */
function storageError(cause) {
  // A transaction that the browser aborted was stopped by nobody: it isn't "cancelled".
  if (cause instanceof DOMException && cause.name === "AbortError") {
    return new BridgeError("storage_unavailable", cause.message || cause.name);
  }
  return toBridgeError(cause, "storage_unavailable");
}

export class Database {
  /**
   * @param {string} name
   * @param {StoreName[]} [stores] that it is made with
   */
  constructor(name, stores = STORES) {
    /** @private */ this.name = name;
    /** @private */ this.stores = stores;
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
    const tried = await this.once(stores, mode, work).then((value) => ({ value }), (cause) => ({ cause }));
    if (!("cause" in tried)) return tried.value;
    if (isFinal(tried.cause)) throw storageError(tried.cause);
    // Anything else may be the connection: the browser closes it when site data is cleared, when another tab
    // upgrades, and on a phone that was put away. What was aborted wrote nothing, so all of it is done again.
    this.drop();
    return this.once(stores, mode, work).catch((cause) => { throw storageError(cause); });
  }

  /**
   * @private
   * @template T
   * @param {StoreName[]} stores
   * @param {IDBTransactionMode} mode
   * @param {(transaction: IDBTransaction) => IDBRequest<T> | void} work
   * @returns {Promise<T>}
   */
  async once(stores, mode, work) {
    const transaction = (await this.connect()).transaction(stores, mode);
    return new Promise((resolve, reject) => {
      const request = work(transaction);
      transaction.oncomplete = () => resolve(/** @type {T} */ (request?.result));
      transaction.onabort = () => reject(transaction.error ?? request?.error ?? new Error("transaction aborted"));
    });
  }

  /** @private The next transaction opens a connection of its own; this one isn't waited for. */
  drop() {
    this.connection?.then((database) => database.close()).catch(() => {});
    this.connection = null;
  }

  /** @private */
  connect() {
    if (this.connection) return this.connection;
    /** @type {Promise<IDBDatabase>} */
    const connection = new Promise((resolve, reject) => {
      const request = indexedDB.open(this.name, VERSION);
      request.onupgradeneeded = () => {
        for (const store of this.stores) request.result.createObjectStore(store);
      };
      request.onerror = () => reject(request.error);
      request.onblocked = () => reject(new Error("another tab holds an older database open"));
      request.onsuccess = () => {
        const database = request.result;
        database.onversionchange = () => database.close();
        database.onclose = forget;
        resolve(database);
      };
    });
    const forget = () => { if (this.connection === connection) this.connection = null; };
    connection.catch(forget);
    this.connection = connection;
    return connection;
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

/**
 * A whole shard, as it lies on the device; null where it doesn't.
 *
 * @param {Database} database "orion"
 * @param {string} sha256
 * @returns {Promise<Blob | null>}
 */
export async function storedShard(database, sha256) {
  if (typeof indexedDB === "undefined") return null;
  return (await database.transact(["shards"], "readonly", (transaction) =>
    transaction.objectStore("shards").get(sha256))) ?? null;
}
