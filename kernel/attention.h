/* Computes the attention of one query row over the cache, in chunks of positions.
 *
 * A chunk's scores, exponentials and weighted values are computed by themselves, with the chunk's own maximum, and the
 * chunks are joined in their order. Chunks lie at fixed positions: a token's result is the same whether one thread
 * goes through all of them (a prompt's rows) or several share them (a single row), to the bit. */
#ifndef ATTENTION_H
#define ATTENTION_H

#include "base.h"

#define CHUNK 64   /* positions */
#define QUERIES 4  /* query heads of one key head that are gone through together */
#define SCORES (CHUNK + 4) /* room for a chunk's scores: they are written four at a time, also behind the last */

typedef struct {
  u32 heads, kv_heads, head_dim, group; /* group: query heads of one key head */
  u32 units;                            /* rounds of at most QUERIES heads that a row takes */
  u32 bits;                             /* of a cached number: 16 or 8 */
  float scale, cap;
} Heads;

/* The keys and values of one layer: head h's row p is at h * head_stride + p * row_bytes. */
typedef struct {
  u8 *keys, *values;
  u32 head_stride, row_bytes;
} Cache;

#define BYTES_BLOCK 32 /* numbers of a row of 8-bit numbers that share a scale */

/* A head's row of keys or values in the cache, an even number of bytes: attention_halves.h and attention_bytes.h. */
INLINE u32 cached_row_bytes(u32 head_dim, u32 bits) {
  return bits == 8 ? head_dim + 2 * ((head_dim + BYTES_BLOCK - 1) / BYTES_BLOCK) : 2 * head_dim;
}

/* The sums of a's lanes and of b's, in lanes 0 and 1. */
INLINE V two_sums(V a, V b) {
  V halves = add4(wasm_i32x4_shuffle(a, b, 0, 1, 4, 5), wasm_i32x4_shuffle(a, b, 2, 3, 6, 7));
  return add4(wasm_i32x4_shuffle(halves, halves, 0, 2, 0, 2), wasm_i32x4_shuffle(halves, halves, 1, 3, 1, 3));
}

/* The sums of four vectors' lanes, added up in the same order. */
INLINE V four_sums(V a, V b, V c, V d) {
  V left = add4(wasm_i32x4_shuffle(a, b, 0, 1, 4, 5), wasm_i32x4_shuffle(a, b, 2, 3, 6, 7));
  V right = add4(wasm_i32x4_shuffle(c, d, 0, 1, 4, 5), wasm_i32x4_shuffle(c, d, 2, 3, 6, 7));
  return add4(wasm_i32x4_shuffle(left, right, 0, 2, 4, 6), wasm_i32x4_shuffle(left, right, 1, 3, 5, 7));
}

/* What a chunk gives for one head: head_dim values, not divided yet, then the greatest score and the sum of
 * exponentials; padded to whole vectors. */
INLINE u32 part_floats(u32 head_dim) { return head_dim + 4; }

/* The heads of unit `unit`: `*count` from the first that is returned. */
INLINE u32 unit_heads(const Heads *h, u32 unit, u32 *count) {
  const u32 rounds = (h->group + QUERIES - 1) / QUERIES, within = unit % rounds * QUERIES;
  *count = smaller(QUERIES, h->group - within);
  return unit / rounds * h->group + within;
}

/* One chunk for one unit. q: the row's queries [heads][head_dim], from ready_query. parts: of `count`
 * heads, part_stride floats apart. Positions from `first` to `end`, both of one chunk. scores: F32 [QUERIES][SCORES]. */
void attend_chunk(const Heads *h, const Cache *cache, const float *q, u32 unit, u32 first, u32 end, float *parts, u32 part_stride,
                  float *scores);

/* A head's result [head_dim] from the parts of `chunks` chunks, part_stride floats apart. */
void join_chunks(const Heads *h, const float *parts, u32 part_stride, u32 chunks, float *out);

/* Turns the first rotary_dim values of x [head_dim], in halves, by row `table` (cosines, then sines), and multiplies all by
 * `factor`. */
void rotate(float *x, const float *table, u32 head_dim, u32 rotary_dim, float factor);

/* Turns a query [head_dim] as `rotate` does, and brings it into the form that the cache's rows are multiplied with. sizes
 * [head_dim]: of its key head's channels, or 0. */
void ready_query(const Heads *h, float *query, const float *table, u32 rotary_dim, const float *sizes);

/* Turns a key [head_dim], to be stored by store_row. */
void ready_key(const Heads *h, float *key, const float *table, u32 rotary_dim, const float *sizes);

/* Writes x [head_dim] as a row of the cache. */
void store_row(const Heads *h, u8 *row, const float *x);

#endif
