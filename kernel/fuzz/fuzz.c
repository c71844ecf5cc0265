/* Random models, right and wrong ones, through the whole interface: to be compiled natively under address and
 * undefined-behaviour sanitizers, which see any byte that is touched outside the memory or wrongly.
 *
 *     fuzz FIRST_SEED COUNT      prints how often each status was answered
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base.h"
#include "../roles.h"

u8 *orion_memory;
u64 orion_memory_bytes;

uint32_t orion_stop(void) { return 0; }

static u64 state;

static u32 any(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (u32)(state >> 16);
}

/* From `low` to `high`. */
static u32 between(u32 low, u32 high) { return low + any() % (high - low + 1); }
static int one_in(u32 n) { return any() % n == 0; }

static const u32 WIDTHS[] = {2, 3, 4, 5, 6, 8};

static struct {
  struct orion_decoder decoder;
  struct orion_tensor tensors[512];
  u32 end; /* of what was laid out */
} made;

static u32 take(u64 bytes) {
  const u32 at = made.end;
  made.end += (u32)((bytes + 63) / 64 * 64);
  return at;
}

static void add_tensor(u32 role, u32 layer) {
  struct orion_decoder *d = &made.decoder;
  struct orion_tensor *t = made.tensors + d->tensor_count++;
  *t = (struct orion_tensor){.role = role, .layer = layer, .rows = role_rows(d, role), .columns = role_columns(d, role)};
  if (ROLES[role] & MATRIX) {
    static u32 gates[8]; /* gate and up are both of floats, or none */
    const u32 floats = role == ORION_UP ? gates[layer] : (u32)one_in(8);
    if (role == ORION_GATE) gates[layer] = floats;
    t->form = floats ? between(ORION_F32, ORION_F16) : between(ORION_SYMMETRIC, ORION_AFFINE);
  }
  const u64 count = (u64)t->rows * t->columns;
  if (t->form == ORION_F32 || t->form == ORION_F16) {
    t->data = take(count * (t->form == ORION_F32 ? 4 : 2));
    return;
  }
  const u32 blocks = t->columns / ORION_BLOCK;
  t->bits = WIDTHS[any() % 6];
  t->blocks_per_scale = blocks % 4 == 0 && one_in(3) ? 4 : blocks % 2 == 0 && one_in(3) ? 2 : 1;
  t->data = take(count * t->bits / 8);
  t->scale = take((u64)t->rows * (blocks / t->blocks_per_scale) * 2);
  if (t->form == ORION_AFFINE) t->minimum = take((u64)t->rows * (blocks / t->blocks_per_scale) * 2);
}

static void describe(void) {
  struct orion_decoder *d = &made.decoder;
  const u32 kv_heads = between(1, 3), group = between(1, 5), head_dim = 8 * between(1, 5);
  u32 heads = kv_heads * group;
  while (heads * head_dim % ORION_BLOCK) heads += kv_heads;
  *d = (struct orion_decoder){
      .abi = ORION_ABI,
      .layers = between(1, 3),
      .hidden = 32 * between(1, 4),
      .heads = heads,
      .kv_heads = kv_heads,
      .head_dim = head_dim,
      .ffn = 32 * between(1, 70), /* some rows take two rounds of a panel */
      .vocab = between(1, 70),
      .context = between(1, 200),
      .rotary_dim = 8 * between(1, head_dim / 8),
      .activation = between(ORION_SILU, ORION_GELU_TANH),
      .max_rows = between(8, 64),
      .max_threads = between(1, 3),
      .norm_epsilon = 1e-5f,
      .embedding_scale = 1,
      .logit_cap = one_in(4) ? 20 : 0,
      .attention_cap = one_in(4) ? 20 : 0,
      .cache_bits = one_in(2) ? 8 : 16,
  };
  made.end = 64;
  made.decoder.rope_rows = d->context + between(0, 3);
  for (u32 role = 0; role < ORION_ROLES; role++)
    for (u32 layer = 0; layer < (ROLES[role] & OF_LAYER ? d->layers : 1); layer++)
      if (ROLES[role] & REQUIRED || one_in(3)) add_tensor(role, layer);
  d->rope = take((u64)d->rope_rows * d->rotary_dim * 4);
  if (one_in(3)) d->windows = take(4 * d->layers);
  if (one_in(3)) d->layer_ropes = take(4 * d->layers);
}

static void fill_halves(u32 at, u32 count) {
  for (u32 i = 0; i < count; i++) PLACE(u16, at)[i] = (u16)((any() & 0x83ff) | between(8, 12) << 10);
}

static void fill_floats(u32 at, u32 count) {
  for (u32 i = 0; i < count; i++) PLACE(float, at)[i] = (float)(i32)any() * 0x1p-31f;
}

static void fill(void) {
  const struct orion_decoder *d = &made.decoder;
  for (u32 i = 0; i < d->tensor_count; i++) {
    const struct orion_tensor *t = made.tensors + i;
    const u32 count = t->rows * t->columns;
    if (t->form == ORION_F32) fill_floats(t->data, count);
    if (t->form == ORION_F16) fill_halves(t->data, count);
    if (!t->bits) continue;
    for (u32 b = 0; b < count * t->bits / 8; b++) PLACE(u8, t->data)[b] = (u8)any();
    const u32 scales = count / ORION_BLOCK / t->blocks_per_scale;
    fill_halves(t->scale, scales);
    if (t->minimum) fill_halves(t->minimum, scales);
  }
  fill_floats(d->rope, d->rope_rows * d->rotary_dim);
  for (u32 i = 0; d->windows && i < d->layers; i++) PLACE(u32, d->windows)[i] = between(0, 80);
  for (u32 i = 0; d->layer_ropes && i < d->layers; i++) PLACE(u32, d->layer_ropes)[i] = d->rope;
}

/* A number that is likely to be at a limit. */
static u32 odd_number(void) {
  static const u32 numbers[] = {0, 1, 2, 3, 7, 31, 32, 33, 63, 64, 65, 255, 256, 257, 512, 65535, 65536, 0x7fffffff, 0x80000000u, 0xffffffc0u, 0xffffffffu};
  switch (any() % 4) {
    case 0: return any();
    case 1: return (u32)orion_memory_bytes - between(0, 200);
    case 2: return between(0, (u32)orion_memory_bytes);
    default: return numbers[any() % (sizeof numbers / sizeof *numbers)];
  }
}

static u32 answers[32];

static u32 counted(u32 status) {
  answers[status < 32 ? status : 31]++;
  return status;
}

static void run(u32 rounds, u32 tokens, int wild) {
  const struct orion_decoder *d = &made.decoder;
  for (u32 i = 0; i < rounds; i++) {
    u32 count = between(1, smaller(d->max_rows, d->context)), position = between(0, d->context - count);
    u32 at = tokens, embeddings = 0, positions = 0, rows = between(0, smaller(count, ORION_MOST_LOGITS));
    for (u32 t = 0; t < 64; t++) PLACE(u32, tokens)[t] = any() % d->vocab;
    if (wild) {
      if (one_in(4)) count = odd_number();
      if (one_in(4)) position = odd_number();
      if (one_in(4)) rows = odd_number();
      if (one_in(4)) at = odd_number();
      if (one_in(4)) embeddings = odd_number();
      if (one_in(4)) positions = odd_number();
      if (one_in(4)) PLACE(u32, tokens)[any() % 64] = odd_number();
    }
    counted(orion_forward(at, embeddings, positions, count, position, rows));
  }
}

static void model(u64 seed) {
  state = seed * 0x9e3779b97f4a7c15u + 1;
  const int wild = seed % 2;
  describe();
  const u32 decoder = take(sizeof made.decoder), table = take(sizeof *made.tensors * made.decoder.tensor_count), tokens = take(4 * 64);
  made.decoder.tensors = table;
  orion_memory_bytes = made.end;
  orion_memory = aligned_alloc(64, orion_memory_bytes);
  memcpy(PLACE(u8, decoder), &made.decoder, sizeof made.decoder);
  memcpy(PLACE(u8, table), made.tensors, sizeof *made.tensors * made.decoder.tensor_count);
  const u32 planned = counted(orion_plan(decoder));
  made.decoder = *PLACE(struct orion_decoder, decoder);
  free(orion_memory);
  if (planned) {
    printf("seed %llu: status %u, detail %u\n", (unsigned long long)seed, planned, orion_detail());
    exit(1);
  }
  made.decoder.workspace = take(made.decoder.workspace_bytes = made.decoder.workspace_needed);
  made.decoder.cache = take(made.decoder.cache_bytes = made.decoder.cache_needed);
  orion_memory_bytes = made.end;
  orion_memory = aligned_alloc(64, orion_memory_bytes);
  memset(orion_memory, 0, orion_memory_bytes);
  fill();
  if (wild)
    for (u32 i = between(0, 3); i; i--) {
      if (one_in(2))
        ((u32 *)(void *)&made.decoder)[one_in(28) ? 36 : any() % 28] = odd_number();
      else
        ((u32 *)(void *)(made.tensors + any() % 4))[any() % 10] = odd_number();
    }
  memcpy(PLACE(u8, table), made.tensors, sizeof *made.tensors * smaller(made.decoder.tensor_count, 500));
  memcpy(PLACE(u8, decoder), &made.decoder, sizeof made.decoder);
  const u32 opened = counted(orion_open(decoder));
  if (opened && !wild) {
    printf("seed %llu: status %u, detail %u\n", (unsigned long long)seed, opened, orion_detail());
    exit(1);
  }
  if (wild && one_in(4)) counted(orion_forward(tokens, 0, 0, 1, 0, 1));
  for (u32 i = 0; i < 512; i++) {
    const u32 status = orion_prepare(i);
    if (status == ORION_NOT_OPEN || status == ORION_BAD_COUNT) break;
    counted(status);
    if (wild && one_in(40)) counted(orion_prepare(i));
  }
  if (opened == ORION_OK) {
    made.decoder.vocab = larger(1, made.decoder.vocab);
    run(6, tokens, wild);
    counted(orion_use_cache(odd_number()));
    orion_read(odd_number(), odd_number());
    run(2, tokens, wild);
  }
  free(orion_memory);
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  const u64 first = strtoull(arguments[1], 0, 10), models = strtoull(arguments[2], 0, 10);
  for (u64 seed = first; seed < first + models; seed++) model(seed);
  for (u32 status = 0; status < 32; status++)
    if (answers[status]) printf("%u: %u\n", status, answers[status]);
  return 0;
}
