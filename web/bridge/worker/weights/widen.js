/**
 * Widens the matrices of a stored weight shard to more bits a weight, for kernels that read 4 or 8 alone.
 *
 * WidenedWeight (orion_py/manifest/derived.py) specifies the computation; the reference is
 * orion_py/manifest/expansion.py, and a test holds the two bit for bit together.
 */

import { BLOCK, UNPACK } from "./bit-stream.js";
import { storedMatrix } from "./stored-matrix.js";

/**
 * @param {Uint8Array<ArrayBuffer>} shard a whole weight shard
 * @param {import("../inference/spec.js").TensorSpec[]} tensors where its tensors lie
 * @param {import("../inference/spec.js").Widening} widening
 * @returns {Uint8Array<ArrayBuffer>} the widened file. Raises invalid_manifest where sizes don't fit.
 */
export function widen(shard, tensors, widening) {
  const out = new Uint8Array(widening.size);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const block = new Uint8Array(BLOCK);
  for (const weight of widening.weights) {
    const { bits, packed, min } = storedMatrix(shard, byName, weight);
    const unpack = UNPACK[bits];
    const shift = min ? 0 : 2 ** (weight.bits - 1) - 2 ** (bits - 1);
    const blocks = (weight.k * weight.n) / BLOCK;
    let to = weight.offset;
    for (let index = 0; index < blocks; index += 1) {
      unpack(packed, index, block);
      if (weight.bits === 8) {
        for (let j = 0; j < BLOCK; j += 1) out[to + j] = block[j] + shift;
        to += BLOCK;
      } else {
        for (let j = 0; j < BLOCK; j += 2, to += 1) out[to] = (block[j] + shift) | ((block[j + 1] + shift) << 4);
      }
    }
  }
  return out;
}
