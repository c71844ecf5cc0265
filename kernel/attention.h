/* Attention of one query row over the cache, in chunks of positions.
 *
 * A chunk's scores, exponentials and weighted values are computed by themselves, with the chunk's own maximum, and the
 * chunks are joined in their order. Chunks lie at fixed positions: a token's result is the same whether one thread
 * goes through all of them (a prompt's rows) or several share them (a single row), to the bit. */
#ifndef ATTENTION_H
#define ATTENTION_H

#include "base.h"

#define CHUNK 64   /* positions */
#define QUERIES 4  /* query heads of one key head that are gone through together */

typedef struct {
  u32 heads, kv_heads, head_dim, group; /* group: query heads of one key head */
  u32 units;                            /* rounds of at most QUERIES heads that a row takes */
  float scale, cap;
} Heads;

/* The keys and values of one layer: head h's row p is at h * head_stride + p * head_dim. */
typedef struct {
  u16 *keys, *values;
  u32 head_stride;
} Cache;

/* What a chunk gives for one head: head_dim values, not divided yet, then the greatest score and the sum of
 * exponentials; padded to whole vectors. */
INLINE u32 part_floats(u32 head_dim) { return head_dim + 4; }

/* The heads of unit `unit`: `*count` from the first that is returned. */
INLINE u32 unit_heads(const Heads *h, u32 unit, u32 *count) {
  const u32 rounds = (h->group + QUERIES - 1) / QUERIES, within = unit % rounds * QUERIES;
  *count = smaller(QUERIES, h->group - within);
  return unit / rounds * h->group + within;
}

/* One chunk for one unit. q: the row's rotated queries [heads][head_dim], times scale and HALF_OF_SHIFT. parts: of `count`
 * heads, part_stride floats apart. Positions from `first` to `end`, both of one chunk. scores: F32 [QUERIES][CHUNK]. */
void attend_chunk(const Heads *h, const Cache *cache, const float *q, u32 unit, u32 first, u32 end, float *parts, u32 part_stride,
                  float *scores);

/* A head's result [head_dim] from the parts of `chunks` chunks, part_stride floats apart. */
void join_chunks(const Heads *h, const float *parts, u32 part_stride, u32 chunks, float *out);

/* Turns the first rotary_dim values of x [head_dim], in halves, by row `table` (cosines, then sines), and multiplies all by
 * `factor`. */
void rotate(float *x, const float *table, u32 head_dim, u32 rotary_dim, float factor);

/* Writes x [head_dim] as float16. */
void store_halves(u16 *to, const float *x, u32 head_dim);

#endif
