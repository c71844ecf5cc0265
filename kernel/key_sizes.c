/* Estimates the keys' channels: the length of the bias, and three times what the row of weights gives for inputs of
 * length 1, as a norm makes them. Where keys have a norm of their own it is the norm's weight. Channels that are rotated into
 * each other have one size, so that it doesn't matter whether keys are rotated or divided first. */
#include "key_sizes.h"

#include "model.h"
#include "threads.h"

#define LEAST_SIZE 1e-12f /* below it a channel is nothing: its size is 1 */
#define MOST_SIZE 1e12f

typedef struct {
  float spread, bias; /* squared */
} Size;

static Size size_of(const Layer *l, u32 key, u32 channel, float *row) {
  const struct orion_decoder *d = &model.decoder;
  if (l->key_norm) return (Size){l->key_norm[channel] * l->key_norm[channel], 0};
  const u32 r = d->heads * d->head_dim + key;
  matrix_row(&l->qkv, r, row);
  V sum = splat(0);
  for (u32 i = 0; i < d->hidden; i += 4) {
    V weight = mul4(load(row + i), load(l->attention_norm + i));
    sum = multiply_add(weight, weight, sum);
  }
  const float bias = l->qkv.bias ? l->qkv.bias[r] : 0;
  return (Size){sum_of(sum), bias * bias};
}

/* Of two channels that are rotated into each other. */
static float together(Size a, Size b) {
  const float size = __builtin_sqrtf(a.bias + b.bias) + 3 * __builtin_sqrtf((a.spread + b.spread) * .5f);
  return size > LEAST_SIZE ? size < MOST_SIZE ? size : MOST_SIZE : 1;
}

static void size_head(const Layer *l, u32 first, float *sizes, float *row) {
  const u32 n = model.decoder.head_dim, rotated = model.decoder.rotary_dim, half = rotated / 2;
  for (u32 j = 0; j < half; j++) sizes[j] = sizes[j + half] = together(size_of(l, first + j, j, row), size_of(l, first + j + half, j + half, row));
  for (u32 j = rotated; j < n; j++) {
    const Size alone = size_of(l, first + j, j, row);
    sizes[j] = together(alone, (Size){alone.spread, 0});
  }
}

static void size_layers(u32 number, u32 threads) {
  const struct orion_decoder *d = &model.decoder;
  const u32 end = share_start(d->layers, number + 1, threads);
  for (u32 i = share_start(d->layers, number, threads); i < end; i++)
    for (u32 head = 0; head < d->kv_heads; head++)
      size_head(model.layers + i, head * d->head_dim, model.layers[i].key_sizes + head * d->head_dim, model.workers[number].row);
}

u32 size_keys(void) { return run_job(size_layers); }
