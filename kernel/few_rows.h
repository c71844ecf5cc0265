/* Multiplies a group of four rows with up to four rows of activations, straight from the weights: drafts that are verified.
 * For a prompt unpacking pays (several_rows.h). Sums are those of one_row.h, in the same order. */
#ifndef FEW_ROWS_H
#define FEW_ROWS_H

#include "one_row.h"

/* One block's sums of products with n rows of a packet. The loops stay loops: V8 moves what has no effect to the end of
 * straight code, far behind its loads, and runs out of registers. */
#ifdef RELAXED
INLINE void few_of_bytes(const int bits, const Masks *m, const int n, V whole[], const u8 *q, const u8 *x) {
  Planes planes = load_planes(bits, q);
  for (int t = 0; t < n; t++) whole[t] = wasm_i32x4_splat(0);
#pragma clang loop unroll(disable)
  for (u32 w = 0; w < 4; w++, q += 16, x += 4 * LANES) {
    V nibbles = bits & 4 ? load(q) : wasm_i32x4_splat(0);
    V even = weight_bytes(bits, m, nibbles, planes, 0, 0), odd = weight_bytes(bits, m, nibbles, planes, 0, 1);
    V a = load(x), b = load(x + 16 * LANES);
#pragma unroll
    for (int t = 0; t < n; t++) {
      whole[t] = wasm_i16x8_add(whole[t], wasm_i16x8_relaxed_dot_i8x16_i7x16(lane_splat(a, t), even));
      whole[t] = wasm_i16x8_add(whole[t], wasm_i16x8_relaxed_dot_i8x16_i7x16(lane_splat(b, t), odd));
    }
    /* The next word's bits come to where the first one's were. */
    if (bits & 2) planes.two[0] = wasm_u32x4_shr(planes.two[0], 2), planes.two[1] = wasm_u32x4_shr(planes.two[1], 2);
    if (bits & 1) planes.one = wasm_u32x4_shr(planes.one, 2);
  }
  const V sums = load(x + 16 * LANES + 8 * LANES);
#pragma unroll
  for (int t = 0; t < n; t++) {
    if (is_centred((u32)bits)) whole[t] = wasm_i16x8_sub(whole[t], wasm_i16x8_shl(lane_splat(sums, t), 4));
    whole[t] = WIDER(whole[t]);
  }
}
#endif

INLINE void few_of_shorts(const int n, V whole[], const u8 *q, const u8 *x) {
  for (int t = 0; t < n; t++) whole[t] = wasm_i32x4_splat(0);
#pragma clang loop unroll(disable)
  for (u32 step = 0; step < 16; step += 4, q += 32, x += 16 * LANES) {
#pragma unroll
    for (u32 s = 0; s < 4; s++) {
      V weights = wasm_i16x8_load8x8(q + 8 * s), a = load(x + 4 * LANES * s);
#pragma unroll
      for (int t = 0; t < n; t++) whole[t] = wasm_i32x4_add(whole[t], wasm_i32x4_dot_i16x8(lane_splat(a, t), weights));
    }
  }
}

/* sums[t] of one group for n rows of the packet x; n is 2 or 4. With 8 bits, or with BYTES and 4 or 5 bits. */
INLINE void few_rows(const int bits, const int n, Groups at, u32 blocks, u32 shift, const u8 *x, V *sums) {
  const u32 kind = bits == 8 ? SHORTS : BYTES, words = 4 * LANES * kind_words(kind);
  const Masks masks = masks_of(bits, kind == BYTES);
  const u32 step = 8 >> shift;
  V sum[LANES];
  for (int t = 0; t < n; t++) sum[t] = splat(0);
  for (u32 b = 0, moved = 0; b < blocks; b++, moved += step, at.q += group_block_bytes((u32)bits), x += block_bytes(kind, LANES)) {
    V whole[LANES];
#ifdef RELAXED
    if (bits != 8)
      few_of_bytes(bits, &masks, n, whole, at.q, x);
    else
#endif
      few_of_shorts(n, whole, at.q, x);
    V scale = scales_at(&masks, scale_place(at.scale, moved));
    V low = block_minimum((u32)bits, &masks, at.minimum != 0, at.minimum ? scale_place(at.minimum, moved) : 0, scale);
    V scales = load(x + words), scaled_sums = load(x + words + 4 * LANES);
#pragma unroll
    for (int t = 0; t < n; t++) {
      sum[t] = multiply_add(low, lane_splat(scaled_sums, t), sum[t]);
      sum[t] = multiply_add(wasm_f32x4_convert_i32x4(whole[t]), mul4(scale, lane_splat(scales, t)), sum[t]);
    }
  }
  for (int t = 0; t < n; t++) sums[t] = sum[t];
}

#endif
