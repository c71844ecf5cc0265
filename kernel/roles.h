/* Lists the tensors of a decoder and their shapes. */
#ifndef ROLES_H
#define ROLES_H

#include "base.h"

enum { VECTOR = 0, MATRIX = 1, REQUIRED = 2, OF_LAYER = 4 };

/* VECTOR or MATRIX, with REQUIRED and OF_LAYER. */
static const u8 ROLES[ORION_ROLES] = {
    [ORION_TOKEN_TABLE] = MATRIX | REQUIRED,
    [ORION_TABLE_RESCALE] = VECTOR,
    [ORION_FINAL_NORM] = VECTOR | REQUIRED,
    [ORION_HEAD] = MATRIX,
    [ORION_ATTENTION_NORM] = VECTOR | REQUIRED | OF_LAYER,
    [ORION_QKV] = MATRIX | REQUIRED | OF_LAYER,
    [ORION_QKV_BIAS] = VECTOR | OF_LAYER,
    [ORION_QUERY_NORM] = VECTOR | OF_LAYER,
    [ORION_KEY_NORM] = VECTOR | OF_LAYER,
    [ORION_ATTENTION_OUTPUT] = MATRIX | REQUIRED | OF_LAYER,
    [ORION_ATTENTION_OUTPUT_BIAS] = VECTOR | OF_LAYER,
    [ORION_ATTENTION_POST_NORM] = VECTOR | OF_LAYER,
    [ORION_MLP_NORM] = VECTOR | REQUIRED | OF_LAYER,
    [ORION_GATE] = MATRIX | REQUIRED | OF_LAYER,
    [ORION_GATE_BIAS] = VECTOR | OF_LAYER,
    [ORION_UP] = MATRIX | REQUIRED | OF_LAYER,
    [ORION_UP_BIAS] = VECTOR | OF_LAYER,
    [ORION_DOWN] = MATRIX | REQUIRED | OF_LAYER,
    [ORION_DOWN_BIAS] = VECTOR | OF_LAYER,
    [ORION_MLP_POST_NORM] = VECTOR | OF_LAYER,
};

INLINE u32 qkv_rows(const struct orion_decoder *d) { return (d->heads + 2 * d->kv_heads) * d->head_dim; }

/* Outputs of a matrix, length of a vector. */
INLINE u32 role_rows(const struct orion_decoder *d, u32 role) {
  switch (role) {
    case ORION_TOKEN_TABLE:
    case ORION_HEAD:
      return d->vocab;
    case ORION_QKV:
    case ORION_QKV_BIAS:
      return qkv_rows(d);
    case ORION_QUERY_NORM:
    case ORION_KEY_NORM:
      return d->head_dim;
    case ORION_GATE:
    case ORION_GATE_BIAS:
    case ORION_UP:
    case ORION_UP_BIAS:
      return d->ffn;
    default:
      return d->hidden;
  }
}

/* Inputs of a matrix, 1 for a vector. */
INLINE u32 role_columns(const struct orion_decoder *d, u32 role) {
  if (!(ROLES[role] & MATRIX)) return 1;
  if (role == ORION_ATTENTION_OUTPUT) return d->heads * d->head_dim;
  return role == ORION_DOWN ? d->ffn : d->hidden;
}

#endif
