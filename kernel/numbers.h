/* Computes small functions on vectors: float16, exp, tanh and the two activations. No result depends on a libm. */
#ifndef NUMBERS_H
#define NUMBERS_H

#include "base.h"

/* float16 in the low half of each lane, sign-extended, to float32 times 2^-112. */
INLINE V from_half(V lanes) { return wasm_v128_and(wasm_i32x4_shl(lanes, 13), wasm_i32x4_splat((i32)0x8fffffff)); }

/* Four float16 numbers, times 2^-112. */
INLINE V load_halves(const u16 *at) { return from_half(wasm_i32x4_load16x4(at)); }

/* One float16 number as it is. */
INLINE float half_value(u16 bits) {
  return wasm_f32x4_extract_lane(from_half(wasm_i32x4_splat((i32)(i16)bits)), 0) * 0x1p112f;
}

/* The nearest float16 numbers, ties to even, in the low half of each lane; what is too large becomes the largest. */
INLINE V to_half(V x) {
  V sign = wasm_v128_and(wasm_u32x4_shr(x, 16), wasm_i32x4_splat(0x8000));
  V size = wasm_v128_and(x, wasm_i32x4_splat(0x7fffffff));
  size = wasm_i32x4_min(size, wasm_i32x4_splat(0x477fe000)); /* 65504; NaN too */
  V odd = wasm_v128_and(wasm_u32x4_shr(size, 13), wasm_i32x4_splat(1));
  V normal = wasm_i32x4_add(wasm_i32x4_add(size, odd), wasm_i32x4_splat(0xfff - 0x38000000));
  V tiny = wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest(wasm_f32x4_mul(size, splat(0x1p24f))));
  V is_tiny = wasm_i32x4_lt(size, wasm_i32x4_splat(0x38800000)); /* below 2^-14: float16 is subnormal */
  return wasm_v128_or(sign, wasm_v128_bitselect(tiny, wasm_u32x4_shr(normal, 13), is_tiny));
}

/* What exp4 computes with: V8 makes a constant of a vector anew wherever it is used, in three instructions, and loads it in one. */
#define FOUR_TIMES(x) {x, x, x, x}
static const float EXP_PARTS[][4] __attribute__((aligned(16))) = {
    FOUR_TIMES(-87.f), FOUR_TIMES(88.f), /* bounds of x */
    FOUR_TIMES(1.44269504f), FOUR_TIMES(-0.693359375f), FOUR_TIMES(2.12194440e-4f), /* 1 / ln 2, -ln 2 in two parts */
    FOUR_TIMES(1.9875691500e-4f), FOUR_TIMES(1.3981999507e-3f), FOUR_TIMES(8.3334519073e-3f), FOUR_TIMES(4.1665795894e-2f),
    FOUR_TIMES(1.6666665459e-1f), FOUR_TIMES(5.0000001201e-1f), FOUR_TIMES(1.f),
    FOUR_TIMES(0x1.8p23f), /* added to a small number, it leaves the nearest integer in the lowest bits */
};

/* e^x to some 2 units in the last place (Cephes' expf: argument reduction by ln 2 in two parts, degree 6). */
INLINE V exp4(V x) {
  const float(*part)[4] = EXP_PARTS;
  STEADY(part);
  x = wasm_f32x4_pmin(wasm_f32x4_pmax(x, load(part[0])), load(part[1]));
  V shifted = multiply_add(x, load(part[2]), load(part[12]));
  V n = wasm_f32x4_sub(shifted, load(part[12]));
  V r = multiply_add(n, load(part[4]), multiply_add(n, load(part[3]), x));
  V p = load(part[5]);
  p = multiply_add(p, r, load(part[6]));
  p = multiply_add(p, r, load(part[7]));
  p = multiply_add(p, r, load(part[8]));
  p = multiply_add(p, r, load(part[9]));
  p = multiply_add(p, r, load(part[10]));
  p = add4(multiply_add(p, mul4(r, r), r), load(part[11]));
  /* p times 2^n: n from the bits of `shifted` to the exponent's */
  return mul4(p, wasm_i32x4_add(wasm_i32x4_shl(shifted, 23), load(part[11])));
}

/* x / (1 + e^-x) */
INLINE V silu4(V x) { return wasm_f32x4_div(x, add4(splat(1.f), exp4(wasm_f32x4_neg(x)))); }

/* tanh x = 1 - 2 / (e^2x + 1) */
INLINE V tanh4(V x) {
  return wasm_f32x4_sub(splat(1.f), wasm_f32x4_div(splat(2.f), add4(exp4(add4(x, x)), splat(1.f))));
}

/* GELU by its tanh formula: x / 2 (1 + tanh y) = x / (1 + e^-2y), y = sqrt(2/pi) (x + 0.044715 x^3) */
INLINE V gelu4(V x) {
  V cubic = mul4(mul4(x, x), x);
  V y = mul4(splat(0.7978845608f), multiply_add(splat(0.044715f), cubic, x));
  return wasm_f32x4_div(x, add4(splat(1.f), exp4(mul4(splat(-2.f), y))));
}

#endif
