/**
 * Fetches one file into memory, from where an earlier try stopped.
 */

import { BridgeError, toBridgeError } from "../errors.js";

/**
 * Fills `target` from `url`, beginning at `have`.
 *
 * Servers are taken as they are: a 206 that starts where it was asked to is appended; a 200 (no
 * Range support) is read from the start and written over what is there; a body that is too short
 * or breaks off is download_failed, one that is too long is shard_corrupt.
 *
 * @param {string} url
 * @param {Uint8Array<ArrayBuffer>} target as long as the file has to be
 * @param {number} have bytes of `target` that are there already
 * @param {(position: number) => void} onPosition called after each piece; `target` holds all before it
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export async function download(url, target, have, onPosition, signal) {
  let { response, position } = await request(url, have, target.length, signal);
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (position + value.length > target.length) {
        throw new BridgeError("shard_corrupt", `the server sends more than ${target.length} bytes`, { url });
      }
      target.set(value, position);
      position += value.length;
      onPosition(position);
    }
  } catch (cause) {
    reader.cancel().catch(() => {});
    throw failure(cause, url, signal);
  }
  if (position < target.length) {
    throw new BridgeError("download_failed", `the body ended at ${position} of ${target.length} bytes`, { url });
  }
}

/**
 * @param {string} url
 * @param {number} have
 * @param {number} size
 * @param {AbortSignal} [signal]
 * @returns {Promise<{response: Response, position: number}>} position: of the body's first byte
 */
async function request(url, have, size, signal) {
  // no-store: the bytes go to IndexedDB, a second copy in the HTTP cache would cost the same space.
  const headers = have ? { Range: `bytes=${have}-` } : undefined;
  const response = await fetch(url, { signal, headers, cache: "no-store" }).catch((cause) => {
    throw failure(cause, url, signal);
  });
  const position = response.status === 206 ? rangeStart(response, size) : 0;
  const restart = have > 0 && (response.status === 416 || position === null || position > have);
  if (restart) {
    await response.body?.cancel();
    return request(url, 0, size, signal);
  }
  // An application server that answers every path with its index page is a missing file too.
  const page = response.headers.get("Content-Type")?.startsWith("text/html");
  if (!response.ok || !response.body || page || position === null) {
    await response.body?.cancel();
    const what = page ? "a web page" : `status ${response.status}`;
    throw new BridgeError("download_failed", `the server answered ${what}`, { url, status: response.status });
  }
  return { response, position };
}

/**
 * Where a 206's body starts; null if it doesn't say, or is about a file of another size.
 *
 * @param {Response} response
 * @param {number} size
 */
function rangeStart(response, size) {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("Content-Range") ?? "");
  if (!match || (match[2] !== "*" && Number(match[2]) !== size)) return null;
  return Number(match[1]);
}

/**
 * @param {unknown} cause
 * @param {string} url
 * @param {AbortSignal} [signal]
 */
function failure(cause, url, signal) {
  if (signal?.aborted) return new BridgeError("cancelled", "the download was stopped", { url });
  const error = toBridgeError(cause, "download_failed");
  return new BridgeError(error.code, error.message, { url, ...error.detail });
}
