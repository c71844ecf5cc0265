/* Computes a chunk's scores and sums over a cache of 8-bit numbers: products of integers, exact, with one scale for 32 of them.
 *
 * A row is head_dim signed bytes, then a scale for each BYTES_BLOCK of them (the last may be shorter): the upper half
 * of a float32, rounded up, so that the greatest number of a block is 127 at most. A query is 16-bit integers with one scale.
 * Some channels of keys are much larger than the others, above all by their bias, and would coarsen the scale that they
 * share: keys are divided by the sizes of their channels (key_sizes.h), and queries multiplied with them.
 * Weights of a chunk's positions are multiplied with the scales of its values, and become 16-bit integers too. */
#ifndef ATTENTION_BYTES_H
#define ATTENTION_BYTES_H

#include "attention.h"
#include "numbers.h"

#define MOST_SHORT 32767.f
#define NOTHING 1e-30f /* what is smaller counts as 0 */
#define VAST 1e38f     /* what is larger counts as this: a scale stays finite */

INLINE V as_integers(V x, V factor) { return wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest(mul4(x, factor))); }

/* The greatest magnitude among `count` numbers, a multiple of 4; what is no number is passed over. */
INLINE float greatest_size(const float *x, u32 count) {
  V top = splat(0);
  for (u32 j = 0; j < count; j += 4) top = wasm_f32x4_pmax(top, wasm_f32x4_abs(load(x + j)));
  const float greatest = greatest_of(top);
  return greatest < VAST ? greatest : VAST;
}

INLINE void enlarge(float *x, const float *sizes, u32 head_dim) {
  for (u32 j = 0; j < head_dim; j += 4) store(x + j, mul4(load(x + j), load(sizes + j)));
}

INLINE void reduce(float *x, const float *sizes, u32 head_dim) {
  for (u32 j = 0; j < head_dim; j += 4) store(x + j, wasm_f32x4_div(load(x + j), load(sizes + j)));
}

/* x [head_dim] becomes i16 [head_dim], in place, and behind them their scale as a float. */
INLINE void shorten_query(float *x, u32 head_dim) {
  const float greatest = greatest_size(x, head_dim);
  const int none = greatest < NOTHING;
  V factor = splat(none ? 0 : MOST_SHORT / greatest);
  for (u32 j = 0; j < head_dim; j += 8) {
    V low = as_integers(load(x + j), factor), high = as_integers(load(x + j + 4), factor);
    store(x + j / 2, wasm_i16x8_narrow_i32x4(low, high));
  }
  x[head_dim / 2] = none ? 0 : greatest / MOST_SHORT;
}

/* Writes x [head_dim] as a row of the cache. */
INLINE void store_bytes(u8 *row, const float *x, u32 head_dim) {
  u8 *scales = row + head_dim;
  for (u32 first = 0; first < head_dim; first += BYTES_BLOCK, scales += 2) {
    const u32 end = smaller(first + BYTES_BLOCK, head_dim);
    const float greatest = greatest_size(x + first, end - first);
    const int none = greatest < NOTHING;
    const u32 bits = none ? 0 : ((u32)wasm_i32x4_extract_lane(splat(greatest * (1 / 127.f)), 0) + 0xffff) >> 16;
    scales[0] = (u8)bits;
    scales[1] = (u8)(bits >> 8);
    V factor = splat(none ? 0 : 1.f / wasm_f32x4_extract_lane(wasm_i32x4_splat((i32)(bits << 16)), 0));
    for (u32 j = first; j < end; j += 8) {
      V low = as_integers(load(x + j), factor), high = as_integers(load(x + j + 4), factor);
      V shorts = wasm_i16x8_narrow_i32x4(low, high);
      wasm_v128_store64_lane(row + j, wasm_i8x16_narrow_i16x8(shorts, shorts), 0);
    }
  }
}

/* The scale at `at` in all lanes. */
INLINE V load_scale(const u8 *at) { return wasm_i32x4_shl(wasm_v128_load16_splat(at), 16); }

/* scores[query][position] for n queries, which lie head_dim floats apart. Two positions at a time share the queries' loads; a
 * last one alone is computed twice. */
INLINE void score_bytes(const int n, const float *q, const u8 *rows, u32 head_dim, u32 positions, float *scores) {
  const u32 row = cached_row_bytes(head_dim, 8);
  for (u32 p = 0; p < positions; p += 2) {
    const u8 *one = rows + p * row, *two = p + 1 < positions ? one + row : one;
    V a[QUERIES], b[QUERIES];
#pragma unroll
    for (int i = 0; i < n; i++) a[i] = b[i] = splat(0);
    for (u32 first = 0; first < head_dim; first += BYTES_BLOCK) {
      const u32 end = smaller(first + BYTES_BLOCK, head_dim), scale = head_dim + first / (BYTES_BLOCK / 2);
      V c[QUERIES], d[QUERIES];
#pragma unroll
      for (int i = 0; i < n; i++) c[i] = d[i] = wasm_i32x4_splat(0);
      for (u32 j = first; j < end; j += 8) {
        V left = wasm_i16x8_load8x8(one + j), right = wasm_i16x8_load8x8(two + j);
        const float *at = q + j / 2;
#pragma unroll
        for (int i = 0; i < n; i++, at += head_dim) {
          V query = load(at);
          c[i] = wasm_i32x4_add(c[i], wasm_i32x4_dot_i16x8(query, left));
          d[i] = wasm_i32x4_add(d[i], wasm_i32x4_dot_i16x8(query, right));
        }
      }
      V one_scale = load_scale(one + scale), two_scale = load_scale(two + scale);
#pragma unroll
      for (int i = 0; i < n; i++) {
        a[i] = multiply_add(wasm_f32x4_convert_i32x4(c[i]), one_scale, a[i]);
        b[i] = multiply_add(wasm_f32x4_convert_i32x4(d[i]), two_scale, b[i]);
      }
    }
#pragma unroll
    for (int i = 0; i < n; i++) {
      V scale = load_splat(q + i * head_dim + head_dim / 2);
      wasm_v128_store64_lane(scores + i * SCORES + p, mul4(two_sums(a[i], b[i]), scale), 0);
    }
  }
}

/* Weights times scales as 16-bit integers, 0 behind the last position; what 1 of them is worth. */
static HOT float shorten_weights(i16 *to, const float *weights, const float *scales, u32 positions) {
  const u32 whole = rounded_up(positions, 8);
  V top = splat(0);
  for (u32 p = 0; p < whole; p += 4) top = wasm_f32x4_pmax(top, mul4(load(weights + p), load(scales + p)));
  const float greatest = greatest_of(top);
  const int none = greatest < NOTHING;
  V factor = splat(none ? 0 : MOST_SHORT / greatest);
  for (u32 p = 0; p < whole; p += 8) {
    V low = as_integers(mul4(load(weights + p), load(scales + p)), factor);
    V high = as_integers(mul4(load(weights + p + 4), load(scales + p + 4)), factor);
    store(to + p, wasm_i16x8_narrow_i32x4(low, high));
  }
  return none ? 0 : greatest / MOST_SHORT;
}

/* The numbers of two rows side by side: eight of each. */
INLINE V beside(const u8 *one, const u8 *two) {
  return wasm_i8x16_shuffle(wasm_v128_load64_splat(one), wasm_v128_load64_splat(two), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

/* out[query] = sum of weight times value, for n queries whose parts lie `stride` apart. */
INLINE void mix_bytes(const int n, const float *weights, const u8 *rows, u32 head_dim, u32 positions, float *out, u32 stride) {
  const u32 row = cached_row_bytes(head_dim, 8), even = positions & ~1u;
  float scales[CHUNK], units[QUERIES];
  i16 shorts[QUERIES][CHUNK];
  for (u32 p = even; p < rounded_up(positions, 8); p++) scales[p] = 0;
  for (u32 first = 0; first < head_dim; first += BYTES_BLOCK) {
    const u8 *scale = rows + head_dim + first / (BYTES_BLOCK / 2);
    for (u32 p = 0; p < positions; p++, scale += row) scales[p] = wasm_f32x4_extract_lane(load_scale(scale), 0);
#pragma unroll
    for (int i = 0; i < n; i++) units[i] = shorten_weights(shorts[i], weights + i * SCORES, scales, positions);
    for (u32 j = first; j < smaller(first + BYTES_BLOCK, head_dim); j += 8) {
      V low[QUERIES], high[QUERIES];
#pragma unroll
      for (int i = 0; i < n; i++) low[i] = high[i] = wasm_i32x4_splat(0);
      const u8 *at = rows + j;
      for (u32 p = 0; p < positions; p += 2, at += 2 * row) {
        V pairs = beside(at, p < even ? at + row : at); /* a last one alone: the other's weight is 0 */
        V left = wasm_i16x8_extend_low_i8x16(pairs), right = wasm_i16x8_extend_high_i8x16(pairs);
#pragma unroll
        for (int i = 0; i < n; i++) {
          V two = load_splat(shorts[i] + p);
          low[i] = wasm_i32x4_add(low[i], wasm_i32x4_dot_i16x8(left, two));
          high[i] = wasm_i32x4_add(high[i], wasm_i32x4_dot_i16x8(right, two));
        }
      }
#pragma unroll
      for (int i = 0; i < n; i++) {
        store(out + i * stride + j, mul4(wasm_f32x4_convert_i32x4(low[i]), splat(units[i])));
        store(out + i * stride + j + 4, mul4(wasm_f32x4_convert_i32x4(high[i]), splat(units[i])));
      }
    }
  }
}

#endif
