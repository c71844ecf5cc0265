/* Implements orion_plan and orion_open: all input is checked here, once. */
#include "model.h"
#include "roles.h"
#include "threads.h"

Model model;
static u32 detail;

u32 orion_abi(void) { return ORION_ABI; }

u32 orion_features(void) {
  u32 features = 0;
#ifdef RELAXED
  features |= ORION_RELAXED_SIMD;
#endif
#ifdef THREADS
  features |= ORION_THREADS;
#endif
  return features;
}

u32 orion_detail(void) { return detail; }

u32 failed(u32 status, u32 about) {
  detail = about;
  return status;
}

int inside(u32 offset, u64 bytes, u32 alignment) {
  return offset >= FIRST_FREE && offset % alignment == 0 && (u64)offset + bytes <= memory_bytes();
}

static int overlaps(u32 a, u64 a_bytes, u32 b, u64 b_bytes) { return (u64)a < b + b_bytes && (u64)b < a + a_bytes; }

u64 data_bytes(const struct orion_tensor *t) {
  const u64 count = (u64)t->rows * t->columns;
  return t->form == ORION_F32 ? 4 * count : t->form == ORION_F16 ? 2 * count : count * t->bits / 8;
}

u64 scale_bytes(const struct orion_tensor *t) {
  return t->bits ? (u64)t->rows * (t->columns / ORION_BLOCK / t->blocks_per_scale) * 2 : 0;
}

static u32 kind_of(const struct orion_tensor *t) {
  if (!t->bits) return FLOATS;
#ifdef RELAXED
  if (t->bits != 8) return BYTES;
#endif
  return SHORTS;
}

/* ---- sizes ---- */

#define WORD(field) ((u32)(offsetof(struct orion_decoder, field) / 4))
#define NEEDS(condition, field) \
  if (!(condition)) return failed(ORION_BAD_SHAPE, WORD(field))

static int is_finite(float f) { return f - f == 0; }

static u32 check_shape(const struct orion_decoder *d) {
  if (d->abi != ORION_ABI) return failed(ORION_OTHER_ABI, 0);
  NEEDS(d->layers && d->layers <= 512, layers);
  NEEDS(d->hidden && d->hidden <= 1 << 16 && d->hidden % ORION_BLOCK == 0, hidden);
  NEEDS(d->kv_heads && d->kv_heads <= 512, kv_heads);
  NEEDS(d->heads && d->heads <= 512 && d->heads % d->kv_heads == 0, heads);
  NEEDS(d->head_dim && d->head_dim <= 512 && d->head_dim % 8 == 0, head_dim);
  NEEDS(d->heads * d->head_dim % ORION_BLOCK == 0, head_dim);
  NEEDS(d->ffn && d->ffn <= 1 << 18 && d->ffn % ORION_BLOCK == 0, ffn);
  NEEDS(d->vocab && d->vocab <= 1 << 20, vocab);
  NEEDS(d->context && d->context <= 1 << 20, context);
  NEEDS(d->rotary_dim && d->rotary_dim <= d->head_dim && d->rotary_dim % 8 == 0, rotary_dim);
  if (d->activation > ORION_GELU_TANH) return failed(ORION_UNSUPPORTED, WORD(activation));
  NEEDS(d->max_rows >= ORION_MOST_LOGITS && d->max_rows <= ORION_MOST_ROWS, max_rows);
  NEEDS(d->max_threads && d->max_threads <= ORION_MOST_THREADS, max_threads);
  NEEDS(is_finite(d->norm_epsilon) && d->norm_epsilon >= 0, norm_epsilon);
  NEEDS(is_finite(d->embedding_scale), embedding_scale);
  NEEDS(is_finite(d->attention_scale) && d->attention_scale >= 0, attention_scale);
  NEEDS(is_finite(d->logit_cap) && d->logit_cap >= 0, logit_cap);
  NEEDS(is_finite(d->attention_cap) && d->attention_cap >= 0, attention_cap);
  NEEDS(d->rope_rows >= d->context && d->rope_rows <= 1 << 21, rope_rows);
  NEEDS(d->cache_bits == 16 || d->cache_bits == 8, cache_bits);
  NEEDS(d->tensor_count && d->tensor_count <= 1 << 14, tensor_count);
  if (!inside(d->tensors, (u64)d->tensor_count * sizeof(struct orion_tensor), 4)) return failed(ORION_OUTSIDE, WORD(tensors));
  return ORION_OK;
}

static u32 check_tensor(const struct orion_decoder *d, const struct orion_tensor *t, u32 index) {
  if (t->role >= ORION_ROLES || t->rows != role_rows(d, t->role) || t->columns != role_columns(d, t->role)) return failed(ORION_BAD_TENSOR, index);
  if (ROLES[t->role] & OF_LAYER ? t->layer >= d->layers : t->layer != 0) return failed(ORION_BAD_TENSOR, index);
  const int blocks = t->form == ORION_SYMMETRIC || t->form == ORION_AFFINE;
  if (!(ROLES[t->role] & MATRIX) ? t->form != ORION_F32 : t->form > ORION_AFFINE) return failed(ORION_BAD_TENSOR, index);
  if (!blocks) return t->bits || t->blocks_per_scale || t->scale || t->minimum ? failed(ORION_BAD_TENSOR, index) : ORION_OK;
  if (t->bits < 2 || t->bits > 8 || t->bits == 7) return failed(ORION_BAD_TENSOR, index);
  const u32 shared = t->blocks_per_scale;
  if ((shared != 1 && shared != 2 && shared != 4) || t->columns / ORION_BLOCK % shared) return failed(ORION_BAD_TENSOR, index);
  if (!t->scale || (t->form == ORION_AFFINE) != (t->minimum != 0)) return failed(ORION_BAD_TENSOR, index);
  return ORION_OK;
}

/* ---- the workspace ---- */

/* Gives out room, 64 bytes aligned; with `base` 0 it only counts. */
typedef struct {
  u32 base;
  u64 used;
} Room;

static void *take(Room *room, u64 bytes) {
  void *at = room->base ? PLACE(void, room->base + (u32)room->used) : 0;
  room->used += (bytes + 63) / 64 * 64;
  return at;
}

#define TAKE(type, count) ((type *)take(room, (u64)(count) * sizeof(type)))

/* What all tensors together need. */
typedef struct {
  u32 longest, kinds, scratch;
} Needs;

static Needs needs_of(const struct orion_decoder *d, const struct orion_tensor *tensors) {
  Needs needs = {larger(larger(d->hidden, d->ffn), d->heads * d->head_dim), 0, 0};
  for (u32 i = 0; i < d->tensor_count; i++) {
    const struct orion_tensor *t = tensors + i;
    if (!(ROLES[t->role] & MATRIX)) continue;
    needs.kinds |= 1u << kind_of(t);
    if (t->bits) needs.scratch = larger(needs.scratch, t->columns / ORION_BLOCK * group_block_bytes(larger(t->bits, 2)));
  }
  return needs;
}

static void lay_out_worker(Room *room, const struct orion_decoder *d, const Needs *needs, u32 chunks, Worker *w) {
  Worker none;
  if (!w) w = &none;
  const u32 padded = rounded_up(needs->longest, PANEL_ROWS);
  w->bench.panel = TAKE(u8, PANEL_BYTES);
  w->bench.sums = TAKE(V, 2 * rounded_up(d->max_rows, LANES));
  w->bench.more = TAKE(V, 2 * rounded_up(d->max_rows, LANES));
  w->bench.row = TAKE(float, padded);
  w->bench.gates = TAKE(float, padded);
  for (u32 kind = 0; kind < KINDS; kind++) w->inputs[kind] = needs->kinds >> kind & 1 ? TAKE(u8, packet_bytes(kind, needs->longest, 1)) : 0;
  w->row = TAKE(float, padded);
  w->queries = TAKE(float, d->heads * d->head_dim);
  w->scores = TAKE(float, QUERIES * SCORES);
  w->parts = TAKE(float, (u64)chunks * QUERIES * part_floats(d->head_dim));
  w->scratch = TAKE(u8, needs->scratch);
}

/* Places everything of the model in `room`. The order is the same whether it only counts or not. */
static void lay_out(Room *room, const struct orion_decoder *d, const struct orion_tensor *tensors, Model *m) {
  const Needs needs = needs_of(d, tensors);
  const u32 chunks = (d->context + CHUNK - 1) / CHUNK, rows = rounded_up(d->max_rows, LANES);
  m->layers = TAKE(Layer, d->layers);
  m->tensors = TAKE(struct orion_tensor, d->tensor_count);
  m->matrices = TAKE(Matrix *, d->tensor_count);
  m->prepared = TAKE(u8, d->tensor_count);
  m->workers = TAKE(Worker, d->max_threads);
  m->qkv_stride = qkv_rows(d);
  m->x = TAKE(float, (u64)rows * d->hidden);
  m->qkv = TAKE(float, (u64)rows * m->qkv_stride);
  m->attended = TAKE(float, (u64)rows * d->heads * d->head_dim);
  m->delta = TAKE(float, (u64)rows * d->hidden);
  m->hidden = TAKE(float, (u64)rows * d->ffn);
  for (u32 kind = 0; kind < KINDS; kind++)
    m->inputs[kind] = needs.kinds >> kind & 1 ? TAKE(u8, (u64)rows / LANES * packet_bytes(kind, needs.longest, LANES)) : 0;
  m->parts = TAKE(float, (u64)chunks * d->heads * part_floats(d->head_dim));
  m->logits = TAKE(float, (u64)ORION_MOST_LOGITS * rounded_up(d->vocab, PANEL_ROWS));
  m->key_sizes = TAKE(float, d->cache_bits == 8 ? (u64)d->layers * d->kv_heads * d->head_dim : 0);
  m->tokens = TAKE(u32, rows);
  m->positions = TAKE(u32, rows);
  for (u32 i = 0; i < d->max_threads; i++) lay_out_worker(room, d, &needs, chunks, room->base ? m->workers + i : 0);
}

/* Rows that don't fill a group: of the token table and the head alone, all other sizes are multiples of 8. */
static void lay_out_rest(Room *room, const struct orion_tensor *t, Matrix *m) {
  if (!t->bits || t->rows % GROUP == 0) return;
  const u64 scales = scale_bytes(t) / t->rows * GROUP;
  u8 *rest = TAKE(u8, t->columns / ORION_BLOCK * group_block_bytes(t->bits));
  u16 *scale = take(room, scales), *minimum = t->minimum ? take(room, scales) : 0;
  if (m) m->rest = rest, m->rest_scale = scale, m->rest_minimum = minimum;
}

static u32 check_tensors(const struct orion_decoder *d, const struct orion_tensor *tensors) {
  for (u32 i = 0; i < d->tensor_count; i++) {
    const u32 status = check_tensor(d, tensors + i, i);
    if (status) return status;
  }
  return ORION_OK;
}

u32 orion_plan(orion_offset at) {
  if (!inside(at, sizeof(struct orion_decoder), 4)) return failed(ORION_OUTSIDE, 0);
  struct orion_decoder *d = PLACE(struct orion_decoder, at);
  u32 status = check_shape(d);
  if (status) return status;
  const struct orion_tensor *tensors = PLACE(struct orion_tensor, d->tensors);
  if ((status = check_tensors(d, tensors))) return status;
  Room room = {0, 0};
  Model counted;
  lay_out(&room, d, tensors, &counted);
  for (u32 i = 0; i < d->tensor_count; i++) lay_out_rest(&room, tensors + i, 0);
  const u32 row_bytes = cached_row_bytes(d->head_dim, d->cache_bits);
  const u64 half = (u64)d->layers * d->kv_heads * d->context * row_bytes;
  if (room.used > 0xffffffffu || 2 * half > 0xffffffffu) return failed(ORION_OUTSIDE, WORD(workspace_needed));
  d->workspace_needed = (u32)room.used;
  d->cache_needed = (u32)(2 * half);
  d->logits_stride = rounded_up(d->vocab, PANEL_ROWS);
  d->values = (u32)half;
  d->row_bytes = row_bytes;
  d->head_stride = d->context * d->row_bytes;
  d->layer_stride = d->kv_heads * d->head_stride;
  return ORION_OK;
}

/* ---- opening ---- */

static u32 check_extents(const struct orion_decoder *d, const struct orion_tensor *tensors) {
  const u64 rope_bytes = (u64)d->rope_rows * d->rotary_dim * 4;
  if (!inside(d->workspace, d->workspace_bytes, 64) || d->workspace_bytes < d->workspace_needed) return failed(ORION_OUTSIDE, WORD(workspace));
  if (!inside(d->cache, d->cache_bytes, 64) || d->cache_bytes < d->cache_needed) return failed(ORION_OUTSIDE, WORD(cache));
  if (overlaps(d->workspace, d->workspace_bytes, d->cache, d->cache_bytes)) return failed(ORION_OUTSIDE, WORD(cache));
  if (!inside(d->rope, rope_bytes, 4)) return failed(ORION_OUTSIDE, WORD(rope));
  if (d->windows && !inside(d->windows, (u64)d->layers * 4, 4)) return failed(ORION_OUTSIDE, WORD(windows));
  if (d->layer_ropes) {
    if (!inside(d->layer_ropes, (u64)d->layers * 4, 4)) return failed(ORION_OUTSIDE, WORD(layer_ropes));
    for (u32 i = 0; i < d->layers; i++)
      if (!inside(PLACE(u32, d->layer_ropes)[i], rope_bytes, 4)) return failed(ORION_OUTSIDE, WORD(layer_ropes));
  }
  for (u32 i = 0; i < d->tensor_count; i++) {
    const struct orion_tensor *t = tensors + i;
    const u32 starts[] = {t->data, t->scale, t->minimum};
    const u64 sizes[] = {data_bytes(t), scale_bytes(t), t->minimum ? scale_bytes(t) : 0};
    const u32 widths[] = {t->form == ORION_F32 ? 4 : t->form == ORION_F16 ? 2 : 1, 2, 2};
    for (u32 part = 0; part < 3; part++) {
      if (!sizes[part]) continue;
      if (!inside(starts[part], sizes[part], widths[part]) || overlaps(starts[part], sizes[part], d->workspace, d->workspace_bytes) ||
          overlaps(starts[part], sizes[part], d->cache, d->cache_bytes))
        return failed(ORION_OUTSIDE, i);
    }
  }
  return ORION_OK;
}

static void take_matrix(Matrix *m, const struct orion_tensor *t) {
  *m = (Matrix){
      .data = PLACE(const u8, t->data),
      .scale = t->bits ? PLACE(const u16, t->scale) : 0,
      .minimum = t->minimum ? PLACE(const u16, t->minimum) : 0,
      .bias = m->bias,
      .rows = t->rows,
      .columns = t->columns,
      .blocks = t->columns / ORION_BLOCK,
      .whole = t->rows / GROUP,
      .form = t->form,
      .bits = t->bits,
      .scale_shift = t->blocks_per_scale >> 1, /* 1, 2, 4 to 0, 1, 2 */
      .kind = kind_of(t),
  };
}

static Matrix *matrix_of(Model *m, u32 role, u32 layer) {
  Layer *l = m->layers + layer;
  switch (role) {
    case ORION_TOKEN_TABLE: return &m->table;
    case ORION_HEAD: return &m->head_matrix;
    case ORION_QKV: case ORION_QKV_BIAS: return &l->qkv;
    case ORION_ATTENTION_OUTPUT: case ORION_ATTENTION_OUTPUT_BIAS: return &l->output;
    case ORION_GATE: case ORION_GATE_BIAS: return &l->gate;
    case ORION_UP: case ORION_UP_BIAS: return &l->up;
    case ORION_DOWN: case ORION_DOWN_BIAS: return &l->down;
    default: return 0;
  }
}

/* Where a vector's address goes. */
static const float **vector_of(Model *m, u32 role, u32 layer) {
  Layer *l = m->layers + layer;
  switch (role) {
    case ORION_TABLE_RESCALE: return &m->rescale;
    case ORION_FINAL_NORM: return &m->final_norm;
    case ORION_ATTENTION_NORM: return &l->attention_norm;
    case ORION_QUERY_NORM: return &l->query_norm;
    case ORION_KEY_NORM: return &l->key_norm;
    case ORION_ATTENTION_POST_NORM: return &l->attention_post_norm;
    case ORION_MLP_NORM: return &l->mlp_norm;
    case ORION_MLP_POST_NORM: return &l->mlp_post_norm;
    default: return &matrix_of(m, role, layer)->bias;
  }
}

static u32 take_tensors(Model *m, Room *room) {
  const struct orion_decoder *d = &m->decoder;
  for (u32 i = 0; i < d->tensor_count; i++) {
    const struct orion_tensor *t = m->tensors + i;
    m->matrices[i] = 0;
    m->prepared[i] = 0;
    if (ROLES[t->role] & MATRIX) {
      Matrix *matrix = m->matrices[i] = matrix_of(m, t->role, t->layer);
      if (matrix->data) return failed(ORION_BAD_TENSOR, i); /* there already */
      take_matrix(matrix, t);
      lay_out_rest(room, t, matrix);
    } else {
      const float **vector = vector_of(m, t->role, t->layer);
      if (*vector) return failed(ORION_BAD_TENSOR, i);
      *vector = PLACE(const float, t->data);
    }
  }
  for (u32 layer = 0; layer < d->layers; layer++)
    for (u32 role = 0; role < ORION_ROLES; role++) {
      if (!(ROLES[role] & REQUIRED) || (layer && !(ROLES[role] & OF_LAYER))) continue;
      const int there = ROLES[role] & MATRIX ? matrix_of(m, role, layer)->data != 0 : *vector_of(m, role, layer) != 0;
      if (!there) return failed(ORION_MISSING_TENSOR, role + 256 * layer);
    }
  for (u32 i = 0; i < d->layers; i++)
    if ((m->layers[i].gate.kind == FLOATS) != (m->layers[i].up.kind == FLOATS)) return failed(ORION_UNSUPPORTED, i);
  return ORION_OK;
}

u32 orion_open(orion_offset at) {
  model.open = 0;
  u32 status = meet(); /* nobody is on the way through the model that was */
  if (status) return failed(status, 0);
  if ((status = orion_plan(at))) return status;
  struct orion_decoder *d = PLACE(struct orion_decoder, at);
  const struct orion_tensor *tensors = PLACE(struct orion_tensor, d->tensors);
  if ((status = check_extents(d, tensors))) return status;
  /* The tables may not lie in the workspace, which is written from here on. */
  if (overlaps(d->tensors, (u64)d->tensor_count * sizeof *tensors, d->workspace, d->workspace_bytes) ||
      overlaps(at, sizeof *d, d->workspace, d->workspace_bytes))
    return failed(ORION_OUTSIDE, WORD(workspace));
  Model *m = &model;
  *m = (Model){.decoder = *d, .cache = d->cache};
  Room room = {d->workspace, 0};
  lay_out(&room, d, tensors, m);
  for (u32 i = 0; i < d->layers; i++)
    m->layers[i] = (Layer){
        .rope = PLACE(const float, d->layer_ropes ? PLACE(u32, d->layer_ropes)[i] : d->rope),
        .window = d->windows ? PLACE(u32, d->windows)[i] : 0,
        .key_sizes = d->cache_bits == 8 ? m->key_sizes + (u64)i * d->kv_heads * d->head_dim : 0,
    };
  for (u32 i = 0; i < d->tensor_count; i++) m->tensors[i] = tensors[i];
  if ((status = take_tensors(m, &room))) return status;
  const u32 group = d->heads / d->kv_heads;
  m->heads = (Heads){
      .heads = d->heads,
      .kv_heads = d->kv_heads,
      .head_dim = d->head_dim,
      .group = group,
      .units = d->kv_heads * ((group + QUERIES - 1) / QUERIES),
      .bits = d->cache_bits,
      .scale = d->attention_scale > 0 ? d->attention_scale : 1.f / __builtin_sqrtf((float)d->head_dim),
      .cap = d->attention_cap,
  };
  m->head = m->head_matrix.data ? &m->head_matrix : &m->table;
  m->unprepared = d->tensor_count;
  d->logits = m->decoder.logits = OFFSET(m->logits);
  m->open = 1;
  return ORION_OK;
}

u32 orion_use_cache(orion_offset cache) {
  const struct orion_decoder *d = &model.decoder;
  if (!model.open) return failed(ORION_NOT_OPEN, 0);
  if (!inside(cache, d->cache_needed, 64) || overlaps(cache, d->cache_needed, d->workspace, d->workspace_bytes)) return failed(ORION_OUTSIDE, 0);
  for (u32 i = 0; i < d->tensor_count; i++) {
    const struct orion_tensor *t = model.tensors + i;
    if (overlaps(cache, d->cache_needed, t->data, data_bytes(t)) || overlaps(cache, d->cache_needed, t->scale, scale_bytes(t)) ||
        (t->minimum && overlaps(cache, d->cache_needed, t->minimum, scale_bytes(t))))
      return failed(ORION_OUTSIDE, i);
  }
  model.cache = cache;
  return ORION_OK;
}
