/**
 * Examines a file that a person attaches: what it is, whether it can be used, its name by content, and its thumbnail.
 */

import { BridgeError } from "../errors.js";
import { sha256Hex } from "../storage/hash.js";
import { drawn } from "./drawing.js";
import { headerOf } from "./header.js";

/** Bytes of a file. Of a recording an hour at 16 kHz, or 20 minutes as a CD has them: the page holds the file while it decodes it. */
const MOST_BYTES = { image: 30e6, audio: 220e6 };
/** A decoded picture takes four bytes a pixel. */
const MOST_PIXELS = 64e6;
const LEAST_SIDE = 8;
/** Pixels: twice what the page shows, for dense screens. */
const THUMBNAIL = 384;

/**
 * @typedef {object} Prepared
 * @property {string} id SHA-256 of its bytes
 * @property {"image" | "audio"} kind
 * @property {number} size in bytes
 * @property {Blob} blob the file, with the type that its bytes have
 * @property {Blob | null} thumb
 * @property {number} [width] upright, in pixels
 * @property {number} [height]
 * @property {boolean} [animated]
 */

/** @typedef {import("./header.js").Fault | "heavy" | "large" | "small" | "unreadable"} Fault */

/** @param {"image" | "audio"} kind @returns {{fault: Fault, most: number}} in MB */
const heavy = (kind) => ({ fault: "heavy", most: MOST_BYTES[kind] / 1e6 });

/**
 * @param {File} file
 * @returns {Promise<Prepared | {fault: Fault, width?: number, height?: number, most?: number}>}
 */
export async function prepared(file) {
  if (file.size > MOST_BYTES.audio) return heavy("audio");
  /** @type {Uint8Array<ArrayBuffer>} */
  let bytes;
  try {
    bytes = new Uint8Array(await file.arrayBuffer());
  } catch {
    return { fault: "unreadable" }; // a folder, or a file that was moved since
  }
  const header = headerOf(bytes);
  if (typeof header === "string") return { fault: header };
  const { kind, type, animated, width = 0, height = 0 } = header;
  if (bytes.length > MOST_BYTES[kind]) return heavy(kind);
  const found = { kind, size: bytes.length, blob: new Blob([bytes], { type }), thumb: null };
  if (kind === "audio") return { ...found, id: await sha256Hex(bytes) };
  if (width * height > MOST_PIXELS) return { fault: "large", width, height };
  if (!width || !height) return { fault: "broken" };
  if (Math.min(width, height) < LEAST_SIDE) return { fault: "small", width, height };
  try {
    const { canvas } = await drawn(found.blob, THUMBNAIL);
    const thumb = await canvas.convertToBlob({ type: "image/webp", quality: 0.82 });
    const turned = (canvas.width > canvas.height) !== (width > height) && width !== height;
    const upright = turned ? { width: height, height: width } : { width, height };
    return { ...found, ...upright, thumb, animated: animated === true, id: await sha256Hex(bytes) };
  } catch (error) {
    const tooLarge = error instanceof BridgeError && error.code === "out_of_memory";
    return tooLarge ? { fault: "large", width, height } : { fault: "broken" };
  }
}
