#include "matrix.h"

#include "numbers.h"
#include "several_rows.h"

static Groups groups_at(const Matrix *m, u32 group) {
  if (group >= m->whole) return (Groups){m->rest, m->rest_scale, m->rest_minimum};
  const u64 scales = (u64)group * (m->blocks >> m->scale_shift) * GROUP;
  return (Groups){m->data + (u64)group * m->blocks * group_block_bytes(m->bits), m->scale + scales, m->minimum ? m->minimum + scales : 0};
}

/* ---- one row of activations ---- */

typedef void OneRow(Groups at, u32 blocks, u32 shift, const u8 *x, float *y, const float *bias, int added, u32 count);

#define ONE_ROW(name, bits, affine)                                                                                                 \
  static HOT void name(Groups at, u32 blocks, u32 shift, const u8 *x, float *y, const float *bias, int added, u32 count) { \
    one_row(bits, affine, at, blocks, shift, x, y, bias, added, count);                                                             \
  }
ONE_ROW(one_row_2, 2, 0)
ONE_ROW(one_row_3, 3, 0)
ONE_ROW(one_row_4, 4, 0)
ONE_ROW(one_row_5, 5, 0)
ONE_ROW(one_row_6, 6, 0)
ONE_ROW(one_row_8, 8, 0)
ONE_ROW(one_row_2_affine, 2, 1)
ONE_ROW(one_row_3_affine, 3, 1)
ONE_ROW(one_row_4_affine, 4, 1)
ONE_ROW(one_row_5_affine, 5, 1)
ONE_ROW(one_row_6_affine, 6, 1)
ONE_ROW(one_row_8_affine, 8, 1)

static OneRow *const ONE_ROWS[2][9] = {
    {0, 0, one_row_2, one_row_3, one_row_4, one_row_5, one_row_6, 0, one_row_8},
    {0, 0, one_row_2_affine, one_row_3_affine, one_row_4_affine, one_row_5_affine, one_row_6_affine, 0, one_row_8_affine},
};

static void multiply_one(const Matrix *m, const u8 *x, float *y, int added, u32 group, u32 end) {
  OneRow *product = ONE_ROWS[m->minimum != 0][m->bits];
  const u32 whole = smaller(end, m->whole);
  if (group < whole)
    product(groups_at(m, group), m->blocks, m->scale_shift, x, y + GROUP * group, m->bias ? m->bias + GROUP * group : 0, added,
            whole - group);
  if (end > m->whole) product(groups_at(m, m->whole), m->blocks, m->scale_shift, x, y + GROUP * m->whole, 0, added, 1);
}

/* ---- a few rows ---- */

typedef void FewRows(Groups at, u32 blocks, u32 shift, const u8 *x, V *sums);

#define FEW_ROWS(name, bits, n) \
  static HOT void name(Groups at, u32 blocks, u32 shift, const u8 *x, V *sums) { few_rows(bits, n, at, blocks, shift, x, sums); }
FEW_ROWS(two_rows_8, 8, 2)
FEW_ROWS(four_rows_8, 8, 4)
#ifdef RELAXED
FEW_ROWS(two_rows_4, 4, 2)
FEW_ROWS(four_rows_4, 4, 4)
FEW_ROWS(two_rows_5, 5, 2)
FEW_ROWS(four_rows_5, 5, 4)
#endif

/* For the widths that models mostly have; 0 for others. */
static FewRows *few_rows_of(u32 bits, u32 count) {
  if (bits == 8) return count <= 2 ? two_rows_8 : four_rows_8;
#ifdef RELAXED
  if (bits == 4) return count <= 2 ? two_rows_4 : four_rows_4;
  if (bits == 5) return count <= 2 ? two_rows_5 : four_rows_5;
#endif
  return 0;
}

/* sums[t][2]: panel `index`'s rows times each of up to LANES rows, without the last factor. */
static void few_sums(const Matrix *m, u32 index, const u8 *x, u32 count, V *sums) {
  const u32 end = smaller(2 * index + 2, matrix_groups(m));
  for (u32 g = 2 * index; g < end; g++) {
    V four[LANES];
    few_rows_of(m->bits, count)(groups_at(m, g), m->blocks, m->scale_shift, x, four);
    for (u32 t = 0; t < count; t++) sums[2 * t + (g & 1)] = four[t];
  }
}

/* ---- several rows ---- */

#define UNPACK(name, bits) \
  static HOT void name(u8 *to, Groups at, u32 shift, u32 from, u32 end) { unpack(bits, to, at, shift, from, end); }
UNPACK(unpack_2, 2)
UNPACK(unpack_3, 3)
UNPACK(unpack_4, 4)
UNPACK(unpack_5, 5)
UNPACK(unpack_6, 6)
UNPACK(unpack_8, 8)

typedef void Unpack(u8 *to, Groups at, u32 shift, u32 from, u32 end);
static Unpack *const UNPACKS[9] = {0, 0, unpack_2, unpack_3, unpack_4, unpack_5, unpack_6, 0, unpack_8};

typedef void Tile(V *sums, const u8 *panel, const u8 *x, u32 blocks);

#define TILE(name, kind, fit, centred, lowered, n)                            \
  static HOT void name(V *sums, const u8 *panel, const u8 *x, u32 blocks) { \
    tile(kind, fit, centred, lowered, n, sums, panel, x, blocks);             \
  }
#define TILES(name, kind, fit, centred)    \
  TILE(name##_1, kind, fit, centred, 1, 1) \
  TILE(name##_2, kind, fit, centred, 1, 2) \
  TILE(name##_4, kind, fit, centred, 1, 4)
TILES(shorts, SHORTS, 16, 0)
/* Where all minima are 0: the bits are the same, and a prompt's whole packets are the faster for it. */
TILE(level_shorts_4, SHORTS, 16, 0, 0, 4)
#ifdef RELAXED
TILES(bytes, BYTES, 8, 0)
TILES(centred, BYTES, 8, 1)
TILES(wide, BYTES, 2, 0)
TILE(level_centred_4, BYTES, 8, 1, 0, 4)
#endif

/* Three rows take the place of four: what the last row's place holds is multiplied too, and nobody reads it. */
static Tile *const SHORTS_TILES[LANES] = {shorts_1, shorts_2, shorts_4, shorts_4};
static Tile *const LEVEL_SHORTS_TILES[LANES] = {shorts_1, shorts_2, level_shorts_4, level_shorts_4};
#ifdef RELAXED
static Tile *const BYTES_TILES[LANES] = {bytes_1, bytes_2, bytes_4, bytes_4};
static Tile *const CENTRED_TILES[LANES] = {centred_1, centred_2, centred_4, centred_4};
static Tile *const LEVEL_CENTRED_TILES[LANES] = {centred_1, centred_2, level_centred_4, level_centred_4};
static Tile *const WIDE_TILES[LANES] = {wide_1, wide_2, wide_4, wide_4};
#endif

static Tile *const *tiles_of(const Matrix *m) {
  const int level = block_offset(m->bits, m->minimum != 0) == 0 && !m->minimum;
#ifdef RELAXED
  if (m->kind == BYTES) return m->bits == 6 ? WIDE_TILES : m->bits != 5 ? BYTES_TILES : level ? LEVEL_CENTRED_TILES : CENTRED_TILES;
#endif
  return level ? LEVEL_SHORTS_TILES : SHORTS_TILES;
}

/* sums[t][2]: panel `index`'s eight rows times each of `count` rows, without the last factor. sums has room for whole packets. */
static void panel_sums(const Matrix *m, u32 index, const u8 *x, u32 count, V *sums, u8 *panel) {
  if (count <= LANES && few_rows_of(m->bits, count)) {
    few_sums(m, index, x, count, sums);
    return;
  }
  Unpack *unpacked = UNPACKS[m->bits];
  Tile *const *tiles = tiles_of(m);
  const u32 packet = packet_bytes(m->kind, m->columns, LANES), step = block_bytes(m->kind, LANES), slice = panel_blocks(m->kind);
  /* A last group without a partner is its own partner; the second copy's sums are never used. */
  const Groups first = groups_at(m, 2 * index), second = groups_at(m, smaller(2 * index + 1, matrix_groups(m) - 1));
  for (u32 i = 0; i < 2 * rounded_up(count, LANES); i++) sums[i] = splat(0);
  for (u32 from = 0; from < m->blocks; from += slice) {
    const u32 end = smaller(from + slice, m->blocks);
    unpacked(panel, first, m->scale_shift, from, end);
    unpacked(panel + 16, second, m->scale_shift, from, end);
    const u8 *at = x + from * step;
    for (u32 t = 0; t < count; t += LANES, at += packet) tiles[smaller(count - t, LANES) - 1](sums + 2 * t, panel, at, end - from);
  }
}

INLINE V finished(V sums, const float *bias) {
  V out = mul4(sums, splat(HALF_OF_SHIFT));
  return bias ? add4(out, load(bias)) : out;
}

/* ---- matrices of floats ---- */

static HOT float dot_product(const float *w, const float *x, u32 count) {
  V a = splat(0), b = a;
  for (u32 i = 0; i < count; i += 8) {
    a = multiply_add(load(w + i), load(x + i), a);
    b = multiply_add(load(w + i + 4), load(x + i + 4), b);
  }
  return sum_of(add4(a, b));
}

/* One row of a matrix of floats as float32, in place or unpacked to `room`. */
static const float *float_row(const Matrix *m, u32 r, float *room) {
  const u64 at = (u64)r * m->columns;
  if (m->form == ORION_F32) return (const float *)(const void *)m->data + at;
  const u16 *halves = (const u16 *)(const void *)m->data + at;
  for (u32 i = 0; i < m->columns; i += 4) store(room + i, mul4(load_halves(halves + i), splat(0x1p112f)));
  return room;
}

static void multiply_floats(const Matrix *m, const float *x, u32 count, float *y, u32 y_stride, int added, u32 first, u32 end, float *room) {
  for (u32 r = first; r < end; r++) {
    const float *w = float_row(m, r, room);
    for (u32 t = 0; t < count; t++) {
      float out = dot_product(w, x + (u64)t * m->columns, m->columns);
      if (m->bias) out += m->bias[r];
      float *to = y + (u64)t * y_stride + r;
      *to = added ? *to + out : out;
    }
  }
}

/* ---- what the forward pass calls ---- */

void multiply(const Matrix *m, const u8 *const x[KINDS], u32 count, float *y, u32 y_stride, int added, u32 first, u32 end, Bench *bench) {
  const u8 *rows = x[m->kind];
  if (m->kind == FLOATS) {
    multiply_floats(m, (const float *)(const void *)rows, count, y, y_stride, added, PANEL_ROWS * first, smaller(PANEL_ROWS * end, m->rows),
                    bench->row);
    return;
  }
  const u32 groups = matrix_groups(m);
  if (count == 1) {
    multiply_one(m, rows, y, added, smaller(2 * first, groups), smaller(2 * end, groups));
    return;
  }
  for (u32 p = first; p < end; p++) {
    panel_sums(m, p, rows, count, bench->sums, bench->panel);
    const u32 sides = smaller(2, groups - 2 * p);
    for (u32 side = 0; side < sides; side++) {
      const u32 row = PANEL_ROWS * p + GROUP * side;
      for (u32 t = 0; t < count; t++) {
        float *to = y + (u64)t * y_stride + row;
        V out = finished(bench->sums[2 * t + side], m->bias ? m->bias + row : 0);
        store(to, added ? add4(load(to), out) : out);
      }
    }
  }
}

static HOT void activate(float *y, const float *gate, u32 activation, u32 count) {
  if (activation == ORION_SILU)
    for (u32 i = 0; i < count; i += 4) store(y + i, mul4(silu4(load(gate + i)), load(y + i)));
  else
    for (u32 i = 0; i < count; i += 4) store(y + i, mul4(gelu4(load(gate + i)), load(y + i)));
}

void multiply_gated(const Matrix *gate, const Matrix *up, u32 activation, const u8 *const x[KINDS], u32 count, float *y, u32 y_stride,
                    u32 first, u32 end, Bench *bench) {
  if (count == 1) {
    float *gates = bench->gates;
    const u32 from = PANEL_ROWS * first, rows = smaller(PANEL_ROWS * end, gate->rows) - from;
    multiply(up, x, 1, y, y_stride, 0, first, end, bench);
    multiply(gate, x, 1, gates, 0, 0, first, end, bench);
    activate(y + from, gates + from, activation, rows);
    return;
  }
  if (gate->kind == FLOATS) { /* and up too: orion_open sees to it. Rows of floats lie one after the other. */
    for (u32 p = first; p < end; p++)
      for (u32 t = 0; t < count; t++) {
        const u8 *const one[KINDS] = {[FLOATS] = x[FLOATS] + (u64)t * packet_bytes(FLOATS, gate->columns, 1)};
        multiply_gated(gate, up, activation, one, 1, y + (u64)t * y_stride, y_stride, p, p + 1, bench);
      }
    return;
  }
  for (u32 p = first; p < end; p++) {
    const u32 row = PANEL_ROWS * p;
    panel_sums(gate, p, x[gate->kind], count, bench->more, bench->panel);
    panel_sums(up, p, x[up->kind], count, bench->sums, bench->panel);
    for (u32 i = 0; i < 2 * count; i++) {
      const u32 at = row + GROUP * (i & 1);
      bench->more[i] = finished(bench->more[i], gate->bias ? gate->bias + at : 0);
      bench->sums[i] = finished(bench->sums[i], up->bias ? up->bias + at : 0);
    }
    activate((float *)(void *)bench->sums, (const float *)(const void *)bench->more, activation, PANEL_ROWS * count);
    for (u32 t = 0; t < count; t++) {
      store(y + (u64)t * y_stride + row, bench->sums[2 * t]);
      store(y + (u64)t * y_stride + row + GROUP, bench->sums[2 * t + 1]);
    }
  }
}

void matrix_row(const Matrix *m, u32 r, float *out) {
  if (m->bits == 0) {
    const float *row = float_row(m, r, out);
    if (row != out)
      for (u32 i = 0; i < m->columns; i += 4) store(out + i, load(row + i));
    return;
  }
  const Groups at = groups_at(m, r / GROUP);
  const u32 lane = r % GROUP, bits = m->bits;
  for (u32 b = 0; b < m->blocks; b++, out += ORION_BLOCK) {
    const u32 s = (b >> m->scale_shift) * GROUP + lane;
    const u8 *q = at.q + b * group_block_bytes(bits);
    const float scale = half_value(at.scale[s]), low = at.minimum ? half_value(at.minimum[s]) : 0;
    const float offset = at.minimum ? 0 : (float)(1u << (bits - 1));
    for (u32 i = 0; i < ORION_BLOCK; i++) {
      const u32 w = i / 8, j = i % 8 / 2, p = i % 2;
      const u8 *high = q + (bits & 4 ? 64 : 0) + 4 * lane + j;
      u32 value = 0, shift = 0;
      if (bits == 8) {
        value = q[8 * (4 * (i % 4) + w) + 2 * lane + i % 8 / 4] ^ 0x80u;
      } else {
        if (bits & 4) value = q[16 * w + 4 * lane + j] >> 4 * p & 15, shift = 4;
        if (bits & 2) value |= (high[16 * p] >> 2 * w & 3u) << shift, shift += 2;
        if (bits & 1) value |= (u32)(high[bits & 2 ? 32 : 0] >> (2 * w + p) & 1) << shift;
      }
      out[i] = ((float)value - offset) * scale + low;
    }
  }
}
