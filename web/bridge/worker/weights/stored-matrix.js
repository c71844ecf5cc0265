/**
 * Reads a matrix from a weight shard: its blocks' integers, scales and minima, or its floats.
 */

import { BLOCK, WIDTHS } from "./bit-stream.js";
import { BridgeError } from "../errors.js";

/** @typedef {import("../inference/spec.js").TensorSpec} TensorSpec */

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
  if (k % BLOCK) throw new BridgeError("invalid_manifest", `${source} is in blocks, and ${k} aren't whole ones`, { tensor: source });
  const bits = WIDTHS.find((width) => tensors.has(`${source}.q${width}`)) ?? 8;
  return {
    bits,
    packed: bytesOf(shard, tensors, `${source}.q${bits}`, (k * n * bits) / 8),
    scale: () => perBlock(shard, tensors, `${source}.scale`, n, k / BLOCK),
    min: tensors.has(`${source}.min`) ? () => perBlock(shard, tensors, `${source}.min`, n, k / BLOCK) : null,
  };
}

/** Bytes of the floats that a matrix may be stored in. */
const FLOAT_BYTES = new Map([["F16", 2], ["F32", 4]]);

/**
 * The rows of a matrix of floats, some at a time.
 *
 * @param {Uint8Array<ArrayBuffer>} shard a whole weight shard
 * @param {Map<string, TensorSpec>} tensors where its tensors lie, by name
 * @param {{source: string, n: number, k: number}} matrix
 * @returns {((first: number, count: number) => Float32Array) | null} gives [count, k] from row `first` on;
 *   null for a matrix in blocks. Raises invalid_manifest where sizes don't fit
 */
export function storedFloats(shard, tensors, { source, n, k }) {
  const tensor = tensors.get(`${source}.weight`);
  if (!tensor) return null;
  const width = FLOAT_BYTES.get(tensor.dtype) ?? 0;
  check(shard, tensor, tensor.name, n * k * width);
  return (first, count) => {
    const start = tensor.offset + first * k * width;
    const bytes = shard.slice(start, start + count * k * width);
    return width === 4 ? new Float32Array(bytes.buffer) : floats(bytes);
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
  const { offset } = check(shard, tensors.get(name), name, length);
  return shard.slice(offset, offset + length);
}

/**
 * @param {Uint8Array<ArrayBuffer>} shard
 * @param {TensorSpec | undefined} tensor
 * @param {string} name
 * @param {number} length
 * @returns {TensorSpec}
 */
function check(shard, tensor, name, length) {
  if (!length || tensor?.length !== length || tensor.offset + length > shard.length) {
    throw new BridgeError("invalid_manifest", `tensor ${name} doesn't hold ${length} bytes`, { tensor: name });
  }
  return tensor;
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
