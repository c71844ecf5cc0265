/* Computes a chunk's scores and sums over a cache of float16 numbers. Queries are floats, times scale and HALF_OF_SHIFT. */
#ifndef ATTENTION_HALVES_H
#define ATTENTION_HALVES_H

#include "attention.h"
#include "numbers.h"

/* Eight float16 numbers as two vectors of float32, times 2^-112. */
INLINE void eight(V *low, V *high, const u16 *at) {
  V halves = load(at);
  *low = from_half(wasm_i32x4_extend_low_i16x8(halves));
  *high = from_half(wasm_i32x4_extend_high_i16x8(halves));
}

/* scores[query][position] for n queries [head_dim], which lie head_dim apart. Two positions at a time share the queries' loads; a last one
 * alone is computed twice. */
INLINE void score_halves(const int n, const float *q, const u8 *rows, u32 head_dim, u32 positions, float *scores) {
  const u16 *keys = (const u16 *)(const void *)rows;
  for (u32 p = 0; p < positions; p += 2) {
    const u16 *one = keys + p * head_dim, *two = p + 1 < positions ? one + head_dim : one;
    V a[QUERIES], b[QUERIES];
#pragma unroll
    for (int i = 0; i < n; i++) a[i] = b[i] = splat(0);
    for (u32 j = 0; j < head_dim; j += 8) {
      V one_low, one_high, two_low, two_high;
      eight(&one_low, &one_high, one + j);
      eight(&two_low, &two_high, two + j);
      const float *at = q + j;
#pragma unroll
      for (int i = 0; i < n; i++, at += head_dim) {
        V low = load(at), high = load(at + 4);
        a[i] = multiply_add(high, one_high, multiply_add(low, one_low, a[i]));
        b[i] = multiply_add(high, two_high, multiply_add(low, two_low, b[i]));
      }
    }
#pragma unroll
    for (int i = 0; i < n; i++) wasm_v128_store64_lane(scores + i * CHUNK + p, mul4(two_sums(a[i], b[i]), splat(HALF_OF_SHIFT)), 0);
  }
}

/* out[query] = sum of weight times value, for n queries whose parts lie `stride` apart. */
INLINE void mix_halves(const int n, const float *weights, const u8 *rows, u32 head_dim, u32 positions, float *out, u32 stride) {
  const u16 *values = (const u16 *)(const void *)rows;
  for (u32 j = 0; j < head_dim; j += 8) {
    V low[QUERIES], high[QUERIES];
#pragma unroll
    for (int i = 0; i < n; i++) low[i] = high[i] = splat(0);
    const u16 *at = values + j;
    u32 p = 0;
    for (; p + 2 <= positions; p += 2, at += 2 * head_dim) {
      V one_low, one_high, two_low, two_high;
      eight(&one_low, &one_high, at);
      eight(&two_low, &two_high, at + head_dim);
#pragma unroll
      for (int i = 0; i < n; i++) {
        V two = wasm_v128_load64_splat(weights + i * CHUNK + p), weight = wasm_i32x4_shuffle(two, two, 0, 0, 0, 0);
        low[i] = multiply_add(weight, one_low, low[i]);
        high[i] = multiply_add(weight, one_high, high[i]);
        weight = wasm_i32x4_shuffle(two, two, 1, 1, 1, 1);
        low[i] = multiply_add(weight, two_low, low[i]);
        high[i] = multiply_add(weight, two_high, high[i]);
      }
    }
    if (p < positions) {
      V value_low, value_high;
      eight(&value_low, &value_high, at);
#pragma unroll
      for (int i = 0; i < n; i++) {
        V weight = load_splat(weights + i * CHUNK + p);
        low[i] = multiply_add(weight, value_low, low[i]);
        high[i] = multiply_add(weight, value_high, high[i]);
      }
    }
#pragma unroll
    for (int i = 0; i < n; i++) {
      store(out + i * stride + j, mul4(low[i], splat(HALF_OF_SHIFT)));
      store(out + i * stride + j + 4, mul4(high[i], splat(HALF_OF_SHIFT)));
    }
  }
}

/* Writes x [head_dim] as a row of the cache. */
INLINE void store_halves(u8 *row, const float *x, u32 head_dim) {
  for (u32 j = 0; j < head_dim; j += 8) {
    V low = to_half(load(x + j)), high = to_half(load(x + j + 4));
    store(row + 2 * j, wasm_i8x16_shuffle(low, high, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29));
  }
}

#endif
