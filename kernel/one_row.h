/* Multiplies a group of four rows with one row of activations: what decoding spends its time on. */
#ifndef ONE_ROW_H
#define ONE_ROW_H

#include "matrix.h"
#include "numbers.h"

#define WIDER wasm_i32x4_extadd_pairwise_i16x8

/* One block's sums of products as I32, a lane a row. */
#ifdef RELAXED
INLINE V block_of_bytes(const int bits, const Masks *m, const u8 *q, const u8 *x) {
#define PRODUCT(w, p) \
  wasm_i16x8_relaxed_dot_i8x16_i7x16(load_splat(x + 16 * (p) + 4 * (w)), weight_bytes(bits, m, nibbles[w], planes, w, p))
  const Planes planes = load_planes(bits, q);
  V nibbles[4], even, odd;
  for (int w = 0; w < 4; w++) nibbles[w] = bits & 4 ? load(q + 16 * w) : wasm_i32x4_splat(0);
  if (steps_that_fit(bits) == 2) {
    even = wasm_i32x4_add(WIDER(wasm_i16x8_add(PRODUCT(0, 0), PRODUCT(1, 0))), WIDER(wasm_i16x8_add(PRODUCT(2, 0), PRODUCT(3, 0))));
    odd = wasm_i32x4_add(WIDER(wasm_i16x8_add(PRODUCT(0, 1), PRODUCT(1, 1))), WIDER(wasm_i16x8_add(PRODUCT(2, 1), PRODUCT(3, 1))));
    return wasm_i32x4_add(even, odd);
  }
  even = PRODUCT(0, 0);
  odd = PRODUCT(0, 1);
#pragma unroll
  for (int w = 1; w < 4; w++) {
    even = wasm_i16x8_add(even, PRODUCT(w, 0));
    odd = wasm_i16x8_add(odd, PRODUCT(w, 1));
  }
  even = wasm_i16x8_add(even, odd);
  if (is_centred((u32)bits)) even = wasm_i16x8_sub(even, wasm_i16x8_shl(load_splat(x + 40), 4));
  return WIDER(even);
#undef PRODUCT
}
#endif

INLINE V block_of_shorts(const int bits, const Masks *m, const u8 *q, const u8 *x) {
  V first = wasm_i32x4_splat(0), second = first;
  if (bits == 8) {
#pragma unroll
    for (int s = 0; s < 16; s += 2) {
      first = wasm_i32x4_add(first, wasm_i32x4_dot_i16x8(load_splat(x + 4 * s), wasm_i16x8_load8x8(q + 8 * s)));
      second = wasm_i32x4_add(second, wasm_i32x4_dot_i16x8(load_splat(x + 4 * s + 4), wasm_i16x8_load8x8(q + 8 * s + 8)));
    }
    return wasm_i32x4_add(first, second);
  }
  const Planes planes = load_planes(bits, q);
#pragma unroll
  for (int w = 0; w < 4; w++) {
    V nibbles = bits & 4 ? load(q + 16 * w) : wasm_i32x4_splat(0);
#define PRODUCT(c) wasm_i32x4_dot_i16x8(load_splat(x + 16 * (c) + 4 * w), weight_shorts(bits, m, nibbles, planes, w, c))
    first = wasm_i32x4_add(first, PRODUCT(0));
    second = wasm_i32x4_add(second, PRODUCT(1));
    first = wasm_i32x4_add(first, PRODUCT(2));
    second = wasm_i32x4_add(second, PRODUCT(3));
#undef PRODUCT
  }
  return wasm_i32x4_add(first, second);
}

/* Four float16 numbers, times 2^-112. */
INLINE V scales_at(const Masks *m, const u16 *at) { return wasm_v128_and(wasm_i32x4_shl(wasm_i32x4_load16x4(at), 13), m->half); }

/* The place of block b's scales, where a block moves on by 8 bytes >> shift: counted in these. */
INLINE const u16 *scale_place(const u16 *at, u32 moved) { return (const u16 *)(const void *)((const u8 *)at + (moved & ~7u)); }

/* Minima of a block, times 2^-112, with what its integers are too large by taken off; without minima `minimum` isn't read. */
INLINE V block_minimum(u32 bits, const Masks *m, const int affine, const u16 *minimum, V scale) {
  const float offset = block_offset(bits, affine);
  V low = affine ? scales_at(m, minimum) : splat(0);
  return offset == 0 ? low : wasm_f32x4_sub(low, mul4(scale, splat(offset)));
}

typedef struct {
  const u8 *q;
  const u16 *scale, *minimum;
} Groups;

/* y[4 i + lane] for `count` groups that lie one after the other. */
INLINE void one_row(const int bits, const int affine, Groups at, u32 blocks, u32 shift, const u8 *x, float *y, const float *bias,
                    int added, u32 count) {
  const u32 scales = blocks >> shift << 2, kind = meets_bytes((u32)bits) ? BYTES : SHORTS, words = 4 * kind_words(kind);
  const int lowered = affine || block_offset((u32)bits, 0) != 0;
  const Masks masks = masks_of(bits, kind == BYTES);
  const u32 step = 8 >> shift;
  for (u32 i = 0; i < count; i++) {
    V sums = splat(0);
    const u8 *a = x;
    for (u32 b = 0, moved = 0; b < blocks; b++, moved += step, at.q += group_block_bytes((u32)bits), a += block_bytes(kind, 1)) {
      V scale = scales_at(&masks, scale_place(at.scale, moved));
      V whole = wasm_f32x4_convert_i32x4(
#ifdef RELAXED
          bits != 8 ? block_of_bytes(bits, &masks, at.q, a) :
#endif
                    block_of_shorts(bits, &masks, at.q, a));
      if (lowered) {
        V low = block_minimum((u32)bits, &masks, affine, affine ? scale_place(at.minimum, moved) : 0, scale);
        sums = multiply_add(low, load_splat(a + words + 4), sums);
      }
      sums = multiply_add(whole, mul4(scale, load_splat(a + words)), sums);
    }
    at.scale += scales;
    if (affine) at.minimum += scales;
    V out = mul4(sums, splat(HALF_OF_SHIFT));
    if (bias) out = add4(out, load(bias + GROUP * i));
    if (added) out = add4(load(y + GROUP * i), out);
    store(y + GROUP * i, out);
  }
}

#endif
