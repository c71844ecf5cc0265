/* Provides 128-bit vectors under the names of clang's wasm_simd128.h.
 *
 * RELAXED: relaxed SIMD may be used. Natively the same names are plain C, so that the kernel runs under sanitizers. */
#ifndef SIMD_H
#define SIMD_H

#ifdef __wasm__
#include <wasm_simd128.h>
/* Hides a vector from the compiler between two steps of a sum: it would compute each sum in one go, behind the loads of all, and
 * V8 would run out of registers. */
#define IN_ITS_PLACE(v) __asm__ volatile("" : "+r"(v))
#else
#include "simd_portable.h"
#define IN_ITS_PLACE(v) (void)(v)
#endif

typedef v128_t V;

#define load wasm_v128_load
#define store wasm_v128_store
#define splat wasm_f32x4_splat
#define load_splat wasm_v128_load32_splat
#define add4 wasm_f32x4_add
#define mul4 wasm_f32x4_mul

/* a b + c. Relaxed: with one rounding where the processor fuses, with two where it doesn't, but always the same
 * within one machine. */
#ifdef RELAXED
#define multiply_add wasm_f32x4_relaxed_madd
#else
#define multiply_add(a, b, c) wasm_f32x4_add(wasm_f32x4_mul(a, b), c)
#endif

/* Four lanes' sum and greatest, always in this order. */
static inline __attribute__((always_inline)) float sum_of(V v) {
  V pairs = wasm_f32x4_add(v, wasm_i32x4_shuffle(v, v, 2, 3, 2, 3));
  return wasm_f32x4_extract_lane(pairs, 0) + wasm_f32x4_extract_lane(pairs, 1);
}

static inline __attribute__((always_inline)) float greatest_of(V v) {
  v = wasm_f32x4_pmax(v, wasm_i32x4_shuffle(v, v, 2, 3, 2, 3));
  v = wasm_f32x4_pmax(v, wasm_i32x4_shuffle(v, v, 1, 1, 1, 1));
  return wasm_f32x4_extract_lane(v, 0);
}

/* Word t of four in each lane: t is a constant. */
static inline __attribute__((always_inline)) V lane_splat(V v, const int t) {
  return t == 0   ? wasm_i32x4_shuffle(v, v, 0, 0, 0, 0)
         : t == 1 ? wasm_i32x4_shuffle(v, v, 1, 1, 1, 1)
         : t == 2 ? wasm_i32x4_shuffle(v, v, 2, 2, 2, 2)
                  : wasm_i32x4_shuffle(v, v, 3, 3, 3, 3);
}

/* Rows and columns of four vectors of four words exchanged. */
static inline __attribute__((always_inline)) void transpose(V out[4], V a, V b, V c, V d) {
  V ab_low = wasm_i32x4_shuffle(a, b, 0, 4, 1, 5), cd_low = wasm_i32x4_shuffle(c, d, 0, 4, 1, 5);
  V ab_high = wasm_i32x4_shuffle(a, b, 2, 6, 3, 7), cd_high = wasm_i32x4_shuffle(c, d, 2, 6, 3, 7);
  out[0] = wasm_i64x2_shuffle(ab_low, cd_low, 0, 2);
  out[1] = wasm_i64x2_shuffle(ab_low, cd_low, 1, 3);
  out[2] = wasm_i64x2_shuffle(ab_high, cd_high, 0, 2);
  out[3] = wasm_i64x2_shuffle(ab_high, cd_high, 1, 3);
}

#endif
