#include "attention.h"

#include "numbers.h"

/* Eight float16 numbers as two vectors of float32, times 2^-112. */
INLINE void eight(V *low, V *high, const u16 *at) {
  V halves = load(at);
  *low = from_half(wasm_i32x4_extend_low_i16x8(halves));
  *high = from_half(wasm_i32x4_extend_high_i16x8(halves));
}


/* The sums of a's lanes and of b's, in lanes 0 and 1. */
INLINE V two_sums(V a, V b) {
  V halves = add4(wasm_i32x4_shuffle(a, b, 0, 1, 4, 5), wasm_i32x4_shuffle(a, b, 2, 3, 6, 7));
  return add4(wasm_i32x4_shuffle(halves, halves, 0, 2, 0, 2), wasm_i32x4_shuffle(halves, halves, 1, 3, 1, 3));
}

/* scores[query][position] for n queries, which lie head_dim apart. Two positions at a time share the queries' loads; a last one
 * alone is computed twice. */
INLINE void score(const int n, const float *q, const u16 *keys, u32 head_dim, u32 positions, float *scores) {
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
INLINE void mix(const int n, const float *weights, const u16 *values, u32 head_dim, u32 positions, float *out, u32 stride) {
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

/* Scores become e^(score - greatest) * HALF_OF_SHIFT. */
INLINE void weigh(float *scores, u32 positions, float cap, float *greatest, float *sum) {
  const u32 whole = rounded_up(positions, 4);
  for (u32 p = positions; p < whole; p++) scores[p] = -1e30f;
  V top = splat(-1e30f), total = splat(0);
  for (u32 p = 0; p < whole; p += 4) {
    V s = load(scores + p);
    if (cap > 0 && p + 4 <= positions) s = mul4(splat(cap), tanh4(wasm_f32x4_div(s, splat(cap))));
    if (cap > 0 && p + 4 > positions) { /* the padding stays out of it */
      V capped = mul4(splat(cap), tanh4(wasm_f32x4_div(s, splat(cap))));
      s = wasm_v128_bitselect(capped, s, wasm_f32x4_gt(s, splat(-1e29f)));
    }
    store(scores + p, s);
    top = wasm_f32x4_pmax(top, s);
  }
  *greatest = greatest_of(top);
  top = splat(*greatest);
  for (u32 p = 0; p < whole; p += 4) {
    V e = exp4(wasm_f32x4_sub(load(scores + p), top));
    store(scores + p, mul4(e, splat(HALF_OF_SHIFT)));
    total = add4(total, e);
  }
  *sum = sum_of(total);
}

#define ATTEND(n)                                                                                                                  \
  static HOT void attend_##n(const float *q, const u16 *keys, const u16 *values, u32 head_dim, u32 positions, float cap, \
                             float *parts, u32 stride, float *scores) {                                                            \
    score(n, q, keys, head_dim, positions, scores);                                                                                \
    for (int i = 0; i < n; i++) {                                                                                                  \
      float *end = parts + i * stride + head_dim;                                                                                  \
      weigh(scores + i * CHUNK, positions, cap, end, end + 1);                                                                     \
    }                                                                                                                              \
    mix(n, scores, values, head_dim, positions, parts, stride);                                                                    \
  }
ATTEND(1)
ATTEND(2)
ATTEND(3)
ATTEND(4)

typedef void Attend(const float *q, const u16 *keys, const u16 *values, u32 head_dim, u32 positions, float cap, float *parts, u32 stride,
                    float *scores);
static Attend *const ATTENDS[QUERIES + 1] = {0, attend_1, attend_2, attend_3, attend_4};

void attend_chunk(const Heads *h, const Cache *cache, const float *q, u32 unit, u32 first, u32 end, float *parts, u32 part_stride,
                  float *scores) {
  u32 count;
  const u32 head = unit_heads(h, unit, &count);
  const u64 at = (u64)(head / h->group) * cache->head_stride + (u64)first * h->head_dim;
  ATTENDS[count](q + head * h->head_dim, cache->keys + at, cache->values + at, h->head_dim, end - first, h->cap, parts, part_stride, scores);
}

HOT void join_chunks(const Heads *h, const float *parts, u32 part_stride, u32 chunks, float *out) {
  const u32 d = h->head_dim;
  float top = -1e30f, sum = 0;
  for (u32 c = 0; c < chunks; c++) {
    const float greatest = parts[c * part_stride + d];
    if (greatest > top) top = greatest;
  }
  for (u32 j = 0; j < d; j += 4) store(out + j, splat(0));
  for (u32 c = 0; c < chunks; c++) {
    const float *part = parts + c * part_stride;
    V weight = exp4(splat(part[d] - top));
    sum += wasm_f32x4_extract_lane(weight, 0) * part[d + 1];
    for (u32 j = 0; j < d; j += 4) store(out + j, multiply_add(weight, load(part + j), load(out + j)));
  }
  V inverse = splat(1.f / sum);
  for (u32 j = 0; j < d; j += 4) store(out + j, mul4(load(out + j), inverse));
}

HOT void rotate(float *x, const float *table, u32 head_dim, u32 rotary_dim, float factor) {
  const u32 half = rotary_dim / 2;
  V k = splat(factor);
  for (u32 j = 0; j < half; j += 4) {
    V left = load(x + j), right = load(x + half + j), cosine = mul4(load(table + j), k), sine = mul4(load(table + half + j), k);
    store(x + j, wasm_f32x4_sub(mul4(left, cosine), mul4(right, sine)));
    store(x + half + j, add4(mul4(right, cosine), mul4(left, sine)));
  }
  for (u32 j = rotary_dim; j < head_dim; j += 4) store(x + j, mul4(load(x + j), k));
}

HOT void store_halves(u16 *to, const float *x, u32 head_dim) {
  for (u32 j = 0; j < head_dim; j += 8) {
    V low = to_half(load(x + j)), high = to_half(load(x + j + 4));
    store(to + j, wasm_i8x16_shuffle(low, high, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29));
  }
}
