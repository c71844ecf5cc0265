/**
 * Unpacks blocks of 32 weights as they are stored: little-endian bit streams, b bits a weight (2, 3, 4, 5, 6
 * or 8), weight 0 in the lowest bits of the first of 4 b bytes. orion_py/manifest/bit_stream.py says
 * the same in Python.
 */

/** Weights that share a scale. */
export const BLOCK = 32;

/** Bits that a stored weight may have. */
export const WIDTHS = [2, 3, 4, 5, 6, 8];

/**
 * Reads one block's 32 weights into `out`.
 *
 * @typedef {(bytes: Uint8Array, block: number, out: Uint8Array) => void} Unpack
 */

/** @type {Record<number, Unpack>} one for each width, its loop as wide as whole bytes need */
export const UNPACK = {
  2(bytes, block, out) {
    for (let from = block * 8, to = 0; to < BLOCK; from += 1, to += 4) {
      const byte = bytes[from];
      out[to] = byte & 3;
      out[to + 1] = (byte >> 2) & 3;
      out[to + 2] = (byte >> 4) & 3;
      out[to + 3] = byte >> 6;
    }
  },
  3(bytes, block, out) {
    for (let from = block * 12, to = 0; to < BLOCK; from += 3, to += 8) {
      const word = bytes[from] | (bytes[from + 1] << 8) | (bytes[from + 2] << 16);
      out[to] = word & 7;
      out[to + 1] = (word >> 3) & 7;
      out[to + 2] = (word >> 6) & 7;
      out[to + 3] = (word >> 9) & 7;
      out[to + 4] = (word >> 12) & 7;
      out[to + 5] = (word >> 15) & 7;
      out[to + 6] = (word >> 18) & 7;
      out[to + 7] = word >> 21;
    }
  },
  4(bytes, block, out) {
    for (let from = block * 16, to = 0; to < BLOCK; from += 1, to += 2) {
      const byte = bytes[from];
      out[to] = byte & 15;
      out[to + 1] = byte >> 4;
    }
  },
  5(bytes, block, out) {
    for (let from = block * 20, to = 0; to < BLOCK; from += 5, to += 8) {
      const word = bytes[from] | (bytes[from + 1] << 8) | (bytes[from + 2] << 16) | (bytes[from + 3] << 24);
      const last = bytes[from + 4];
      out[to] = word & 31;
      out[to + 1] = (word >> 5) & 31;
      out[to + 2] = (word >> 10) & 31;
      out[to + 3] = (word >> 15) & 31;
      out[to + 4] = (word >> 20) & 31;
      out[to + 5] = (word >> 25) & 31;
      out[to + 6] = (word >>> 30) | ((last & 7) << 2);
      out[to + 7] = last >> 3;
    }
  },
  6(bytes, block, out) {
    for (let from = block * 24, to = 0; to < BLOCK; from += 3, to += 4) {
      const word = bytes[from] | (bytes[from + 1] << 8) | (bytes[from + 2] << 16);
      out[to] = word & 63;
      out[to + 1] = (word >> 6) & 63;
      out[to + 2] = (word >> 12) & 63;
      out[to + 3] = word >> 18;
    }
  },
  8(bytes, block, out) {
    for (let from = block * 32, to = 0; to < BLOCK; from += 1, to += 1) out[to] = bytes[from];
  },
};
