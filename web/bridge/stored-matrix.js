/**
 * A quantized matrix as it lies in a weight shard: its blocks' integers, scales and minima.
 */

import { BLOCK, WIDTHS } from "./bit-stream.js";
import { BridgeError } from "./errors.js";

/** @typedef {import("./spec.js").TensorSpec} TensorSpec */

/**
 * The integers are q with weight = q scale + min where there is a min, else (q - 2^(bits-1)) scale.
 *
 * @typedef {object} StoredMatrix
 * @property {number} bits of a weight
 * @property {Uint8Array<ArrayBuffer>} packed [n, k/32, 4 bits], in a buffer of its own
 * @property {() => Float32Array} scale [n, k/32]; one that serves 64 or 128 weights is repeated
 * @property {(() => Float32Array) | null} min [n, k/32], null where the weights are symmetric
 */

/**
 * @param {Uint8Array<ArrayBuffer>} shard a whole weight shard
 * @param {Map<string, TensorSpec>} tensors where its tensors lie, by name
 * @param {{source: string, n: number, k: number}} matrix
 * @returns {StoredMatrix} raises invalid_manifest where sizes don't fit
 */
export function storedMatrix(shard, tensors, { source, n, k }) {
  const bits = WIDTHS.find((width) => tensors.has(`${source}.q${width}`)) ?? 8;
  return {
    bits,
    packed: bytesOf(shard, tensors, `${source}.q${bits}`, (k * n * bits) / 8),
    scale: () => perBlock(shard, tensors, `${source}.scale`, n, k / BLOCK),
    min: tensors.has(`${source}.min`) ? () => perBlock(shard, tensors, `${source}.min`, n, k / BLOCK) : null,
  };
}

/** Blocks of 32 that one scale may serve. */
const SHARED = [1, 2, 4];

/**
 * @param {Uint8Array<ArrayBuffer>} shard
 * @param {Map<string, TensorSpec>} tensors
 * @param {string} name of a tensor with a value for each block, or for each 2 or 4 of them
 * @param {number} n
 * @param {number} blocks
 * @returns {Float32Array} [n, blocks]
 */
function perBlock(shard, tensors, name, n, blocks) {
  const length = tensors.get(name)?.length ?? 0;
  const shared = SHARED.find((ratio) => blocks % ratio === 0 && length * ratio === 2 * n * blocks) ?? 1;
  const values = floats(bytesOf(shard, tensors, name, (2 * n * blocks) / shared));
  if (shared === 1) return values;
  return Float32Array.from({ length: n * blocks }, (_, index) => values[Math.floor(index / shared)]);
}

/**
 * A tensor's bytes in a buffer of their own start: views of words need alignment.
 *
 * @param {Uint8Array<ArrayBuffer>} shard
 * @param {Map<string, TensorSpec>} tensors
 * @param {string} name
 * @param {number} length
 * @returns {Uint8Array<ArrayBuffer>}
 */
function bytesOf(shard, tensors, name, length) {
  const tensor = tensors.get(name);
  if (tensor?.length !== length || tensor.offset + length > shard.length) {
    throw new BridgeError("invalid_manifest", `tensor ${name} doesn't hold ${length} bytes`, { tensor: name });
  }
  return shard.slice(tensor.offset, tensor.offset + length);
}

/** 2^(exponent - 25) by float16's sign and exponent bits: what one unit of the fraction is worth. */
const UNIT = Float64Array.from({ length: 64 }, (_, bits) => (bits & 32 ? -1 : 1) * 2 ** (Math.max(bits & 31, 1) - 25));

/**
 * F16 values as float32.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
function floats({ buffer }) {
  const halves = new Uint16Array(buffer);
  const values = new Float32Array(halves.length);
  for (let index = 0; index < halves.length; index += 1) {
    const half = halves[index];
    values[index] = UNIT[half >> 10] * ((half & 0x7c00 ? 1024 : 0) + (half & 1023));
  }
  return values;
}
