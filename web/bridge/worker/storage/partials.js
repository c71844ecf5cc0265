/**
 * Keeps what unfinished downloads left: in IndexedDB by byte offset, or in memory where nothing can be stored.
 *
 * Partials are addressed by byte offset, so that even two writers without locks can't mix up their order: at each
 * offset all writers have the same content.
 */

import { partialsOf } from "./database.js";

/** @typedef {import("./database.js").Database} Database */

export class Partials {
  /** @param {Database | null} database */
  constructor(database) {
    /** @private */ this.database = database;
    /** @private @type {Map<string, Uint8Array<ArrayBuffer>>} the beginnings of files that could not be stored */
    this.held = new Map();
  }

  /** @returns {Promise<string[]>} what has partials */
  async names() {
    const keys = await this.database?.transact(["partials"], "readonly", (transaction) =>
      transaction.objectStore("partials").getAllKeys()).catch(() => []);
    return [...new Set([...this.held.keys(), ...(keys ?? []).map((key) => String(/** @type {any} */ (key)[0]))])];
  }

  /**
   * Copies an earlier try's partials into `bytes`, as far as they reach without a gap.
   *
   * @param {string} name
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @returns {Promise<number>} how many bytes that is
   */
  async restore(name, bytes) {
    let position = 0;
    for (const blob of await this.run(name, bytes.length)) {
      const piece = await blob.arrayBuffer().catch(() => null);
      if (!piece) break; // its file is gone: a gap
      bytes.set(new Uint8Array(piece), position);
      position += blob.size;
    }
    const held = this.held.get(name);
    if (!held || held.length <= position || held.length > bytes.length) return position;
    bytes.set(held);
    return held.length;
  }

  /**
   * What `restore` would find, without reading it.
   *
   * @param {string} name
   * @param {number} size bytes of the whole
   * @returns {Promise<number>} bytes
   */
  async reach(name, size) {
    const run = await this.run(name, size);
    // A Blob whose file the browser lost still tells its size: only reading shows it.
    const there = await Promise.all(run.map((blob) => blob.slice(0, 1).arrayBuffer().then(() => true, () => false)));
    const gap = there.indexOf(false);
    const stored = run.slice(0, gap < 0 ? run.length : gap).reduce((sum, blob) => sum + blob.size, 0);
    const held = this.held.get(name)?.length ?? 0;
    return held > size ? stored : Math.max(stored, held);
  }

  /**
   * The partials from the first byte on, up to the first gap or what would be more than the whole.
   *
   * @private
   * @param {string} name
   * @param {number} size bytes of the whole
   * @returns {Promise<Blob[]>}
   */
  async run(name, size) {
    /** @type {Map<number, Blob>} */
    const partials = new Map();
    await this.each(name, (offset, blob) => partials.set(offset, blob)).catch(() => {});
    const run = [];
    let position = 0;
    for (let blob = partials.get(0); blob?.size; blob = partials.get(position)) {
      if (position + blob.size > size) break;
      run.push(blob);
      position += blob.size;
    }
    return run;
  }

  /** @param {string} name @returns {Promise<number>} bytes of it that another tab has kept so far */
  async arrivedElsewhere(name) {
    let arrived = 0;
    await this.each(name, (_, blob) => { arrived += blob.size; });
    return arrived;
  }

  /**
   * @private
   * @param {string} name
   * @param {(offset: number, blob: Blob) => void} take
   */
  async each(name, take) {
    await this.database?.transact(["partials"], "readonly", (transaction) => {
      const request = transaction.objectStore("partials").openCursor(partialsOf(name));
      request.onsuccess = () => {
        const cursor = request.result;
        if (!cursor) return;
        take(/** @type {[string, number]} */ (cursor.key)[1], cursor.value);
        cursor.continue();
      };
    });
  }

  /**
   * @param {string} name
   * @param {number} offset
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @returns {Promise<boolean>} false if the browser refuses
   */
  async save(name, offset, bytes) {
    const store = /** @type {Database} */ (this.database);
    return store.transact(["partials"], "readwrite", (transaction) => {
      transaction.objectStore("partials").put(new Blob([bytes]), [name, offset]);
    }).then(() => true, () => false);
  }

  /**
   * Keeps in memory what couldn't be stored, for the next try of this visit.
   *
   * @param {string} name
   * @param {Uint8Array<ArrayBuffer>} bytes the file from its first byte on
   */
  hold(name, bytes) {
    if (bytes.length) this.held.set(name, bytes);
  }

  /** @param {string} name */
  forget(name) {
    this.held.delete(name);
  }

  /** @param {string} name */
  async drop(name) {
    this.forget(name);
    await this.database?.transact(["partials"], "readwrite", (transaction) => {
      transaction.objectStore("partials").delete(partialsOf(name));
    });
  }
}
