/* The names of wasm_simd128.h that the kernel uses, in plain C with the compiler's own vectors (GCC and clang), for little-endian
 * machines: with it the kernel runs natively, under sanitizers and in fuzzers. Not meant to be fast. */
#ifndef SIMD_PORTABLE_H
#define SIMD_PORTABLE_H

#include <math.h>
#include <stdint.h>
#include <string.h>

typedef int32_t v128_t __attribute__((vector_size(16)));
typedef float portable_f32 __attribute__((vector_size(16)));
typedef uint32_t portable_u32 __attribute__((vector_size(16)));
typedef int16_t portable_i16 __attribute__((vector_size(16)));
typedef uint16_t portable_u16 __attribute__((vector_size(16)));
typedef int8_t portable_i8 __attribute__((vector_size(16)));
typedef int64_t portable_i64 __attribute__((vector_size(16)));

#define PORTABLE static inline __attribute__((always_inline))
#define AS(type, v) ((portable_##type)(v))

PORTABLE v128_t wasm_v128_load(const void *at) {
  v128_t v;
  memcpy(&v, at, 16);
  return v;
}
PORTABLE void wasm_v128_store(void *at, v128_t v) { memcpy(at, &v, 16); }
PORTABLE v128_t wasm_v128_load32_splat(const void *at) {
  int32_t x;
  memcpy(&x, at, 4);
  return (v128_t){x, x, x, x};
}
PORTABLE v128_t wasm_v128_load16_splat(const void *at) {
  uint16_t x;
  memcpy(&x, at, 2);
  const int32_t two = (int32_t)(x | (uint32_t)x << 16);
  return (v128_t){two, two, two, two};
}
#define wasm_v128_store32_lane(at, v, lane) \
  do {                                      \
    int32_t x_ = (v)[lane];                 \
    memcpy(at, &x_, 4);                     \
  } while (0)
#define wasm_v128_store64_lane(at, v, lane)              \
  do {                                                   \
    int32_t x_[2] = {(v)[2 * (lane)], (v)[2 * (lane) + 1]}; \
    memcpy(at, x_, 8);                                   \
  } while (0)
PORTABLE v128_t wasm_v128_load64_splat(const void *at) {
  int32_t x[2];
  memcpy(x, at, 8);
  return (v128_t){x[0], x[1], x[0], x[1]};
}
PORTABLE v128_t wasm_i32x4_load16x4(const void *at) {
  int16_t x[4];
  memcpy(x, at, 8);
  return (v128_t){x[0], x[1], x[2], x[3]};
}
PORTABLE v128_t wasm_i16x8_load8x8(const void *at) {
  int8_t x[8];
  memcpy(x, at, 8);
  return (v128_t)(portable_i16){x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]};
}

PORTABLE v128_t wasm_f32x4_splat(float x) { return (v128_t)(portable_f32){x, x, x, x}; }
PORTABLE v128_t wasm_i32x4_splat(int32_t x) { return (v128_t){x, x, x, x}; }
PORTABLE v128_t wasm_i16x8_splat(int16_t x) { return (v128_t)(portable_i16){x, x, x, x, x, x, x, x}; }
PORTABLE v128_t wasm_i8x16_splat(int8_t x) { return (v128_t)(portable_i8){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }

#define wasm_f32x4_extract_lane(v, lane) (AS(f32, v)[lane])
#define wasm_i32x4_extract_lane(v, lane) ((v)[lane])

PORTABLE v128_t wasm_f32x4_add(v128_t a, v128_t b) { return (v128_t)(AS(f32, a) + AS(f32, b)); }
PORTABLE v128_t wasm_f32x4_sub(v128_t a, v128_t b) { return (v128_t)(AS(f32, a) - AS(f32, b)); }
PORTABLE v128_t wasm_f32x4_mul(v128_t a, v128_t b) { return (v128_t)(AS(f32, a) * AS(f32, b)); }
PORTABLE v128_t wasm_f32x4_div(v128_t a, v128_t b) { return (v128_t)(AS(f32, a) / AS(f32, b)); }
PORTABLE v128_t wasm_f32x4_neg(v128_t a) { return a ^ (v128_t)(portable_u32){1u << 31, 1u << 31, 1u << 31, 1u << 31}; }
PORTABLE v128_t wasm_f32x4_abs(v128_t a) { return a & wasm_i32x4_splat(0x7fffffff); }
PORTABLE v128_t wasm_f32x4_gt(v128_t a, v128_t b) { return (v128_t)(AS(f32, a) > AS(f32, b)); }
PORTABLE v128_t wasm_v128_bitselect(v128_t a, v128_t b, v128_t mask) { return (a & mask) | (b & ~mask); }
/* b < a ? b : a, and a < b ? b : a: what is no number stays with a. */
PORTABLE v128_t wasm_f32x4_pmin(v128_t a, v128_t b) { return wasm_v128_bitselect(b, a, (v128_t)(AS(f32, b) < AS(f32, a))); }
PORTABLE v128_t wasm_f32x4_pmax(v128_t a, v128_t b) { return wasm_v128_bitselect(b, a, (v128_t)(AS(f32, a) < AS(f32, b))); }
PORTABLE v128_t wasm_f32x4_nearest(v128_t a) {
  portable_f32 x = AS(f32, a);
  return (v128_t)(portable_f32){nearbyintf(x[0]), nearbyintf(x[1]), nearbyintf(x[2]), nearbyintf(x[3])};
}
PORTABLE v128_t wasm_i32x4_trunc_sat_f32x4(v128_t a) {
  v128_t out;
  for (int i = 0; i < 4; i++) {
    float x = AS(f32, a)[i];
    out[i] = x != x ? 0 : x >= 2147483648.f ? INT32_MAX : x < -2147483648.f ? INT32_MIN : (int32_t)x;
  }
  return out;
}
PORTABLE v128_t wasm_f32x4_convert_i32x4(v128_t a) { return (v128_t)(portable_f32){(float)a[0], (float)a[1], (float)a[2], (float)a[3]}; }

/* Sums wrap: they are taken without a sign. */
PORTABLE v128_t wasm_i32x4_add(v128_t a, v128_t b) { return (v128_t)(AS(u32, a) + AS(u32, b)); }
PORTABLE v128_t wasm_i16x8_add(v128_t a, v128_t b) { return (v128_t)(AS(u16, a) + AS(u16, b)); }
PORTABLE v128_t wasm_i16x8_sub(v128_t a, v128_t b) { return (v128_t)(AS(u16, a) - AS(u16, b)); }
PORTABLE v128_t wasm_i16x8_shl(v128_t a, uint32_t n) { return (v128_t)(AS(u16, a) << (portable_u16)wasm_i16x8_splat((int16_t)n)); }
PORTABLE v128_t wasm_i32x4_min(v128_t a, v128_t b) { return wasm_v128_bitselect(a, b, a < b); }
PORTABLE v128_t wasm_i32x4_lt(v128_t a, v128_t b) { return a < b; }
PORTABLE v128_t wasm_i32x4_sub(v128_t a, v128_t b) { return (v128_t)(AS(u32, a) - AS(u32, b)); }
PORTABLE v128_t wasm_i32x4_shl(v128_t a, uint32_t n) { return (v128_t)(AS(u32, a) << n); }
PORTABLE v128_t wasm_i32x4_shr(v128_t a, uint32_t n) { return a >> n; }
PORTABLE v128_t wasm_u32x4_shr(v128_t a, uint32_t n) { return (v128_t)(AS(u32, a) >> n); }
PORTABLE v128_t wasm_u16x8_shr(v128_t a, uint32_t n) { return (v128_t)(AS(u16, a) >> (portable_u16)wasm_i16x8_splat((int16_t)n)); }
PORTABLE v128_t wasm_v128_and(v128_t a, v128_t b) { return a & b; }
PORTABLE v128_t wasm_v128_or(v128_t a, v128_t b) { return a | b; }
PORTABLE v128_t wasm_v128_xor(v128_t a, v128_t b) { return a ^ b; }

#define wasm_i32x4_shuffle(a, b, ...) __builtin_shufflevector((v128_t)(a), (v128_t)(b), __VA_ARGS__)
#define wasm_i64x2_shuffle(a, b, ...) ((v128_t)__builtin_shufflevector(AS(i64, a), AS(i64, b), __VA_ARGS__))
#define wasm_i16x8_shuffle(a, b, ...) ((v128_t)__builtin_shufflevector(AS(i16, a), AS(i16, b), __VA_ARGS__))
#define wasm_i8x16_shuffle(a, b, ...) ((v128_t)__builtin_shufflevector(AS(i8, a), AS(i8, b), __VA_ARGS__))

PORTABLE int32_t portable_clamped(int32_t x, int32_t low, int32_t high) { return x < low ? low : x > high ? high : x; }
PORTABLE v128_t wasm_i16x8_narrow_i32x4(v128_t a, v128_t b) {
  portable_i16 out;
  for (int i = 0; i < 8; i++) out[i] = (int16_t)portable_clamped(i < 4 ? a[i] : b[i - 4], -32768, 32767);
  return (v128_t)out;
}
PORTABLE v128_t wasm_i8x16_narrow_i16x8(v128_t a, v128_t b) {
  portable_i8 out;
  for (int i = 0; i < 16; i++) out[i] = (int8_t)portable_clamped(i < 8 ? AS(i16, a)[i] : AS(i16, b)[i - 8], -128, 127);
  return (v128_t)out;
}
PORTABLE v128_t portable_extend(v128_t a, int from) {
  portable_i16 x = AS(i16, a);
  return (v128_t){x[from], x[from + 1], x[from + 2], x[from + 3]};
}
PORTABLE v128_t portable_extend_bytes(v128_t a, int from) {
  portable_i8 x = AS(i8, a);
  return (v128_t)(portable_i16){x[from], x[from + 1], x[from + 2], x[from + 3], x[from + 4], x[from + 5], x[from + 6], x[from + 7]};
}
PORTABLE v128_t wasm_i16x8_extend_low_i8x16(v128_t a) { return portable_extend_bytes(a, 0); }
PORTABLE v128_t wasm_i16x8_extend_high_i8x16(v128_t a) { return portable_extend_bytes(a, 8); }
PORTABLE v128_t wasm_i32x4_extend_low_i16x8(v128_t a) { return portable_extend(a, 0); }
PORTABLE v128_t wasm_i32x4_extend_high_i16x8(v128_t a) { return portable_extend(a, 4); }
PORTABLE v128_t wasm_i32x4_extadd_pairwise_i16x8(v128_t a) {
  portable_i16 x = AS(i16, a);
  return (v128_t){x[0] + x[1], x[2] + x[3], x[4] + x[5], x[6] + x[7]};
}
PORTABLE v128_t wasm_i32x4_dot_i16x8(v128_t a, v128_t b) {
  portable_i16 x = AS(i16, a), y = AS(i16, b);
  portable_u32 out;
  for (int i = 0; i < 4; i++) out[i] = (uint32_t)(x[2 * i] * y[2 * i]) + (uint32_t)(x[2 * i + 1] * y[2 * i + 1]);
  return (v128_t)out;
}
/* Relaxed: what every processor gives where y is 0 to 127, as weights are here. */
PORTABLE v128_t wasm_i16x8_relaxed_dot_i8x16_i7x16(v128_t a, v128_t b) {
  portable_i8 x = AS(i8, a), y = AS(i8, b);
  portable_i16 out;
  for (int i = 0; i < 8; i++) out[i] = (int16_t)portable_clamped(x[2 * i] * y[2 * i] + x[2 * i + 1] * y[2 * i + 1], -32768, 32767);
  return (v128_t)out;
}
PORTABLE v128_t wasm_f32x4_relaxed_madd(v128_t a, v128_t b, v128_t c) { return wasm_f32x4_add(wasm_f32x4_mul(a, b), c); }

#endif
