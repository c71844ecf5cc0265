/* Describes the open model: its layers, and where everything is in the workspace. */
#ifndef MODEL_H
#define MODEL_H

#include "attention.h"
#include "matrix.h"

typedef struct {
  const float *attention_norm, *query_norm, *key_norm, *attention_post_norm, *mlp_norm, *mlp_post_norm;
  Matrix qkv, output, gate, up, down;
  const float *rope;
  u32 window;       /* positions that a query sees; 0 for all */
  float *key_sizes; /* [kv_heads][head_dim], what keys are divided by before they become 8 bits; or 0 */
} Layer;

/* What one thread has for itself. */
typedef struct {
  Bench bench;
  u8 *inputs[KINDS]; /* one row of activations, of the longest input of any matrix */
  float *row;        /* one row of floats: hidden or heads * head_dim, padded */
  float *queries;    /* [heads][head_dim] */
  float *scores;     /* [QUERIES][SCORES] */
  float *parts;      /* [chunks][QUERIES][part_floats] */
  u8 *scratch;       /* a group of any matrix, while it is arranged */
} Worker;

typedef struct {
  u32 open;
  struct orion_decoder decoder;
  Heads heads;
  Matrix table, head_matrix;
  const Matrix *head; /* one of these two */
  const float *rescale, *final_norm;
  Layer *layers;
  struct orion_tensor *tensors; /* [tensor_count], the host's table as it was at orion_open */
  Matrix **matrices;            /* of each tensor its matrix, or 0 */
  u8 *prepared;                 /* [tensor_count] */
  u32 unprepared;               /* how many of them aren't */
  Worker *workers;              /* [max_threads] */
  /* Rows of the call [max_rows]: */
  float *x, *qkv, *attended, *delta, *hidden;
  u8 *inputs[KINDS]; /* packets of LANES rows */
  u32 qkv_stride;
  float *parts; /* [chunks][heads][part_floats], of a row that is alone */
  float *logits;
  float *key_sizes; /* of all layers, where the cache is of 8 bits */
  u32 *tokens, *positions;
  u32 cache; /* offset */
} Model;

extern Model model;

/* Remembers what a status is about, and gives it. */
u32 failed(u32 status, u32 detail);

/* Whether `bytes` from `offset` lie in the memory, above the module's own data, and at a multiple of `alignment`. */
int inside(u32 offset, u64 bytes, u32 alignment);

/* Bytes of a tensor's data, and of its scales (and of its minima, where it has any). */
u64 data_bytes(const struct orion_tensor *t);
u64 scale_bytes(const struct orion_tensor *t);

#endif
