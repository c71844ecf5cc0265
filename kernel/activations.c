#include "activations.h"

INLINE void put_words(u8 *to, V words, u32 lanes) {
  wasm_v128_store32_lane(to, words, 0);
  wasm_v128_store32_lane(to + 4 * lanes, words, 1);
  wasm_v128_store32_lane(to + 8 * lanes, words, 2);
  wasm_v128_store32_lane(to + 12 * lanes, words, 3);
}

INLINE void put_four_words(u8 *to, V words, u32 lanes) {
  if (lanes == 1)
    store(to, words);
  else
    put_words(to, words, lanes);
}

/* Added to a number far below 2^22, it leaves the nearest integer in the lowest bits: quicker than a conversion that
 * looks for numbers that are too large. */
#define TO_INTEGER 0x1.8p23f

/* The block's 32 values divided by what makes the largest of them `most`, as four vectors of 16-bit integers. */
INLINE void rounded_block(V halves[4], const float *x, float most, float *scale, float *sum) {
  V v[8], size = splat(0);
  for (int i = 0; i < 8; i++) {
    v[i] = load(x + 4 * i);
    size = wasm_f32x4_pmax(size, wasm_f32x4_abs(v[i]));
  }
  float top = greatest_of(size);
  V inverse = splat(top > 1e-30f ? most / top : 0.f), shift = splat(TO_INTEGER), total = wasm_i32x4_splat(0);
  for (int i = 0; i < 8; i++) {
    v[i] = wasm_i32x4_sub(add4(mul4(v[i], inverse), shift), shift);
    total = wasm_i32x4_add(total, v[i]);
  }
  for (int i = 0; i < 4; i++) halves[i] = wasm_i16x8_narrow_i32x4(v[2 * i], v[2 * i + 1]);
  total = wasm_i32x4_add(total, wasm_i32x4_shuffle(total, total, 2, 3, 2, 3));
  *scale = top / most * HALF_OF_SHIFT;
  *sum = *scale * (float)(wasm_i32x4_extract_lane(total, 0) + wasm_i32x4_extract_lane(total, 1));
}

#ifdef RELAXED
static HOT void quantize_bytes(u8 *to, const float *x, u32 columns, u32 lanes, u32 lane) {
  for (u32 b = 0; b < columns / ORION_BLOCK; b++, x += ORION_BLOCK, to += block_bytes(BYTES, lanes)) {
    V halves[4];
    float *end = (float *)(void *)(to + 32 * lanes) + lane;
    rounded_block(halves, x, 127.f, end, end + lanes);
    V first = wasm_i8x16_narrow_i16x8(halves[0], halves[1]), second = wasm_i8x16_narrow_i16x8(halves[2], halves[3]);
    V even = wasm_i8x16_shuffle(first, second, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    V odd = wasm_i8x16_shuffle(first, second, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    V total = wasm_i16x8_add(wasm_i16x8_add(halves[0], halves[1]), wasm_i16x8_add(halves[2], halves[3]));
    total = wasm_i32x4_extadd_pairwise_i16x8(total);
    const i32 low = wasm_i32x4_extract_lane(total, 0) + wasm_i32x4_extract_lane(total, 1);
    const i32 high = wasm_i32x4_extract_lane(total, 2) + wasm_i32x4_extract_lane(total, 3);
    const u32 sums = ((u32)low & 0xffff) | (u32)high << 16;
    __builtin_memcpy(end + 2 * lanes, &sums, 4);
    put_four_words(to + 4 * lane, even, lanes);
    put_four_words(to + 16 * lanes + 4 * lane, odd, lanes);
  }
}
#endif

static HOT void quantize_shorts(u8 *to, const float *x, u32 columns, u32 lanes, u32 lane) {
  for (u32 b = 0; b < columns / ORION_BLOCK; b++, x += ORION_BLOCK, to += block_bytes(SHORTS, lanes)) {
    V halves[4], words[4];
    float *end = (float *)(void *)(to + 64 * lanes) + lane;
    rounded_block(halves, x, 32767.f, end, end + lanes);
    /* Word c of vector w: values 8 w + c and 8 w + c + 4. */
    for (int w = 0; w < 4; w++) halves[w] = wasm_i16x8_shuffle(halves[w], halves[w], 0, 4, 1, 5, 2, 6, 3, 7);
    transpose(words, halves[0], halves[1], halves[2], halves[3]);
    for (int c = 0; c < 4; c++) put_four_words(to + 16 * c * lanes + 4 * lane, words[c], lanes);
  }
}

void quantize(u8 *to, u32 kind, const float *x, u32 columns, u32 lanes, u32 lane) {
  if (kind == FLOATS) {
    /* Rows of floats lie one after the other. */
    float *row = (float *)(void *)to + lane * columns;
    for (u32 i = 0; i < columns; i += 4) store(row + i, load(x + i));
    return;
  }
#ifdef RELAXED
  if (kind == BYTES) {
    quantize_bytes(to, x, columns, lanes, lane);
    return;
  }
#endif
  quantize_shorts(to, x, columns, lanes, lane);
}
