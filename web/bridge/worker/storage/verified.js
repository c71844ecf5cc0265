/** Verifies a shard's bytes against the hash that it is named by. */

import { BridgeError, toBridgeError } from "../errors.js";
import { sha256Hex } from "./hash.js";

/**
 * The bytes of `blob` if they have the hash. Raises shard_missing or shard_corrupt.
 *
 * @param {Blob | null} blob
 * @param {string} sha256
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function readVerified(blob, sha256) {
  // A Blob whose file the browser lost can't be read any more: it is as good as evicted.
  const buffer = await blob?.arrayBuffer().catch((cause) => {
    const error = toBridgeError(cause, "shard_missing");
    throw new BridgeError(error.code, error.message, { sha256 });
  });
  if (!buffer) throw new BridgeError("shard_missing", `shard ${sha256.slice(0, 12)} isn't stored`, { sha256 });
  return verified(buffer, sha256);
}

/**
 * `buffer` as bytes if they have the hash. Raises shard_corrupt.
 *
 * @param {ArrayBuffer} buffer
 * @param {string} sha256
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function verified(buffer, sha256) {
  const bytes = new Uint8Array(buffer);
  if ((await sha256Hex(bytes)) === sha256) return bytes;
  throw new BridgeError("shard_corrupt", `shard ${sha256.slice(0, 12)} doesn't have its hash`, { sha256 });
}
