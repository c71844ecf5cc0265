/**
 * Holds what the page attached to its questions, as Blobs, until the last request that named it has ended, and decodes it
 * when an agent looks at it.
 */

import { BridgeError } from "../errors.js";

/** The long side in pixels of what an agent looks at: small print on a page is still read at that size. */
const LONGEST = 2000;

/** @typedef {{id: string, blob: Blob, samples?: Float32Array, fault?: string}} Attached `samples` of a recording: mono, 16 kHz; `fault`: why there are none */
/** @typedef {{request: string, attach: Attached[]}} Message */

export class AttachmentStore {
  constructor() {
    /** @private @type {Map<string, Attached>} */ this.held = new Map();
    /** @private @type {Map<string, Set<string>>} ids by request */ this.named = new Map();
  }

  /** A message of the page, which comes before the request that it names. @param {Message} message */
  take({ request, attach }) {
    const named = this.named.get(request) ?? new Set();
    this.named.set(request, named);
    for (const each of attach) {
      this.held.set(each.id, each);
      named.add(each.id);
    }
  }

  /** As `take`, from Python. @param {string} request @param {string} id @param {Uint8Array<ArrayBuffer>} bytes */
  put(request, id, bytes) {
    this.take({ request, attach: [{ id, blob: new Blob([bytes]) }] });
  }

  /** @param {string} id */
  has(id) {
    return this.held.has(id);
  }

  /** @param {string} request which has ended */
  release(request) {
    const ids = this.named.get(request) ?? [];
    this.named.delete(request);
    const others = [...this.named.values()];
    for (const id of ids) if (!others.some((named) => named.has(id))) this.held.delete(id);
  }

  /**
   * Raises attachment_missing, attachment_broken and out_of_memory.
   *
   * @param {string} id
   * @returns {Promise<{width: number, height: number, pixels: Uint8Array}>} red, green and blue of each pixel, row by row
   */
  async picture(id) {
    const { blob } = this.find(id);
    const { drawn } = await import("../pictures/drawing.js"); // no start needs it
    const context = await drawn(blob, LONGEST);
    const { width, height, data } = context.getImageData(0, 0, context.canvas.width, context.canvas.height);
    const pixels = new Uint8Array(3 * width * height);
    for (let from = 0, to = 0; to < pixels.length; from += 4, to += 3) {
      pixels[to] = data[from];
      pixels[to + 1] = data[from + 1];
      pixels[to + 2] = data[from + 2];
    }
    return { width, height, pixels };
  }

  /** Raises as `picture`, and recording_too_long. @param {string} id */
  async sound(id) {
    const { samples, fault } = this.find(id);
    if (fault === "recording_too_long") throw new BridgeError(fault, "the recording is too long to be decoded on a page", { attachment: id });
    if (!samples) throw new BridgeError("attachment_broken", "the page couldn't decode the recording", { attachment: id });
    return samples;
  }

  /** @private @param {string} id */
  find(id) {
    const found = this.held.get(id);
    if (!found) throw new BridgeError("attachment_missing", `no request has brought ${id.slice(0, 12)}`, { attachment: id });
    return found;
  }
}
