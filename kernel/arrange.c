/* Implements orion_prepare: checks a tensor's bytes and puts them in the kernel's order (blocks.h), in place, group by group. */
#include "key_sizes.h"
#include "model.h"
#include "threads.h"

static struct {
  u32 index;
  u32 not_finite;
} work;

/* Whether none of `count` float16 numbers is infinite or NaN. */
static HOT int halves_finite(const u16 *at, u64 count) {
  u32 found = 0;
  for (u64 i = 0; i < count; i++) found |= (at[i] & 0x7c00u) == 0x7c00u;
  return !found;
}

static HOT int floats_finite(const u32 *at, u64 count) {
  u32 found = 0;
  for (u64 i = 0; i < count; i++) found |= (at[i] & 0x7f800000u) == 0x7f800000u;
  return !found;
}

/* ---- one block of one row, which is lane `lane` of its group ---- */

/* Eight values of `bits` each, to a byte each: halves, quarters, eighths. */
INLINE u64 spread(u64 x, const u32 bits) {
  const u64 four = ((u64)1 << 4 * bits) - 1, two = (((u64)1 << 2 * bits) - 1) * 0x100000001u, one = (((u64)1 << bits) - 1) * 0x1000100010001u;
  x = (x & four) | (x >> 4 * bits & four) << 32;
  x = (x & two) | (x >> 2 * bits & two) << 16;
  return (x & one) | (x >> bits & one) << 8;
}

/* Bytes 0, 2, 4, 6 side by side. */
INLINE u32 even_bytes(u64 x) {
  x &= 0x00ff00ff00ff00ffu;
  x = (x | x >> 8) & 0x0000ffff0000ffffu;
  return (u32)(x | x >> 16);
}

INLINE void put_word(u8 *to, u32 word) { __builtin_memcpy(to, &word, 4); }

INLINE void arrange_planes(const u32 bits, u8 *to, const u8 *from, u32 lane) {
  u32 two[2] = {0, 0}, one = 0;
  for (u32 w = 0; w < 4; w++, from += bits) {
    u64 x = 0;
    __builtin_memcpy(&x, from, bits); /* little-endian, as all machines here are */
    x = spread(x, bits);
    u32 above = 0;
    if (bits & 4) {
      const u64 low = x & 0x0f0f0f0f0f0f0f0fu;
      put_word(to + 16 * w + 4 * lane, even_bytes(low | low >> 4));
      above = 4;
    }
    if (bits & 2) {
      two[0] |= even_bytes(x >> above & 0x0003000300030003u) << 2 * w;
      two[1] |= even_bytes(x >> (above + 8) & 0x0003000300030003u) << 2 * w;
      above += 2;
    }
    if (bits & 1) {
      const u64 high = x >> above & 0x0101010101010101u;
      one |= even_bytes((high | high >> 7) & 0x0003000300030003u) << 2 * w;
    }
  }
  to += (bits & 4 ? 64 : 0) + 4 * lane;
  if (bits & 2) {
    put_word(to, two[0]);
    put_word(to + 16, two[1]);
    to += 32;
  }
  if (bits & 1) put_word(to, one);
}

/* 32 bytes, less 128, as pairs. */
INLINE void arrange_bytes(u8 *to, const u8 *from, u32 lane) {
  for (u32 w = 0; w < 4; w++)
    for (u32 c = 0; c < 4; c++) {
      u8 *pair = to + 8 * (4 * c + w) + 2 * lane;
      pair[0] = from[8 * w + c] ^ 0x80u;
      pair[1] = from[8 * w + c + 4] ^ 0x80u;
    }
}

/* ---- a group ---- */

INLINE void arrange_group(const u32 bits, u8 *to, const u8 *from, u32 blocks, u32 rows) {
  const u32 row_bytes = blocks * 4 * bits;
  for (u32 lane = 0; lane < rows; lane++)
    for (u32 b = 0; b < blocks; b++) {
      u8 *block = to + b * group_block_bytes(bits);
      const u8 *stream = from + lane * row_bytes + b * 4 * bits;
      if (bits == 8)
        arrange_bytes(block, stream, lane);
      else
        arrange_planes(bits, block, stream, lane);
    }
}

/* With four bits a stream's words are the planes' words already. */
static HOT void arrange_nibbles(u8 *to, const u8 *from, u32 blocks) {
  const u32 row_bytes = blocks * 16;
  for (u32 b = 0; b < blocks; b++, from += 16, to += 64) {
    V words[4];
    transpose(words, load(from), load(from + row_bytes), load(from + 2 * row_bytes), load(from + 3 * row_bytes));
    for (int w = 0; w < 4; w++) store(to + 16 * w, words[w]);
  }
}

#define ARRANGE(bits) \
  static HOT void arrange_##bits(u8 *to, const u8 *from, u32 blocks, u32 rows) { arrange_group(bits, to, from, blocks, rows); }
ARRANGE(2)
ARRANGE(3)
ARRANGE(4)
ARRANGE(5)
ARRANGE(6)
ARRANGE(8)

static void arrange(u32 bits, u8 *to, const u8 *from, u32 blocks, u32 rows) {
  switch (bits) {
    case 2: arrange_2(to, from, blocks, rows); break;
    case 3: arrange_3(to, from, blocks, rows); break;
    case 4:
      if (rows == GROUP)
        arrange_nibbles(to, from, blocks);
      else
        arrange_4(to, from, blocks, rows);
      break;
    case 5: arrange_5(to, from, blocks, rows); break;
    case 6: arrange_6(to, from, blocks, rows); break;
    default: arrange_8(to, from, blocks, rows);
  }
}

static HOT void arrange_scales(u16 *to, const u16 *from, u32 count, u32 rows) {
  for (u32 i = 0; i < count; i++)
    for (u32 lane = 0; lane < rows; lane++) to[GROUP * i + lane] = from[lane * count + i];
}

/* Through `scratch`, since it lands where it was read. */
static void arrange_in_place(u32 bits, u8 *at, u8 *scratch, u32 blocks) {
  arrange(bits, scratch, at, blocks, GROUP);
  __builtin_memcpy(at, scratch, (size_t)blocks * group_block_bytes(bits));
}

static void arrange_scales_in_place(u16 *at, u8 *scratch, u32 count) {
  arrange_scales((u16 *)(void *)scratch, at, count, GROUP);
  __builtin_memcpy(at, scratch, (size_t)count * GROUP * 2);
}

static void zero(void *at, u32 bytes) {
  u8 *p = at;
  for (u32 i = 0; i < bytes; i++) p[i] = 0;
}

/* The rows behind the last whole group; what is padded has scale and minimum 0. */
static void arrange_rest(const Matrix *m, const struct orion_tensor *t) {
  const u32 rows = m->rows % GROUP, scales = m->blocks >> m->scale_shift;
  const u64 before = (u64)m->whole * GROUP;
  zero((void *)(uintptr_t)m->rest, m->blocks * group_block_bytes(m->bits));
  zero((void *)(uintptr_t)m->rest_scale, scales * GROUP * 2);
  arrange(m->bits, (u8 *)(uintptr_t)m->rest, m->data + before * m->blocks * 4 * m->bits, m->blocks, rows);
  arrange_scales((u16 *)(uintptr_t)m->rest_scale, m->scale + before * scales, scales, rows);
  if (!t->minimum) return;
  zero((void *)(uintptr_t)m->rest_minimum, scales * GROUP * 2);
  arrange_scales((u16 *)(uintptr_t)m->rest_minimum, m->minimum + before * scales, scales, rows);
}

/* ---- the job ---- */

static int part_finite(const struct orion_tensor *t, u32 number, u32 threads) {
  if (t->bits) {
    const u32 count = (u32)(scale_bytes(t) / 2), first = share_start(count, number, threads), end = share_start(count, number + 1, threads);
    return halves_finite(PLACE(u16, t->scale) + first, end - first) && (!t->minimum || halves_finite(PLACE(u16, t->minimum) + first, end - first));
  }
  const u32 count = (u32)((u64)t->rows * t->columns), first = share_start(count, number, threads), end = share_start(count, number + 1, threads);
  return t->form == ORION_F32 ? floats_finite(PLACE(u32, t->data) + first, end - first) : halves_finite(PLACE(u16, t->data) + first, end - first);
}

static void prepare(u32 number, u32 threads) {
  const struct orion_tensor *t = model.tensors + work.index;
  const Matrix *m = model.matrices[work.index];
  if (!part_finite(t, number, threads)) __atomic_store_n(&work.not_finite, 1, __ATOMIC_SEQ_CST);
  if (barrier(threads) || __atomic_load_n(&work.not_finite, __ATOMIC_SEQ_CST) || !t->bits) return;
  const u32 scales = m->blocks >> m->scale_shift, end = share_start(m->whole, number + 1, threads);
  u8 *scratch = model.workers[number].scratch;
  for (u32 g = share_start(m->whole, number, threads); g < end; g++) {
    arrange_in_place(t->bits, PLACE(u8, t->data) + (u64)g * m->blocks * group_block_bytes(t->bits), scratch, m->blocks);
    arrange_scales_in_place(PLACE(u16, t->scale) + (u64)g * GROUP * scales, scratch, scales);
    if (t->minimum) arrange_scales_in_place(PLACE(u16, t->minimum) + (u64)g * GROUP * scales, scratch, scales);
  }
  if (number == 0 && m->rows % GROUP) arrange_rest(m, t);
}

u32 orion_prepare(u32 index) {
  if (!model.open) return failed(ORION_NOT_OPEN, 0);
  if (index >= model.decoder.tensor_count) return failed(ORION_BAD_COUNT, index);
  if (threads_in_use() > model.decoder.max_threads) return failed(ORION_BAD_COUNT, threads_in_use());
  if (model.prepared[index]) return failed(ORION_TWICE, index);
  work.index = index;
  work.not_finite = 0;
  const u32 status = run_job(prepare);
  if (status) return failed(status, index);
  if (work.not_finite) return failed(ORION_NOT_FINITE, index);
  model.prepared[index] = 1;
  if (--model.unprepared || model.decoder.cache_bits != 8) return ORION_OK;
  const u32 sized = size_keys();
  return sized ? failed(sized, index) : ORION_OK;
}
