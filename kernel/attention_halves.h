/* Computes a chunk's scores and sums over a cache of float16 numbers. Queries are floats, times scale and HALF_OF_SHIFT.
 *
 * Eight numbers are taken apart into those at even and those at odd places, in two instructions each. So queries, and a chunk's sums,
 * have the eight in that order: 0, 2, 4, 6, 1, 3, 5, 7. */
#ifndef ATTENTION_HALVES_H
#define ATTENTION_HALVES_H

#include "attention.h"
#include "numbers.h"

/* As values that look computed these stay in registers (blocks.h). */
typedef struct {
  V mask; /* what is left of a float16 that was shifted */
  V even; /* 2^13 times the first of two 16-bit numbers */
} Halves;

INLINE Halves halves_parts(void) {
  u32 mask = 0x8fffe000, even = 1 << 13;
  STEADY(mask);
  STEADY(even);
  return (Halves){wasm_i32x4_splat((i32)mask), wasm_i32x4_splat((i32)even)};
}

/* Vector v of a row, times 2^-112: of the eight numbers from 8 (v / 2) those at even places, or (v is odd) at odd places. */
INLINE V four_halves(const u16 *row, u32 v, Halves h) {
  V eight = load(row + 8 * (v / 2));
  return wasm_v128_and(v % 2 ? wasm_i32x4_shr(eight, 3) : wasm_i32x4_dot_i16x8(eight, h.even), h.mask);
}

/* x [count] in the order of four_halves, and back. */
INLINE void part_eights(float *x, u32 count) {
  for (u32 j = 0; j < count; j += 8) {
    V low = load(x + j), high = load(x + j + 4);
    store(x + j, wasm_i32x4_shuffle(low, high, 0, 2, 4, 6));
    store(x + j + 4, wasm_i32x4_shuffle(low, high, 1, 3, 5, 7));
  }
}

INLINE void join_eights(float *x, u32 count) {
  for (u32 j = 0; j < count; j += 8) {
    V even = load(x + j), odd = load(x + j + 4);
    store(x + j, wasm_i32x4_shuffle(even, odd, 0, 4, 1, 5));
    store(x + j + 4, wasm_i32x4_shuffle(even, odd, 2, 6, 3, 7));
  }
}

/* scores[query][position] for n queries [head_dim], which lie head_dim apart. Positions go through together, as many as there are
 * registers for: they share the queries' loads, and none waits for its own sum. Behind the last position its row is taken again; what
 * that gives is overwritten, or lies behind the last score. */
INLINE void score_halves(const int n, const float *q, const u8 *rows, u32 head_dim, u32 positions, float *scores) {
  const int wide = n == 1 ? 4 : n == 2 ? 3 : 2; /* positions */
  const Halves parts = halves_parts();
  const u16 *row = (const u16 *)(const void *)rows, *last = row + (positions - 1) * head_dim;
  for (u32 p = 0; p < positions; p += (u32)wide) {
    const u16 *at[4];
    V sums[4][QUERIES];
#pragma unroll
    for (int k = 0; k < wide; k++, row += head_dim) {
      at[k] = row < last ? row : last;
#pragma unroll
      for (int i = 0; i < n; i++) sums[k][i] = splat(0);
    }
#pragma clang loop unroll(disable)
    for (u32 j = 0; j < head_dim; j += 8) {
      const float *query = q + j;
#pragma unroll
      for (u32 half = 0; half < 2; half++) {
        V four[4];
#pragma unroll
        for (int k = 0; k < wide; k++) four[k] = four_halves(at[k], half, parts);
#pragma unroll
        for (int i = 0; i < n; i++) {
          V values = load(query + (u32)i * head_dim + 4 * half);
#pragma unroll
          for (int k = 0; k < wide; k++) {
            sums[k][i] = multiply_add(values, four[k], sums[k][i]);
            IN_ITS_PLACE(sums[k][i]);
          }
        }
      }
#pragma unroll
      for (int k = 0; k < wide; k++) {
        at[k] += 8;
        STEADY(at[k]);
      }
    }
#pragma unroll
    for (int i = 0; i < n; i++) {
      const int third = wide > 2 ? 2 : 0, fourth = wide > 3 ? 3 : third;
      store(scores + i * SCORES + p, mul4(four_sums(sums[0][i], sums[1][i], sums[third][i], sums[fourth][i]), splat(HALF_OF_SHIFT)));
    }
  }
}

/* Vectors [first, first + fours) of out[query] = sum of weight times value; first matters only by being even or odd. */
INLINE void mix_vectors(const int n, const u32 fours, const u32 first, const float *weights, const u16 *at, u32 head_dim, u32 positions, float *out,
                        u32 stride, Halves parts) {
  V sums[QUERIES][4];
#pragma unroll
  for (int i = 0; i < n; i++)
#pragma unroll
    for (u32 k = 0; k < fours; k++) sums[i][k] = splat(0);
#pragma clang loop unroll(disable)
  for (u32 p = 0; p < positions; p++, at += head_dim, weights++) {
    STEADY(at);
    STEADY(weights);
    V four[4];
#pragma unroll
    for (u32 k = 0; k < fours; k++) four[k] = four_halves(at, first + k, parts);
#pragma unroll
    for (int i = 0; i < n; i++) {
      V weight = load_splat(weights + i * SCORES);
#pragma unroll
      for (u32 k = 0; k < fours; k++) sums[i][k] = multiply_add(weight, four[k], sums[i][k]);
    }
  }
#pragma unroll
  for (int i = 0; i < n; i++)
#pragma unroll
    for (u32 k = 0; k < fours; k++) store(out + (u32)i * stride + 4 * k, mul4(sums[i][k], splat(HALF_OF_SHIFT)));
}

/* out[query] = sum of weight times value, for n queries whose parts lie `stride` apart. */
INLINE void mix_halves(const int n, const float *weights, const u8 *rows, u32 head_dim, u32 positions, float *out, u32 stride) {
  const u16 *values = (const u16 *)(const void *)rows;
  const Halves parts = halves_parts();
  u32 j = 0; /* columns go through together, as positions do above */
  if (n <= 2)
    for (; j + 16 <= head_dim; j += 16) mix_vectors(n, 4, 0, weights, values + j, head_dim, positions, out + j, stride, parts);
  if (n == 3)
    for (; j + 24 <= head_dim; j += 24) {
      mix_vectors(n, 3, 0, weights, values + j, head_dim, positions, out + j, stride, parts);
      mix_vectors(n, 3, 1, weights, values + j + 8, head_dim, positions, out + j + 12, stride, parts);
    }
  for (; j < head_dim; j += 8) mix_vectors(n, 2, 0, weights, values + j, head_dim, positions, out + j, stride, parts);
}

/* Writes x [head_dim] as a row of the cache. */
INLINE void store_halves(u8 *row, const float *x, u32 head_dim) {
  for (u32 j = 0; j < head_dim; j += 8) {
    V low = to_half(load(x + j)), high = to_half(load(x + j + 4));
    store(row + 2 * j, wasm_i8x16_shuffle(low, high, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29));
  }
}

#endif
