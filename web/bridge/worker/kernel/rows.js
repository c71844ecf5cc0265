/**
 * Copies the first rows of a kernel's cache as plain bytes: for each layer and key head the rows' keys, then for each layer and
 * key head their values, as words 31 to 34 of `struct orion_decoder` place them. orion_py/native/kernel_rows.py does
 * the same.
 */

/**
 * @typedef {object} CachePlan
 * @property {number} at where the cache begins
 * @property {number} layers
 * @property {number} heads key heads
 * @property {number} values bytes from the keys to the values
 * @property {number} layerStride bytes
 * @property {number} headStride bytes
 * @property {number} rowBytes
 */

/** @param {CachePlan} plan @param {number} rows @returns {number} bytes that so many rows take */
export function bytesOf({ layers, heads, rowBytes }, rows) {
  return 2 * layers * heads * rows * rowBytes;
}

/**
 * @param {ArrayBufferLike} memory
 * @param {CachePlan} plan
 * @param {number} rows
 * @returns {Uint8Array<ArrayBuffer>} a copy
 */
export function copyRows(memory, plan, rows) {
  const bytes = new Uint8Array(bytesOf(plan, rows));
  const size = rows * plan.rowBytes;
  places(plan).forEach((at, index) => bytes.set(new Uint8Array(memory, at, size), index * size));
  return bytes;
}

/**
 * Puts back what `copyRows` gave, of a cache with the same sizes.
 *
 * @param {ArrayBufferLike} memory
 * @param {CachePlan} plan
 * @param {Uint8Array} bytes `bytesOf(plan, rows)` of them
 * @param {number} rows
 */
export function putRows(memory, plan, bytes, rows) {
  const size = rows * plan.rowBytes;
  places(plan).forEach((at, index) => new Uint8Array(memory, at, size).set(bytes.subarray(index * size, (index + 1) * size)));
}

/** @param {CachePlan} plan @returns {number[]} where the rows of each layer and key head begin: keys, then values */
function places({ at, layers, heads, values, layerStride, headStride }) {
  const found = [];
  for (const start of [at, at + values]) {
    for (let layer = 0; layer < layers; layer += 1) {
      for (let head = 0; head < heads; head += 1) found.push(start + layer * layerStride + head * headStride);
    }
  }
  return found;
}
