/**
 * Expands a stored weight shard to int8 per output channel, which WASM multiplies fastest.
 *
 * ExpandedWeight (orion_py/manifest/derived.py) specifies the computation; the reference is
 * orion_py/manifest/expansion.py, and a test holds the two bit for bit together. 134 million weights
 * take about half a second: two passes, row scales first, then blocks of 32 columns by 64 rows that
 * are quantized into a small tile, already transposed, and copied out of it in whole words.
 */

import { BLOCK, UNPACK } from "./bit-stream.js";
import { storedFloats, storedMatrix } from "./stored-matrix.js";

/**
 * `packed`: as stored, and as words. `min`: null where weights are symmetric.
 *
 * @typedef {{bits: number, packed: Uint8Array, words: Int32Array, scale: Float32Array, min: Float32Array | null}} Blocks
 */

/** Rows of a tile: 32 columns of 64 int8 stay in the L1 cache. */
const ROWS = 64;

/**
 * @param {Uint8Array<ArrayBuffer>} shard a whole weight shard
 * @param {import("../inference/spec.js").TensorSpec[]} tensors where its tensors lie
 * @param {import("../inference/spec.js").Expansion} expansion
 * @returns {Uint8Array<ArrayBuffer>} the expanded file. Raises invalid_manifest where sizes don't fit.
 */
export function expand(shard, tensors, expansion) {
  const out = new Uint8Array(expansion.size);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  for (const weight of expansion.weights) {
    const { k, n, weight_offset, scale_offset, sum_offset } = weight;
    const target = out.subarray(weight_offset, weight_offset + k * n);
    const scales = new Float32Array(n);
    const rows = storedFloats(shard, byName, weight);
    const sums = rows ? quantizeFloats(rows, k, scales, target) : quantizeBlocks(storedMatrix(shard, byName, weight), scales, target);
    out.set(new Uint8Array(scales.buffer), scale_offset);
    out.set(new Uint8Array(sums.buffer), sum_offset);
  }
  return out;
}

/**
 * @param {import("./stored-matrix.js").StoredMatrix} matrix
 * @param {Float32Array<ArrayBuffer>} scales out, [n]
 * @param {Uint8Array<ArrayBuffer>} target I8 [k, n]
 * @returns {Float32Array<ArrayBuffer>} sums [n]
 */
function quantizeBlocks({ bits, packed, scale, min }, scales, target) {
  const blocks = { bits, packed, words: new Int32Array(packed.buffer), scale: scale(), min: min && min() };
  rowScales(blocks, scales);
  return quantize(blocks, scales, target);
}

/** The largest weight of a row has to be at least so large: the scale of a smaller one would be subnormal. */
const LEAST = 2 ** -119;

/**
 * Floats, a tile's rows at a time, so that a large matrix isn't widened as a whole.
 *
 * @param {(first: number, count: number) => Float32Array} rows
 * @param {number} k
 * @param {Float32Array<ArrayBuffer>} scales out, [n]
 * @param {Uint8Array<ArrayBuffer>} target I8 [k, n]
 * @returns {Float32Array<ArrayBuffer>} sums [n]
 */
function quantizeFloats(rows, k, scales, target) {
  const n = scales.length;
  const totals = new Int32Array(n);
  const tile = new Int8Array(BLOCK * ROWS);
  for (let first = 0; first < n; first += ROWS) {
    const count = Math.min(ROWS, n - first);
    const values = rows(first, count);
    for (let row = 0; row < count; row += 1) {
      let largest = 0;
      for (let at = row * k, end = at + k; at < end; at += 1) largest = Math.max(largest, Math.abs(values[at]));
      scales[first + row] = largest < LEAST ? 1 : largest / 127;
    }
    for (let left = 0; left < k; left += BLOCK) {
      const columns = Math.min(BLOCK, k - left);
      for (let row = 0; row < count; row += 1) {
        const rowScale = scales[first + row];
        const from = row * k + left;
        let sum = 0;
        for (let j = 0; j < columns; j += 1) sum += tile[row + j * ROWS] = toInt8(values[from + j], rowScale);
        totals[first + row] += sum;
      }
      copyTile(tile, target, left * n + first, n, count, columns);
    }
  }
  return Float32Array.from(totals, (total, row) => total * scales[row]);
}

/**
 * The scale of each row, by the way that is fastest for the blocks' form.
 *
 * @param {Blocks} blocks
 * @param {Float32Array} scales out, [n]
 */
function rowScales(blocks, scales) {
  const { bits, words, scale, min } = blocks;
  if (bits === 4 && min) nibbleScales(words, scale, min, scales);
  else if (bits === 8 && !min) byteScales(words, scale, scales);
  else packedScales(blocks, scales);
}

/**
 * Quantizes all rows into `target` I8 [k, n].
 *
 * @param {Blocks} blocks
 * @param {Float32Array<ArrayBuffer>} scales [n]
 * @param {Uint8Array<ArrayBuffer>} target
 * @returns {Float32Array<ArrayBuffer>} sums [n]
 */
function quantize(blocks, scales, target) {
  const { bits, words, scale, min } = blocks;
  const n = scales.length;
  const perRow = scale.length / n;
  const totals = new Int32Array(n);
  const tile = new Int8Array(BLOCK * ROWS);
  for (let first = 0; first < n; first += ROWS) {
    const count = Math.min(ROWS, n - first);
    for (let block = 0; block < perRow; block += 1) {
      for (let row = 0; row < count; row += 1) {
        const at = (first + row) * perRow + block;
        const rowScale = scales[first + row];
        if (bits === 4 && min) totals[first + row] += nibbleColumn(words, at, scale[at], min[at], rowScale, tile, row);
        else if (bits === 8 && !min) totals[first + row] += byteColumn(words, at, scale[at], rowScale, tile, row);
        else totals[first + row] += packedColumn(blocks, at, rowScale, tile, row);
      }
      copyTile(tile, target, block * BLOCK * n + first, n, count);
    }
  }
  return Float32Array.from(totals, (total, row) => total * scales[row]);
}

const table = new Int32Array(16);

/**
 * One block of 4-bit weights into a column of the tile. Two weights share a byte, low nibble first.
 *
 * @param {Int32Array} quants
 * @param {number} block
 * @param {number} scale
 * @param {number} min
 * @param {number} rowScale
 * @param {Int8Array} tile
 * @param {number} at
 * @returns {number} their sum
 */
function nibbleColumn(quants, block, scale, min, rowScale, tile, at) {
  for (let q = 0; q < 16; q += 1) table[q] = toInt8(affineValue(q, scale, min), rowScale);
  let sum = 0;
  for (let index = block * 4; index < block * 4 + 4; index += 1, at += 8 * ROWS) {
    const word = quants[index];
    const a = table[word & 15], b = table[(word >> 4) & 15], c = table[(word >> 8) & 15], d = table[(word >> 12) & 15];
    const e = table[(word >> 16) & 15], f = table[(word >> 20) & 15], g = table[(word >> 24) & 15], h = table[word >>> 28];
    tile[at] = a;
    tile[at + ROWS] = b;
    tile[at + 2 * ROWS] = c;
    tile[at + 3 * ROWS] = d;
    tile[at + 4 * ROWS] = e;
    tile[at + 5 * ROWS] = f;
    tile[at + 6 * ROWS] = g;
    tile[at + 7 * ROWS] = h;
    sum += a + b + c + d + e + f + g + h;
  }
  return sum;
}

/**
 * One block of 8-bit weights, zero point 128, into a column of the tile.
 *
 * @param {Int32Array} quants
 * @param {number} block
 * @param {number} scale
 * @param {number} rowScale
 * @param {Int8Array} tile
 * @param {number} at
 * @returns {number} their sum
 */
function byteColumn(quants, block, scale, rowScale, tile, at) {
  let sum = 0;
  for (let index = block * 8; index < block * 8 + 8; index += 1, at += 4 * ROWS) {
    const word = quants[index];
    const a = toInt8(symmetricValue(word & 255, 128, scale), rowScale), b = toInt8(symmetricValue((word >> 8) & 255, 128, scale), rowScale);
    const c = toInt8(symmetricValue((word >> 16) & 255, 128, scale), rowScale), d = toInt8(symmetricValue(word >>> 24, 128, scale), rowScale);
    tile[at] = a;
    tile[at + ROWS] = b;
    tile[at + 2 * ROWS] = c;
    tile[at + 3 * ROWS] = d;
    sum += a + b + c + d;
  }
  return sum;
}

const unpacked = new Uint8Array(BLOCK);

/**
 * One block of weights of any width into a column of the tile.
 *
 * @param {Blocks} blocks
 * @param {number} block
 * @param {number} rowScale
 * @param {Int8Array} tile
 * @param {number} at
 * @returns {number} their sum
 */
function packedColumn({ bits, packed, scale, min }, block, rowScale, tile, at) {
  UNPACK[bits](packed, block, unpacked);
  const step = scale[block];
  let sum = 0;
  if (min) {
    const least = min[block];
    for (let j = 0; j < BLOCK; j += 1, at += ROWS) sum += tile[at] = toInt8(affineValue(unpacked[j], step, least), rowScale);
  } else {
    const zero = 1 << (bits - 1);
    for (let j = 0; j < BLOCK; j += 1, at += ROWS) sum += tile[at] = toInt8(symmetricValue(unpacked[j], zero, step), rowScale);
  }
  return sum;
}

/**
 * Copies the tile's columns of `count` weights to `at`, `at` + n, ….
 *
 * @param {Int8Array<ArrayBuffer>} tile
 * @param {Uint8Array<ArrayBuffer>} target
 * @param {number} at
 * @param {number} n
 * @param {number} count
 * @param {number} columns
 */
function copyTile(tile, target, at, n, count, columns = BLOCK) {
  if (n % 4 || count % 4 || (target.byteOffset + at) % 4) {
    for (let column = 0; column < columns; column += 1) {
      for (let row = 0; row < count; row += 1) target[at + column * n + row] = tile[column * ROWS + row];
    }
    return;
  }
  const from = new Int32Array(tile.buffer);
  const to = new Int32Array(target.buffer, target.byteOffset, target.byteLength >> 2);
  for (let column = 0; column < columns; column += 1) {
    const source = (column * ROWS) >> 2;
    const start = (at + column * n) >> 2;
    for (let word = 0; word < count >> 2; word += 1) to[start + word] = from[source + word];
  }
}

/**
 * The scale of each row of 4-bit weights. A block's largest value is at its least or greatest nibble.
 *
 * @param {Int32Array} quants
 * @param {Float32Array} scale
 * @param {Float32Array} min
 * @param {Float32Array} scales out, [n]
 */
function nibbleScales(quants, scale, min, scales) {
  const perRow = scale.length / scales.length;
  for (let row = 0, block = 0; row < scales.length; row += 1) {
    let largest = 0;
    for (const end = block + perRow; block < end; block += 1) {
      let seen = 0; // one bit for each of the 16 nibbles
      for (let index = block * 4; index < block * 4 + 4; index += 1) {
        const word = quants[index];
        seen |= (1 << (word & 15)) | (1 << ((word >> 4) & 15)) | (1 << ((word >> 8) & 15)) | (1 << ((word >> 12) & 15))
          | (1 << ((word >> 16) & 15)) | (1 << ((word >> 20) & 15)) | (1 << ((word >> 24) & 15)) | (1 << (word >>> 28));
      }
      const least = Math.abs(affineValue(31 - Math.clz32(seen & -seen), scale[block], min[block]));
      const greatest = Math.abs(affineValue(31 - Math.clz32(seen), scale[block], min[block]));
      if (least > largest) largest = least;
      if (greatest > largest) largest = greatest;
    }
    scales[row] = largest === 0 ? 1 : largest / 127;
  }
}

/**
 * The scale of each row of 8-bit weights.
 *
 * @param {Int32Array} quants
 * @param {Float32Array} scale
 * @param {Float32Array} scales out, [n]
 */
function byteScales(quants, scale, scales) {
  const perRow = scale.length / scales.length;
  for (let row = 0, block = 0; row < scales.length; row += 1) {
    let largest = 0;
    for (const end = block + perRow; block < end; block += 1) {
      let least = 255;
      let greatest = 0;
      for (let index = block * 8; index < block * 8 + 8; index += 1) {
        for (let word = quants[index], byte = 0; byte < 4; byte += 1, word >>>= 8) {
          const q = word & 255;
          if (q < least) least = q;
          if (q > greatest) greatest = q;
        }
      }
      const low = Math.abs(symmetricValue(least, 128, scale[block]));
      const high = Math.abs(symmetricValue(greatest, 128, scale[block]));
      if (low > largest) largest = low;
      if (high > largest) largest = high;
    }
    scales[row] = largest === 0 ? 1 : largest / 127;
  }
}

/**
 * The scale of each row of weights of any width.
 *
 * @param {Blocks} blocks
 * @param {Float32Array} scales out, [n]
 */
function packedScales({ bits, packed, scale, min }, scales) {
  const perRow = scale.length / scales.length;
  const unpack = UNPACK[bits];
  const zero = 1 << (bits - 1);
  for (let row = 0, block = 0; row < scales.length; row += 1) {
    let largest = 0;
    for (const end = block + perRow; block < end; block += 1) {
      unpack(packed, block, unpacked);
      let least = 255;
      let greatest = 0;
      for (let j = 0; j < BLOCK; j += 1) {
        const q = unpacked[j];
        if (q < least) least = q;
        if (q > greatest) greatest = q;
      }
      const step = scale[block];
      const low = Math.abs(min ? affineValue(least, step, min[block]) : symmetricValue(least, zero, step));
      const high = Math.abs(min ? affineValue(greatest, step, min[block]) : symmetricValue(greatest, zero, step));
      if (low > largest) largest = low;
      if (high > largest) largest = high;
    }
    scales[row] = largest === 0 ? 1 : largest / 127;
  }
}

/**
 * A weight with a minimum, rounded to float32 after each step.
 *
 * @param {number} q
 * @param {number} scale
 * @param {number} min
 */
function affineValue(q, scale, min) {
  return Math.fround(Math.fround(q * scale) + min);
}

/**
 * @param {number} q
 * @param {number} zero what stands for 0
 * @param {number} scale
 */
function symmetricValue(q, zero, scale) {
  return Math.fround((q - zero) * scale);
}

/**
 * floor(x + 1/2): the sums are exact in double, and positive, where truncation is floor.
 *
 * @param {number} value
 * @param {number} rowScale
 */
function toInt8(value, rowScale) {
  return ((Math.fround(value / rowScale) + 128.5) | 0) - 128;
}
