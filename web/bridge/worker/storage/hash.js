/**
 * Computes SHA-256 as lower-case hex: by the browser, off-thread (770-920 MiB/s). A page that was served over plain
 * http by another machine isn't offered that; there a library does it, here (some 70-100 MiB/s).
 */

import { BridgeError } from "../errors.js";

/** @type {Promise<{sha256: (bytes: Uint8Array) => Uint8Array}> | null} */
let library = null;

/**
 * Raises download_failed where the library is needed and can't be fetched.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Promise<string>}
 */
export async function sha256Hex(bytes) {
  const digest = globalThis.crypto?.subtle ? new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)) : await computed(bytes);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {Uint8Array} bytes */
async function computed(bytes) {
  library ??= import(new URL("../../../vendor/noble/sha2.js", import.meta.url).href);
  try {
    return (await library).sha256(bytes);
  } catch (cause) {
    library = null; // the network may be back next time
    throw new BridgeError("download_failed", `what computes hashes can't be loaded: ${cause instanceof Error ? cause.message : cause}`);
  }
}
