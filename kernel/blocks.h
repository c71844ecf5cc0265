/* Defines the layout of weights after orion_prepare, and unpacks integers from it.
 *
 * Four rows are a group, block by block, so that one product fills four lanes and a matrix is one sequential stream:
 * two streams at once defeat the processor's prefetcher. A block of a group is 16 bits-per-weight bytes,
 * as many as its four bit streams took. With 8 bits:
 *
 *   sixteen steps of 8 bytes, step 4 c + w: weights 8 w + c and 8 w + c + 4 of row 0, of row 1, …, less 128.
 *
 * With fewer, weights are split into planes, each 16 bytes with a 32-bit word a row:
 *
 *   4, 5, 6 bits: four planes of low nibbles; byte j of word w has the weights 8 w + 2 j (low) and 8 w + 2 j + 1 (high)
 *   2, 3, 6 bits: two planes of two bits; byte j of plane p has, at bit 2 w, two bits of weight 8 w + 2 j + p
 *   3, 5 bits:    one plane of one bit; byte j has, at bit 2 w + p, the bit of weight 8 w + 2 j + p
 *
 * The scales of a group lie [block][4 rows], and so do its minima.
 */
#ifndef BLOCKS_H
#define BLOCKS_H

#include "base.h"

#define GROUP 4

INLINE u32 group_block_bytes(u32 bits) { return 16 * bits; }

typedef struct {
  V two[2], one;
} Planes;

/* What bits are masked with. V8 makes a constant anew wherever it is used, in three instructions: as values that look computed these
 * stay in registers. */
typedef struct {
  V four, two, one; /* where an integer has a nibble, two bits, a bit; in each byte, or in each 16-bit number */
  V half;           /* what is left of a float16 that was shifted */
} Masks;

INLINE Masks masks_of(const int bits, const int in_bytes) {
  const u32 repeated = in_bytes ? 0x01010101 : 0x00010001;
  u32 four = 15 * repeated, two = (bits & 4 ? 0x30 : 3) * repeated, one = (bits & 4 ? 0x10 : 4) * repeated, half = 0x8fffffff;
  STEADY(four);
  STEADY(two);
  STEADY(one);
  STEADY(half);
  return (Masks){wasm_i32x4_splat((i32)four), wasm_i32x4_splat((i32)two), wasm_i32x4_splat((i32)one), wasm_i32x4_splat((i32)half)};
}

INLINE Planes load_planes(const int bits, const u8 *block) {
  Planes planes;
  if (bits & 4) block += 64;
  planes.two[0] = planes.two[1] = planes.one = wasm_i32x4_splat(0);
  if (bits & 2) {
    planes.two[0] = load(block);
    planes.two[1] = load(block + 16);
    block += 32;
  }
  if (bits & 1) planes.one = load(block);
  return planes;
}

/* Bits of each 32-bit lane moved from bit `from` to bit `to`; what crosses over is masked away by the caller. */
INLINE V moved(V v, const int from, const int to) {
  return from == to ? v : from < to ? wasm_i32x4_shl(v, (u32)(to - from)) : wasm_u32x4_shr(v, (u32)(from - to));
}

/* Weights of four rows, four bytes each: of word w those with parity p. `nibbles` is word w of the nibble planes. */
INLINE V weight_bytes(const int bits, const Masks *m, V nibbles, Planes planes, const int w, const int p) {
  V q = wasm_i32x4_splat(0);
  const int two_at = bits & 4 ? 4 : 0, one_at = bits & 4 ? 4 : 2;
  if (bits & 4) q = wasm_v128_and(p ? wasm_u16x8_shr(nibbles, 4) : nibbles, m->four);
  if (bits & 2) {
    V part = wasm_v128_and(moved(planes.two[p], 2 * w, two_at), m->two);
    q = bits == 2 ? part : wasm_v128_or(q, part);
  }
  if (bits & 1) {
    V part = wasm_v128_and(moved(planes.one, 2 * w + p, one_at), m->one);
    q = wasm_v128_or(q, part);
  }
  return q;
}

/* Weights of four rows, two 16-bit numbers each: of word w those that are 8 w + c and 8 w + c + 4. */
INLINE V weight_shorts(const int bits, const Masks *m, V nibbles, Planes planes, const int w, const int c) {
  V q = wasm_i32x4_splat(0);
  const int two_at = bits & 4 ? 4 : 0, one_at = bits & 4 ? 4 : 2, byte = 8 * (c >> 1);
  if (bits & 4) q = c == 3 ? wasm_u16x8_shr(nibbles, 12) : wasm_v128_and(c ? wasm_u16x8_shr(nibbles, (u32)(4 * c)) : nibbles, m->four);
  if (bits & 2) {
    V part = wasm_v128_and(moved(planes.two[c & 1], byte + 2 * w, two_at), m->two);
    q = bits == 2 ? part : wasm_v128_or(q, part);
  }
  if (bits & 1) {
    V part = wasm_v128_and(moved(planes.one, byte + 2 * w + (c & 1), one_at), m->one);
    q = wasm_v128_or(q, part);
  }
  return q;
}

/* Whether a block's integers meet BYTES. */
INLINE int meets_bytes(const u32 bits) {
#ifdef RELAXED
  return bits != 8;
#else
  return 0 * (int)bits;
#endif
}

/* Products of BYTES add up in 16 bits, two in each step: 2 * (2^bits - 1) * 127. With 4 bits all eight steps of a block fit. With
 * 5 they don't, but 16 * sum of the activations less they do: sums that wrap on their way come back. With 6 bits two
 * steps fit before they are widened. */
INLINE int steps_that_fit(const int bits) { return bits <= 5 ? 8 : 2; }
INLINE int is_centred(const u32 bits) { return bits == 5 && meets_bytes(bits); }

/* What is still to be taken from each integer that comes out of a block, so that a weight is (q - offset) scale + minimum.
 * Those of 8 bits are stored less 128 already. */
INLINE float block_offset(u32 bits, int affine) {
  const float taken = bits == 8 ? 128.f : is_centred(bits) ? 16.f : 0.f;
  return (affine ? 0.f : (float)(1u << (bits - 1))) - taken;
}

#endif
