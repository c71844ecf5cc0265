/* Implements orion_forward: the decoder's pass, run by all threads in parallel, phase by phase.
 *
 * One row alone (decoding): every thread norms and quantizes it for itself, which costs less than waiting for somebody who does
 * it for all. Several rows: they are shared out too. */
#include "model.h"
#include "numbers.h"
#include "threads.h"

static struct {
  u32 count, position, logit_rows;
  const float *embeddings; /* 0: tokens */
  u32 stopped;             /* the host asked the leader to stop */
} call;

/* What a thread carries through the pass. */
typedef struct {
  Place place;
  u32 count; /* rows of the call */
  Worker *own;
} Thread;

/* Pieces of a phase for each thread: few enough that claiming costs nothing, and enough that none has to wait long for the last. */
#define PIECES 4u

/* After so many steps all threads meet, so that one that died is noticed. */
#define MEETING 16u

INLINE u32 pieces_of(const Thread *me, u32 items) { return me->place.threads == 1 ? 1 : smaller(items, PIECES * me->place.threads); }

/* Packets of LANES rows. */
INLINE u32 packets_of(u32 rows) { return (rows + LANES - 1) / LANES; }

/* The phase is over, and the pass goes on. Not 0: it has to be left. */
static int next(Thread *me) { return next_phase(&me->place) || __atomic_load_n(&call.stopped, __ATOMIC_SEQ_CST); }

static HOT void rms_norm(float *out, const float *x, const float *weight, u32 count, float epsilon) {
  V a = splat(0), b = a;
  for (u32 i = 0; i < count; i += 8) {
    V low = load(x + i), high = load(x + i + 4);
    a = multiply_add(low, low, a);
    b = multiply_add(high, high, b);
  }
  V factor = splat(1.f / __builtin_sqrtf(sum_of(add4(a, b)) / (float)count + epsilon));
  for (u32 i = 0; i < count; i += 4) store(out + i, mul4(mul4(load(x + i), factor), load(weight + i)));
}

static HOT void copy(float *to, const float *from, u32 count) {
  for (u32 i = 0; i < count; i += 4) store(to + i, load(from + i));
}

static HOT void add_to(float *to, const float *from, u32 count) {
  for (u32 i = 0; i < count; i += 4) store(to + i, add4(load(to + i), load(from + i)));
}

/* ---- inputs of a matrix ---- */

/* Quantizes a row, once for each kind of `kinds`. */
static void put_row(u8 *const to[KINDS], u32 kinds, const float *row, u32 columns, u32 lanes, u32 t) {
  for (u32 kind = 0; kind < KINDS; kind++)
    if (kinds >> kind & 1) quantize(to[kind] + (u64)(t / lanes) * packet_bytes(kind, columns, lanes), kind, row, columns, lanes, t % lanes);
}

/* `count` rows of x, normed where there is a weight, as inputs of the kinds asked for. 0 where the pass has to be left. */
static const u8 *const *inputs_of(Thread *me, u32 count, const float *x, const float *norm, u32 columns, u32 kinds) {
  const float epsilon = model.decoder.norm_epsilon;
  float *row = me->own->row;
  if (count == 1) {
    if (behind(&me->place)) return (const u8 *const *)me->own->inputs;
    if (norm) rms_norm(row, x, norm, columns, epsilon);
    put_row(me->own->inputs, kinds, norm ? row : x, columns, 1, 0);
    return (const u8 *const *)me->own->inputs;
  }
  const u32 packets = packets_of(count), pieces = pieces_of(me, packets);
  for (u32 i; (i = claim(&me->place, pieces)) != NO_PIECE; finish(&me->place, pieces))
    for (u32 t = LANES * share_start(packets, i, pieces); t < smaller(count, LANES * share_start(packets, i + 1, pieces)); t++) {
      const float *from = x + (u64)t * columns;
      if (norm) rms_norm(row, from, norm, columns, epsilon);
      put_row(model.inputs, kinds, norm ? row : from, columns, LANES, t);
    }
  return next(me) ? 0 : (const u8 *const *)model.inputs;
}

INLINE u32 kind_bit(const Matrix *m) { return 1u << m->kind; }

/* y = W x, a phase whose end the caller waits for. */
static void product(Thread *me, const Matrix *m, const u8 *const *x, u32 count, float *y, u32 stride, int added) {
  const u32 panels = matrix_panels(m), pieces = pieces_of(me, panels);
  for (u32 i; (i = claim(&me->place, pieces)) != NO_PIECE; finish(&me->place, pieces))
    multiply(m, x, count, y, stride, added, share_start(panels, i, pieces), share_start(panels, i + 1, pieces), &me->own->bench);
}

/* x += W inputs, through a norm where the layer has one behind. Not 0: the pass has to be left. */
static int add_product(Thread *me, const Matrix *m, const u8 *const *x, const float *post_norm) {
  const u32 hidden = model.decoder.hidden;
  product(me, m, x, me->count, post_norm ? model.delta : model.x, hidden, !post_norm);
  if (next(me)) return 1;
  if (!post_norm) return 0;
  const u32 pieces = pieces_of(me, me->count);
  for (u32 i; (i = claim(&me->place, pieces)) != NO_PIECE; finish(&me->place, pieces))
    for (u32 t = share_start(me->count, i, pieces); t < share_start(me->count, i + 1, pieces); t++) {
      rms_norm(me->own->row, model.delta + (u64)t * hidden, post_norm, hidden, model.decoder.norm_epsilon);
      add_to(model.x + (u64)t * hidden, me->own->row, hidden);
    }
  return next(me);
}

/* ---- attention ---- */

static Cache layer_cache(u32 layer) {
  const struct orion_decoder *d = &model.decoder;
  u8 *keys = PLACE(u8, model.cache) + (u64)layer * d->layer_stride;
  return (Cache){keys, keys + d->values, d->head_stride, d->row_bytes};
}

/* Readies row t's queries at `queries`, which may be where they are. */
static void ready_queries(const Layer *l, u32 t, float *queries) {
  const struct orion_decoder *d = &model.decoder;
  const u32 n = d->head_dim;
  const float *qkv = model.qkv + (u64)t * model.qkv_stride, *table = l->rope + (u64)model.positions[t] * d->rotary_dim;
  for (u32 h = 0; h < d->heads; h++, qkv += n, queries += n) {
    if (l->query_norm)
      rms_norm(queries, qkv, l->query_norm, n, d->norm_epsilon);
    else if (queries != qkv)
      copy(queries, qkv, n);
    ready_query(&model.heads, queries, table, d->rotary_dim, l->key_sizes ? l->key_sizes + h / model.heads.group * n : 0);
  }
}

/* Writes row t's key and value of one head to the cache. */
static void enter_head(const Thread *me, const Layer *l, const Cache *cache, u32 t, u32 head) {
  const struct orion_decoder *d = &model.decoder;
  const u32 n = d->head_dim;
  const float *own = model.qkv + (u64)t * model.qkv_stride + (d->heads + head) * n, *table = l->rope + (u64)model.positions[t] * d->rotary_dim;
  const u64 at = (u64)head * cache->head_stride + (u64)(call.position + t) * cache->row_bytes;
  float *key = me->own->row;
  if (l->key_norm)
    rms_norm(key, own, l->key_norm, n, d->norm_epsilon);
  else
    copy(key, own, n);
  ready_key(&model.heads, key, table, d->rotary_dim, l->key_sizes ? l->key_sizes + head * n : 0);
  store_row(&model.heads, cache->keys + at, key);
  store_row(&model.heads, cache->values + at, own + d->kv_heads * n);
}

/* The first position that row t sees. */
static u32 window_start(const Layer *l, u32 t) {
  const u32 seen = call.position + t + 1;
  return l->window && seen > l->window ? seen - l->window : 0;
}

/* One row: its chunks are shared out, then every thread joins them for itself into own->row. */
static int attend_alone(Thread *me, const Layer *l, const Cache *cache) {
  const Heads *h = &model.heads;
  Worker *own = me->own;
  if (!behind(&me->place)) ready_queries(l, 0, own->queries);
  const u32 size = part_floats(h->head_dim), start = window_start(l, 0), end = call.position + 1;
  const u32 first = start / CHUNK, chunks = (end - 1) / CHUNK + 1 - first, items = chunks * h->units, pieces = pieces_of(me, items);
  for (u32 i; (i = claim(&me->place, pieces)) != NO_PIECE; finish(&me->place, pieces))
    for (u32 item = share_start(items, i, pieces); item < share_start(items, i + 1, pieces); item++) {
      const u32 unit = item / chunks, chunk = item % chunks, at = (first + chunk) * CHUNK;
      u32 count;
      const u32 head = unit_heads(h, unit, &count);
      /* Only the last chunk reads the row's own key and value. Units of one head write the same bytes. */
      if (chunk == chunks - 1) enter_head(me, l, cache, 0, head / h->group);
      attend_chunk(h, cache, own->queries, unit, larger(at, start), smaller(at + CHUNK, end), model.parts + ((u64)chunk * h->heads + head) * size,
                   size, own->scores);
    }
  if (next(me)) return 1;
  if (behind(&me->place)) return 0;
  for (u32 head = 0; head < h->heads; head++) join_chunks(h, model.parts + (u64)head * size, h->heads * size, chunks, own->row + head * h->head_dim);
  return 0;
}

/* Several rows: their keys and values first, then each row's units, chunk after chunk, into model.attended. */
static int attend_rows(Thread *me, const Layer *l, const Cache *cache) {
  const Heads *h = &model.heads;
  const u32 size = part_floats(h->head_dim), width = h->heads * h->head_dim, rows = pieces_of(me, me->count);
  for (u32 i; (i = claim(&me->place, rows)) != NO_PIECE; finish(&me->place, rows))
    for (u32 t = share_start(me->count, i, rows); t < share_start(me->count, i + 1, rows); t++) {
      ready_queries(l, t, model.qkv + (u64)t * model.qkv_stride);
      for (u32 head = 0; head < model.decoder.kv_heads; head++) enter_head(me, l, cache, t, head);
    }
  if (next(me)) return 1;
  /* A later row sees more: pieces take items at equal distances, so that they are of one size. */
  const u32 items = me->count * h->units, pieces = pieces_of(me, items);
  for (u32 i; (i = claim(&me->place, pieces)) != NO_PIECE; finish(&me->place, pieces))
    for (u32 item = i; item < items; item += pieces) {
      const u32 t = item / h->units, unit = item % h->units, start = window_start(l, t), end = call.position + t + 1;
      const u32 first = start / CHUNK, chunks = (end - 1) / CHUNK + 1 - first;
      for (u32 chunk = 0; chunk < chunks; chunk++) {
        const u32 at = (first + chunk) * CHUNK;
        attend_chunk(h, cache, model.qkv + (u64)t * model.qkv_stride, unit, larger(at, start), smaller(at + CHUNK, end),
                     me->own->parts + (u64)chunk * QUERIES * size, size, me->own->scores);
      }
      u32 count;
      const u32 head = unit_heads(h, unit, &count);
      for (u32 j = 0; j < count; j++)
        join_chunks(h, me->own->parts + j * size, QUERIES * size, chunks, model.attended + (u64)t * width + (head + j) * h->head_dim);
    }
  return next(me);
}

static int attention(Thread *me, const Layer *l, u32 layer) {
  const struct orion_decoder *d = &model.decoder;
  const u8 *const *x = inputs_of(me, me->count, model.x, l->attention_norm, d->hidden, kind_bit(&l->qkv));
  if (!x) return 1;
  product(me, &l->qkv, x, me->count, model.qkv, model.qkv_stride, 0);
  if (me->place.number == 0 && orion_stop()) __atomic_store_n(&call.stopped, 1, __ATOMIC_SEQ_CST);
  if (next(me)) return 1;
  const Cache cache = layer_cache(layer);
  if (me->count == 1 ? attend_alone(me, l, &cache) : attend_rows(me, l, &cache)) return 1;
  x = inputs_of(me, me->count, me->count == 1 ? me->own->row : model.attended, 0, d->heads * d->head_dim, kind_bit(&l->output));
  return !x || add_product(me, &l->output, x, l->attention_post_norm);
}

/* ---- the rest of a layer, and what is before and after all of them ---- */

static int mlp(Thread *me, const Layer *l) {
  const struct orion_decoder *d = &model.decoder;
  const u8 *const *x = inputs_of(me, me->count, model.x, l->mlp_norm, d->hidden, kind_bit(&l->gate) | kind_bit(&l->up));
  if (!x) return 1;
  const u32 panels = matrix_panels(&l->gate), pieces = pieces_of(me, panels);
  for (u32 i; (i = claim(&me->place, pieces)) != NO_PIECE; finish(&me->place, pieces))
    multiply_gated(&l->gate, &l->up, d->activation, x, me->count, model.hidden, d->ffn, share_start(panels, i, pieces),
                   share_start(panels, i + 1, pieces), &me->own->bench);
  if (next(me)) return 1;
  x = inputs_of(me, me->count, model.hidden, 0, d->ffn, kind_bit(&l->down));
  return !x || add_product(me, &l->down, x, l->mlp_post_norm);
}

static void embed_row(u32 t) {
  const u32 hidden = model.decoder.hidden;
  const V scale = splat(model.decoder.embedding_scale);
  float *x = model.x + (u64)t * hidden;
  if (call.embeddings) {
    copy(x, call.embeddings + (u64)t * hidden, hidden);
    return;
  }
  matrix_row(&model.table, model.tokens[t], x);
  for (u32 i = 0; i < hidden; i += 4) {
    V v = mul4(load(x + i), scale);
    store(x + i, model.rescale ? mul4(v, load(model.rescale + i)) : v);
  }
}

static int embed(Thread *me) {
  const u32 pieces = pieces_of(me, me->count);
  for (u32 i; (i = claim(&me->place, pieces)) != NO_PIECE; finish(&me->place, pieces))
    for (u32 t = share_start(me->count, i, pieces); t < share_start(me->count, i + 1, pieces); t++) embed_row(t);
  return next(me);
}

/* The logits of the rows from `first` to `end` of the vocabulary are pressed below the cap. */
static void cap_logits(u32 rows, u32 first, u32 end) {
  const V cap = splat(model.decoder.logit_cap);
  for (u32 t = 0; t < rows; t++)
    for (u32 i = first; i < end; i += 4) {
      float *at = model.logits + (u64)t * model.decoder.logits_stride + i;
      store(at, mul4(cap, tanh4(wasm_f32x4_div(load(at), cap))));
    }
}

static void head(Thread *me) {
  const struct orion_decoder *d = &model.decoder;
  const u32 rows = call.logit_rows, stride = d->logits_stride;
  const u8 *const *x = inputs_of(me, rows, model.x + (u64)(me->count - rows) * d->hidden, model.final_norm, d->hidden, kind_bit(model.head));
  if (!x) return;
  const u32 panels = matrix_panels(model.head), pieces = pieces_of(me, panels);
  for (u32 i; (i = claim(&me->place, pieces)) != NO_PIECE; finish(&me->place, pieces)) {
    const u32 first = share_start(panels, i, pieces), end = share_start(panels, i + 1, pieces);
    multiply(model.head, x, rows, model.logits, stride, 0, first, end, &me->own->bench);
    if (d->logit_cap != 0) cap_logits(rows, PANEL_ROWS * first, PANEL_ROWS * end);
  }
  next(me);
}

static void pass(Place place) {
  Thread me = {.place = place, .count = call.count, .own = model.workers + place.number};
  if (embed(&me)) return;
  for (u32 i = 0; i < model.decoder.layers; i++)
    if (attention(&me, model.layers + i, i) || mlp(&me, model.layers + i)) return;
  if (call.logit_rows) head(&me);
}

/* Runs the pass. Threads that lag behind are waited for where somebody has to know that they live, or that they are out of it. */
static u32 run_pass(void) {
  static u32 steps;
  const u32 status = run_phases(pass);
  if (status) return status;
  return call.stopped || call.count > 1 || ++steps % MEETING == 0 ? meet() : ORION_OK;
}

/* ---- entries ---- */

/* Copies words that the host might still write to, then looks at the copy. */
static u32 take_words(u32 *to, orion_offset from, u32 count, u32 limit, u32 status) {
  if (!inside(from, (u64)count * 4, 4)) return failed(ORION_OUTSIDE, 0);
  const u32 *words = PLACE(const u32, from);
  for (u32 i = 0; i < count; i++) {
    to[i] = words[i];
    if (to[i] >= limit) return failed(status, i);
  }
  return ORION_OK;
}

u32 orion_forward(orion_offset tokens, orion_offset embeddings, orion_offset positions, u32 count, u32 position, u32 logit_rows) {
  const struct orion_decoder *d = &model.decoder;
  if (!model.open) return failed(ORION_NOT_OPEN, 0);
  if (model.unprepared) {
    u32 first = 0;
    while (model.prepared[first]) first++;
    return failed(ORION_NOT_PREPARED, first);
  }
  if (count == 0 || count > d->max_rows || logit_rows > smaller(count, ORION_MOST_LOGITS)) return failed(ORION_BAD_COUNT, count);
  if ((u64)position + count > d->context) return failed(ORION_CONTEXT_FULL, position);
  if (!tokens == !embeddings) return failed(ORION_BAD_COUNT, 0);
  if (threads_in_use() > d->max_threads) return failed(ORION_BAD_COUNT, threads_in_use());
  u32 status;
  if (tokens && (status = take_words(model.tokens, tokens, count, d->vocab, ORION_BAD_TOKEN))) return status;
  if (embeddings && !inside(embeddings, (u64)count * d->hidden * 4, 4)) return failed(ORION_OUTSIDE, 0);
  if (positions && (status = take_words(model.positions, positions, count, d->rope_rows, ORION_BAD_POSITION))) return status;
  if (!positions)
    for (u32 i = 0; i < count; i++) model.positions[i] = position + i;
  call.count = count;
  call.position = position;
  call.logit_rows = logit_rows;
  call.embeddings = embeddings ? PLACE(const float, embeddings) : 0;
  call.stopped = 0;
  if ((status = run_pass())) return failed(status, 0);
  return call.stopped ? failed(ORION_CANCELLED, 0) : ORION_OK;
}

/* ---- a plain read, for the bandwidth ---- */

static struct {
  u32 at, bytes, sums[ORION_MOST_THREADS];
} reading;

static HOT V read_all(const u8 *at, u32 bytes) {
  V a = wasm_i32x4_splat(0), b = a, c = a, d = a;
  for (u32 i = 0; i < bytes; i += 64) {
    a = wasm_v128_xor(a, load(at + i));
    b = wasm_v128_xor(b, load(at + i + 16));
    c = wasm_v128_xor(c, load(at + i + 32));
    d = wasm_v128_xor(d, load(at + i + 48));
  }
  return wasm_v128_xor(wasm_v128_xor(a, b), wasm_v128_xor(c, d));
}

static void read_share(u32 number, u32 threads) {
  const u32 lines = reading.bytes / 64, first = share_start(lines, number, threads), end = share_start(lines, number + 1, threads);
  V v = read_all(PLACE(const u8, reading.at) + 64 * first, 64 * (end - first));
  reading.sums[number] = (u32)wasm_i32x4_extract_lane(v, 0) ^ (u32)wasm_i32x4_extract_lane(v, 1) ^ (u32)wasm_i32x4_extract_lane(v, 2) ^
                         (u32)wasm_i32x4_extract_lane(v, 3);
}

u32 orion_read(orion_offset at, u32 bytes) {
  if (!inside(at, bytes, 1)) return 0;
  reading.at = at;
  reading.bytes = bytes;
  if (run_job(read_share)) return 0;
  u32 sum = 0;
  for (u32 i = 0; i < threads_in_use(); i++) sum ^= reading.sums[i];
  return sum;
}
