/**
 * Reads and verifies shards before they are asked for: while one is arranged in memory, the next ones come
 * from the database and are hashed, each on threads of the browser's own. However many are asked for at once, only so
 * many bytes lie beside the model's own memory.
 */

import { verified } from "./verified.js";

/**
 * While a token table (30 MB of Lite) is hashed, layers are read. Where the two largest shards take more, that is the limit:
 * else nothing would be read while Large's table (248 MB) is hashed and arranged, and of its layers (70 MB) one by one would
 * be. The system gives memory to a model as its shards are arranged, so that what lies here and what is arranged already
 * are no more than the model, in any case.
 */
const MOST_BYTES = 72e6;

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/**
 * @typedef {object} Entry
 * @property {string} sha256
 * @property {number} size bytes
 * @property {Promise<Bytes | null> | null} bytes while it is read and until it is taken
 * @property {((bytes: Promise<Bytes | null>) => void) | null} wanted resolves the promise of the caller that waits for it
 */

export class ReadAhead {
  /**
   * Begins with the first ones.
   *
   * @param {{sha256: string, size: number}[]} shards in the order in which they will be taken, as far as that is known
   * @param {(sha256: string) => Promise<Blob | null>} find in the database
   * @param {number} [most] bytes that may lie here in any case
   */
  constructor(shards, find, most = MOST_BYTES) {
    /** @private @type {Entry[]} what wasn't given out yet */
    this.entries = shards.map(({ sha256, size }) => ({ sha256, size, bytes: null, wanted: null }));
    /** @private */ this.find = find;
    const [largest = 0, next = 0] = shards.map(({ size }) => size).sort((one, other) => other - one);
    /** @private */ this.most = Math.max(most, largest + next);
    /** @private The latest read. */ this.read = Promise.resolve();
    this.goOn();
  }

  /**
   * A shard's bytes, verified. Each can be taken once.
   *
   * @param {string} sha256
   * @returns {Promise<Bytes | null>} null: it isn't stored or is damaged, or it was taken
   */
  async take(sha256) {
    const entry = this.entries.find((candidate) => candidate.sha256 === sha256 && !candidate.wanted);
    if (!entry) return null;
    const bytes = await new Promise((resolve) => {
      entry.wanted = resolve;
      if (entry.bytes) resolve(entry.bytes);
      else this.goOn();
    });
    this.drop(entry);
    return bytes;
  }

  /** @private What is waited for comes first, and what is read but not waited for doesn't keep it back. */
  goOn() {
    const wanted = this.entries.filter((entry) => entry.wanted);
    this.fill(wanted, wanted);
    this.fill(this.entries, this.entries);
  }

  /**
   * @private
   * @param {Entry[]} entries
   * @param {Entry[]} among what counts
   */
  fill(entries, among) {
    for (const entry of entries) {
      if (entry.bytes) continue;
      const held = among.reduce((sum, { bytes, size }) => sum + (bytes ? size : 0), 0);
      if (held && held + entry.size > this.most) return;
      this.begin(entry);
    }
  }

  /** @private @param {Entry} entry */
  begin(entry) {
    const { sha256 } = entry;
    const found = this.find(sha256);
    found.catch(() => {}); // awaited below, and maybe later
    // One after the other: side by side they take as long, and the first would come with the last.
    const read = this.read.then(() => found).then((blob) => blob && blob.arrayBuffer());
    this.read = read.then(() => {}, () => {});
    // What can't be read ahead is read again when it is needed, which then reports why: it may still be downloaded.
    entry.bytes = read.then((buffer) => buffer && verified(buffer, sha256)).catch(() => null);
    entry.wanted?.(entry.bytes);
    void entry.bytes.then((bytes) => bytes || this.drop(entry));
  }

  /** @private @param {Entry} entry */
  drop(entry) {
    if (!this.entries.includes(entry)) return;
    this.entries = this.entries.filter((other) => other !== entry);
    this.goOn();
  }
}
