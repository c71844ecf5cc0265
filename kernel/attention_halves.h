/* Computes a chunk's scores and sums over a cache of float16 numbers. Queries are floats, times scale and HALF_OF_SHIFT. */
#ifndef ATTENTION_HALVES_H
#define ATTENTION_HALVES_H

#include "attention.h"
#include "numbers.h"

/* What is left of a float16 that was shifted. As a value that looks computed it stays in a register (blocks.h). */
INLINE V mask_of_halves(void) {
  u32 mask = 0x8fffffff;
  STEADY(mask);
  return wasm_i32x4_splat((i32)mask);
}

/* Four float16 numbers, times 2^-112. */
INLINE V four_halves(const u16 *at, V mask) { return wasm_v128_and(wasm_i32x4_shl(wasm_i32x4_load16x4(at), 13), mask); }

/* scores[query][position] for n queries [head_dim], which lie head_dim apart. Positions go through together, as many as there are
 * registers for: they share the queries' loads, and none waits for its own sum. Behind the last position its row is taken again. */
INLINE void score_halves(const int n, const float *q, const u8 *rows, u32 head_dim, u32 positions, float *scores) {
  const int wide = n <= 2 ? 4 : n == 3 ? 3 : 2; /* positions */
  const u16 *keys = (const u16 *)(const void *)rows;
  const V mask = mask_of_halves();
  for (u32 p = 0; p < positions; p += (u32)wide) {
    const u16 *at[4];
    V sums[4][QUERIES];
#pragma unroll
    for (int k = 0; k < wide; k++) {
      at[k] = keys + smaller(p + (u32)k, positions - 1) * head_dim;
#pragma unroll
      for (int i = 0; i < n; i++) sums[k][i] = splat(0);
    }
#pragma clang loop unroll(disable)
    for (u32 j = 0; j < head_dim; j += 4) {
      V four[4];
#pragma unroll
      for (int k = 0; k < wide; k++) four[k] = four_halves(at[k] + j, mask);
      const float *query = q + j;
#pragma unroll
      for (int i = 0; i < n; i++, query += head_dim) {
        V values = load(query);
#pragma unroll
        for (int k = 0; k < wide; k++) sums[k][i] = multiply_add(values, four[k], sums[k][i]);
      }
    }
#pragma unroll
    for (int i = 0; i < n; i++) {
#pragma unroll
      for (int k = 0; k < wide; k += 2) {
        V two = mul4(two_sums(sums[k][i], sums[k + 1 < wide ? k + 1 : k][i]), splat(HALF_OF_SHIFT));
        float *to = scores + i * CHUNK + p + k;
        if (p + (u32)k < positions) wasm_v128_store32_lane(to, two, 0);
        if (k + 1 < wide && p + (u32)k + 1 < positions) wasm_v128_store32_lane(to + 1, two, 1);
      }
    }
  }
}

/* Adds weight times value to `fours` vectors of each of n queries, for one position. */
INLINE void mix_position(const int n, const int fours, V sums[QUERIES][4], const float *weights, const u16 *at, V mask) {
  V four[4];
#pragma unroll
  for (int k = 0; k < fours; k++) four[k] = four_halves(at + 4 * k, mask);
#pragma unroll
  for (int i = 0; i < n; i++) {
    V weight = load_splat(weights + i * CHUNK);
#pragma unroll
    for (int k = 0; k < fours; k++) sums[i][k] = multiply_add(weight, four[k], sums[i][k]);
  }
}

/* 4 * fours columns of out[query] = sum of weight times value. */
INLINE void mix_columns(const int n, const int fours, const float *weights, const u16 *at, u32 head_dim, u32 positions, float *out, u32 stride,
                        V mask) {
  V sums[QUERIES][4];
#pragma unroll
  for (int i = 0; i < n; i++)
#pragma unroll
    for (int k = 0; k < fours; k++) sums[i][k] = splat(0);
#pragma clang loop unroll(disable)
  for (u32 p = 0; p < positions; p++, at += head_dim, weights++) mix_position(n, fours, sums, weights, at, mask);
#pragma unroll
  for (int i = 0; i < n; i++)
#pragma unroll
    for (int k = 0; k < fours; k++) store(out + (u32)i * stride + 4 * k, mul4(sums[i][k], splat(HALF_OF_SHIFT)));
}

/* out[query] = sum of weight times value, for n queries whose parts lie `stride` apart. */
INLINE void mix_halves(const int n, const float *weights, const u8 *rows, u32 head_dim, u32 positions, float *out, u32 stride) {
  const u16 *values = (const u16 *)(const void *)rows;
  const V mask = mask_of_halves();
  u32 j = 0; /* columns go through together, as positions do above */
  if (n <= 2)
    for (; j + 16 <= head_dim; j += 16) mix_columns(n, 4, weights, values + j, head_dim, positions, out + j, stride, mask);
  if (n == 3)
    for (; j + 12 <= head_dim; j += 12) mix_columns(n, 3, weights, values + j, head_dim, positions, out + j, stride, mask);
  for (; j + 8 <= head_dim; j += 8) mix_columns(n, 2, weights, values + j, head_dim, positions, out + j, stride, mask);
  if (j < head_dim) mix_columns(n, 1, weights, values + j, head_dim, positions, out + j, stride, mask);
}

/* Writes x [head_dim] as a row of the cache. */
INLINE void store_halves(u8 *row, const float *x, u32 head_dim) {
  for (u32 j = 0; j < head_dim; j += 8) {
    V low = to_half(load(x + j)), high = to_half(load(x + j + 4));
    store(row + 2 * j, wasm_i8x16_shuffle(low, high, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29));
  }
}

#endif
