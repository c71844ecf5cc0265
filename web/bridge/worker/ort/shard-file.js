/**
 * Serves a fed shard as a file that graphs point into, without keeping it in memory: a session copies
 * each tensor once, so large ones are read from the (verified, immutable) Blob when it does.
 */

/** Tensors up to this size are kept: reading a Blob costs about a millisecond each time. */
const KEEP_BYTES = 64 << 10;

export class ShardFile {
  /**
   * @param {Blob} blob
   * @param {Uint8Array} bytes its content
   * @param {{offset: number, length: number}[]} tensors
   */
  constructor(blob, bytes, tensors) {
    /** @private */ this.blob = blob;
    this.byteLength = bytes.byteLength;
    /** @private @type {Map<number, Uint8Array>} by offset */
    this.kept = new Map();
    for (const { offset, length } of tensors) {
      if (length <= KEEP_BYTES) this.kept.set(offset, bytes.slice(offset, offset + length));
    }
  }

  /**
   * @param {number} start
   * @param {number} end
   * @returns {Uint8Array}
   */
  subarray(start, end) {
    const kept = this.kept.get(start);
    if (kept && kept.byteLength >= end - start) return kept.subarray(0, end - start);
    const { FileReaderSync } = /** @type {any} */ (globalThis); // only workers have it
    return new Uint8Array(new FileReaderSync().readAsArrayBuffer(this.blob.slice(start, end)));
  }

  /** @returns {Promise<Uint8Array<ArrayBuffer>>} all of it */
  async bytes() {
    return new Uint8Array(await this.blob.arrayBuffer());
  }
}
