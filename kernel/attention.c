#include "attention.h"

#include "attention_bytes.h"
#include "attention_halves.h"
#include "numbers.h"

/* Scores are pressed below the cap; what stands behind the last position stays out of it. */
static HOT void cap_scores(float *scores, u32 count, float cap) {
  for (u32 p = 0; p < count; p += 4) {
    V s = load(scores + p), capped = mul4(splat(cap), tanh4(wasm_f32x4_div(s, splat(cap))));
    store(scores + p, wasm_v128_bitselect(capped, s, wasm_f32x4_gt(s, splat(-1e29f))));
  }
}

/* Scores become e^(score - greatest) * factor. */
static HOT void weigh(float *scores, u32 positions, float cap, float factor, float *greatest, float *sum) {
  const u32 whole = rounded_up(positions, 4);
  for (u32 p = positions; p < whole; p++) scores[p] = -1e30f;
  V top = splat(-1e30f), total = splat(0);
  if (cap > 0) cap_scores(scores, whole, cap);
  for (u32 p = 0; p < whole; p += 4) top = wasm_f32x4_pmax(top, load(scores + p));
  *greatest = greatest_of(top);
  top = splat(*greatest);
  for (u32 p = 0; p < whole; p += 4) {
    V e = exp4(wasm_f32x4_sub(load(scores + p), top));
    store(scores + p, mul4(e, splat(factor)));
    total = add4(total, e);
  }
  *sum = sum_of(total);
}

#define ATTEND(n, form, factor)                                                                                                    \
  static HOT void attend_##form##_##n(const float *q, const u8 *keys, const u8 *values, u32 head_dim, u32 positions, float cap,    \
                                      float *parts, u32 stride, float *scores) {                                                   \
    score_##form(n, q, keys, head_dim, positions, scores);                                                                         \
    for (int i = 0; i < n; i++) {                                                                                                  \
      float *end = parts + i * stride + head_dim;                                                                                  \
      weigh(scores + i * SCORES, positions, cap, factor, end, end + 1);                                                             \
    }                                                                                                                              \
    mix_##form(n, scores, values, head_dim, positions, parts, stride);                                                             \
  }
ATTEND(1, halves, HALF_OF_SHIFT)
ATTEND(2, halves, HALF_OF_SHIFT)
ATTEND(3, halves, HALF_OF_SHIFT)
ATTEND(4, halves, HALF_OF_SHIFT)
ATTEND(1, bytes, 1.f)
ATTEND(2, bytes, 1.f)
ATTEND(3, bytes, 1.f)
ATTEND(4, bytes, 1.f)

typedef void Attend(const float *q, const u8 *keys, const u8 *values, u32 head_dim, u32 positions, float cap, float *parts, u32 stride,
                    float *scores);
static Attend *const OF_HALVES[QUERIES + 1] = {0, attend_halves_1, attend_halves_2, attend_halves_3, attend_halves_4};
static Attend *const OF_BYTES[QUERIES + 1] = {0, attend_bytes_1, attend_bytes_2, attend_bytes_3, attend_bytes_4};

void attend_chunk(const Heads *h, const Cache *cache, const float *q, u32 unit, u32 first, u32 end, float *parts, u32 part_stride,
                  float *scores) {
  u32 count;
  const u32 head = unit_heads(h, unit, &count);
  const u64 at = (u64)(head / h->group) * cache->head_stride + (u64)first * cache->row_bytes;
  Attend *const attend = (h->bits == 8 ? OF_BYTES : OF_HALVES)[count];
  attend(q + head * h->head_dim, cache->keys + at, cache->values + at, h->head_dim, end - first, h->cap, parts, part_stride, scores);
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
  if (h->bits == 16) join_eights(out, d);
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

HOT void ready_query(const Heads *h, float *query, const float *table, u32 rotary_dim, const float *sizes) {
  rotate(query, table, h->head_dim, rotary_dim, h->bits == 8 ? h->scale : h->scale * HALF_OF_SHIFT);
  if (sizes) enlarge(query, sizes, h->head_dim);
  if (h->bits == 8)
    shorten_query(query, h->head_dim);
  else
    part_eights(query, h->head_dim);
}

HOT void ready_key(const Heads *h, float *key, const float *table, u32 rotary_dim, const float *sizes) {
  rotate(key, table, h->head_dim, rotary_dim, 1.f);
  if (sizes) reduce(key, sizes, h->head_dim);
}

HOT void store_row(const Heads *h, u8 *row, const float *x) {
  if (h->bits == 8)
    store_bytes(row, x, h->head_dim);
  else
    store_halves(row, x, h->head_dim);
}
