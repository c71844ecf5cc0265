/**
 * Keeps a snapshot of Python: one record in an IndexedDB database of its own, which can be deleted whole.
 *
 * A record belongs to one version of the app, one browser and one machine. It is trusted once a Python that began
 * with it has passed its test, and only then given out.
 */

import { BUNDLES } from "../python/boot.js";
import { within } from "../limit.js";
import { readBehind } from "./bundles.js";

/** @typedef {import("./snapshot.js").Snapshot} Snapshot */
/** @typedef {import("./snapshot.js").Arriving} Arriving */
/** @typedef {{key: string, trusted: boolean, facts: import("./snapshot.js").Facts, memory: Blob, bundles: Blob[]}} Kept */

/** To be raised with a change of what a snapshot is. */
const FORMAT = 3;
const NAME = "orion-python";
const STORE = "snapshots";
const RECORD = "engine";
/** The service worker's word for what it has checked a file against. */
const HASH = "X-Orion-Sha256";
const OPEN_MS = 3000;
const LATER_MS = 2000;

/**
 * What a snapshot of this app in this browser on this machine is kept under; null where the app's version isn't
 * known, since no service worker keeps its files.
 *
 * @param {URL} vendor the folder vendor/
 * @returns {Promise<string | null>}
 */
async function snapshotKey(vendor) {
  const hashes = await Promise.all([...BUNDLES, "stdlib.zip"].map(async (name) => {
    const answer = await fetch(new URL(`python/${name}`, vendor));
    void answer.body?.cancel();
    return answer.headers.get(HASH);
  }));
  if (hashes.includes(null)) return null;
  const { userAgent, hardwareConcurrency, language } = navigator;
  // Python reads the language and the time zone once, at its start.
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  return JSON.stringify([FORMAT, ...hashes, userAgent, hardwareConcurrency, language, timeZone]);
}

export class SnapshotStore {
  /** @param {URL} vendor the folder vendor/ */
  constructor(vendor) {
    /** @private */ this.vendor = vendor;
    /** @private @type {Promise<string | null> | null} */ this.known = null;
  }

  /** @private @returns {Promise<string | null>} */
  key() {
    this.known ??= snapshotKey(this.vendor);
    return this.known;
  }

  /**
   * Is there one for this app, browser and machine? One that is not trusted is one that failed or whose test
   * was broken off.
   *
   * @returns {Promise<"trusted" | "untested" | "none" | "impossible">}
   */
  async state() {
    if (typeof indexedDB === "undefined" || (await this.key()) === null) return "impossible";
    const kept = await this.record();
    if (!kept) return "none";
    return kept.trusted ? "trusted" : "untested";
  }

  /**
   * @param {boolean} [tested] false: the one that is to be tested
   * @returns {Promise<Arriving | null>} its `ours` says whether it may be begun with
   */
  async read(tested = true) {
    if (typeof indexedDB === "undefined") return null;
    const kept = await within(found(), OPEN_MS, "storage_unavailable", "the database");
    if (!kept) return null; // on a first visit the connection is for more than finding the key
    const ours = within(this.ours(kept), OPEN_MS, "storage_unavailable", "the database")
      .then((right) => right && (kept.trusted || !tested));
    ours.catch(() => {}); // awaited later
    return begun(kept, ours);
  }

  /** @private @returns {Promise<Kept | null>} what is kept under the key; anything else is deleted */
  async record() {
    const kept = await found();
    return kept && (await this.ours(kept)) ? kept : null;
  }

  /** @private @param {Kept} kept it is deleted where it isn't of this app, browser and machine */
  async ours(kept) {
    const key = await this.key();
    if (kept.key !== key) await this.drop();
    return key !== null && kept.key === key;
  }

  /** In the place of any other; not trusted yet. @param {Snapshot} snapshot */
  async keep({ facts, memory, bundles }) {
    const blobs = [memory, ...bundles].map((buffer) => new Blob([buffer]));
    const record = { key: await this.key(), trusted: false, facts, memory: blobs[0], bundles: blobs.slice(1) };
    await transact("readwrite", (store) => store.put(record, RECORD));
  }

  /** The one that is kept passed its test. */
  async trust() {
    const kept = await this.record();
    if (kept) await transact("readwrite", (store) => store.put({ ...kept, trusted: true }, RECORD));
  }

  async drop() {
    await transact("readwrite", (store) => store.delete(RECORD));
  }
}

/** @returns {Promise<Kept | undefined>} */
const found = () => transact("readonly", (store) => store.get(RECORD));

/** @param {Kept} kept @param {Promise<boolean>} ours @returns {Arriving} */
function begun({ facts, memory, bundles }, ours) {
  // In the order in which they are needed: the browser reads one after the other.
  const libraries = (facts?.libraries ?? []).map(([index, begin, end]) => bundles[index].slice(begin, end).arrayBuffer());
  let begin = 0;
  const pieces = (facts?.pieces ?? []).map(({ bytes }) => memory.slice(begin, (begin += bytes)).arrayBuffer());
  const started = /** @type {Promise<void>} */ (new Promise((resolve) => { setTimeout(resolve, LATER_MS); }));
  for (const early of [...pieces, ...libraries]) early.catch(() => {}); // awaited later, if at all
  return {
    facts, memory: pieces, libraries, ours,
    sizes: bundles.map(({ size }) => size),
    bundles: readBehind(bundles, started, (blob) => new FileReaderSync().readAsArrayBuffer(blob)),
  };
}

/**
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<any>} work
 * @returns {Promise<any>}
 */
async function transact(mode, work) {
  /** @type {IDBDatabase} */
  const database = await new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("another tab holds the database"));
  });
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? request.error ?? new Error("transaction aborted"));
    });
  } finally {
    database.close();
  }
}
