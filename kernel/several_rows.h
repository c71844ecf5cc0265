/* Multiplies a panel, two groups of four rows, with several rows of activations: prompts and drafts.
 *
 * A panel's blocks are unpacked once and meet all rows, four at a time. Sums are those of one_row.h, in the same order. */
#ifndef SEVERAL_ROWS_H
#define SEVERAL_ROWS_H

#include "few_rows.h"

/* An unpacked block: its steps, each a vector of the first group and one of the second; then the two groups' scales and their
 * minima, F32 times 2^-112. */
INLINE u32 panel_block_bytes(u32 kind) { return 32 * kind_words(kind) + 64; }

/* Unpacks blocks [from, end) of a group as the panel's group 0 or 1: `to` is the panel, or 16 bytes on. */
INLINE void unpack(const int bits, u8 *to, Groups at, u32 shift, u32 from, u32 end) {
  const int bytes = meets_bytes((u32)bits);
  const Masks masks = masks_of(bits, bytes);
  for (u32 b = from; b < end; b++, to += panel_block_bytes(bytes ? BYTES : SHORTS)) {
    const u8 *q = at.q + b * group_block_bytes((u32)bits);
    const u32 s = b >> shift << 2;
    u8 *tail = to + 32 * (bytes ? 8 : 16);
    if (bits == 8) {
#pragma unroll
      for (int step = 0; step < 16; step++) store(to + 32 * step, wasm_i16x8_load8x8(q + 8 * step));
    } else {
      const Planes planes = load_planes(bits, q);
#pragma unroll
      for (int w = 0; w < 4; w++) {
        V nibbles = bits & 4 ? load(q + 16 * w) : wasm_i32x4_splat(0);
        if (bytes) {
          store(to + 32 * w, weight_bytes(bits, &masks, nibbles, planes, w, 0));
          store(to + 32 * (4 + w), weight_bytes(bits, &masks, nibbles, planes, w, 1));
        } else {
#pragma unroll
          for (int c = 0; c < 4; c++) store(to + 32 * (4 * c + w), weight_shorts(bits, &masks, nibbles, planes, w, c));
        }
      }
    }
    V scale = scales_at(&masks, at.scale + s);
    store(tail, scale);
    store(tail + 32, block_minimum((u32)bits, &masks, at.minimum != 0, at.minimum ? at.minimum + s : 0, scale));
  }
}

INLINE V dot_step(const u32 kind, V activations, V weights) {
#ifdef RELAXED
  if (kind == BYTES) return wasm_i16x8_relaxed_dot_i8x16_i7x16(activations, weights);
#endif
  (void)kind;
  return wasm_i32x4_dot_i16x8(activations, weights);
}

INLINE V add_step(const u32 kind, V a, V b) { return kind == BYTES ? wasm_i16x8_add(a, b) : wasm_i32x4_add(a, b); }

/* One block's sums of products, [2][n]: those of its last `fit` steps, and widened those of the steps before. */
INLINE void tile_block(const u32 kind, const u32 fit, const int n, V dot[2][LANES], V whole[2][LANES], const u8 *panel, const u8 *x) {
#pragma unroll
  for (u32 step = 0; step < kind_words(kind); step++) {
    V weights[2] = {load(panel + 32 * step), load(panel + 32 * step + 16)};
#pragma unroll
    for (int t = 0; t < n; t++) {
      V a = load_splat(x + 4 * (LANES * step + (u32)t)); /* loads are free here, shuffles aren't */
#pragma unroll
      for (int g = 0; g < 2; g++) {
        V product = dot_step(kind, a, weights[g]);
        if (step % fit == 0 && step) whole[g][t] = step == fit ? WIDER(dot[g][t]) : wasm_i32x4_add(whole[g][t], WIDER(dot[g][t]));
        dot[g][t] = step % fit ? add_step(kind, product, dot[g][t]) : product;
        IN_ITS_PLACE(dot[g][t]);
      }
    }
  }
}

/* Adds `blocks` blocks to sums [n][2] of n rows. kind, fit (steps before 16-bit sums are widened), centred, lowered
 * (whether there are minima other than 0) and n are constants. A block is straight code with constant distances, and the sums
 * stay in memory: there aren't registers for both them and the block's. */
INLINE void tile(const u32 kind, const u32 fit, const int centred, const int lowered, const int n, V *sums, const u8 *panel, const u8 *x, u32 blocks) {
  const u32 words = kind_words(kind);
  for (u32 b = 0; b < blocks; b++, panel += panel_block_bytes(kind), x += block_bytes(kind, LANES)) {
    V dot[2][LANES], whole[2][LANES], scale[2], low[2];
    STEADY(panel);
    STEADY(x);
    tile_block(kind, fit, n, dot, whole, panel, x);
    const u8 *tail = panel + 32 * words, *row = x + 4 * LANES * words;
    for (int g = 0; g < 2; g++) {
      scale[g] = load(tail + 16 * g);
      if (lowered) low[g] = load(tail + 32 + 16 * g);
    }
#pragma unroll
    for (int t = 0; t < n; t++, row += 4) {
      V its_scale = load_splat(row), its_sum = load_splat(row + 4 * LANES), taken = dot[0][t];
      if (centred) taken = wasm_i16x8_shl(load_splat(row + 8 * LANES), 4);
#pragma unroll
      for (int g = 0; g < 2; g++) {
        V last = centred ? wasm_i16x8_sub(dot[g][t], taken) : dot[g][t], sum = sums[2 * t + g];
        if (kind == BYTES) last = WIDER(last);
        if (fit < words) last = wasm_i32x4_add(whole[g][t], last);
        if (lowered) sum = multiply_add(low[g], its_sum, sum);
        sums[2 * t + g] = multiply_add(wasm_f32x4_convert_i32x4(last), mul4(scale[g], its_scale), sum);
      }
    }
  }
}

#endif
