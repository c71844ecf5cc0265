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

/* Adds `blocks` blocks to sums [n][2] of n rows. kind, fit (steps before 16-bit sums are widened), centred, lowered
 * (whether there are minima other than 0) and n are constants. */
INLINE void tile(const u32 kind, const int fit, const int centred, const int lowered, const int n, V *sums, const u8 *panel, const u8 *x, u32 blocks) {
  const u32 words = kind_words(kind), steps = kind == BYTES ? (u32)fit : words;
  V sum[2][LANES];
  for (int t = 0; t < n; t++) {
    sum[0][t] = sums[2 * t];
    sum[1][t] = sums[2 * t + 1];
  }
  for (u32 b = 0; b < blocks; b++) {
    V whole[2][LANES];
    for (u32 part = 0; part < words; part += steps) {
      V dot[2][LANES];
#pragma unroll
      for (int t = 0; t < n; t++) dot[0][t] = dot[1][t] = wasm_i32x4_splat(0);
#pragma clang loop unroll(disable)
      for (u32 step = 0; step < steps; step++, panel += 32, x += 4 * LANES) {
        V first = load(panel), second = load(panel + 16);
#pragma unroll
        for (int t = 0; t < n; t++) {
          V a = load_splat(x + 4 * t); /* loads are free here, shuffles aren't */
#ifdef RELAXED
          if (kind == BYTES) {
            dot[0][t] = wasm_i16x8_add(dot[0][t], wasm_i16x8_relaxed_dot_i8x16_i7x16(a, first));
            dot[1][t] = wasm_i16x8_add(dot[1][t], wasm_i16x8_relaxed_dot_i8x16_i7x16(a, second));
            continue;
          }
#endif
          dot[0][t] = wasm_i32x4_add(dot[0][t], wasm_i32x4_dot_i16x8(a, first));
          dot[1][t] = wasm_i32x4_add(dot[1][t], wasm_i32x4_dot_i16x8(a, second));
        }
      }
#pragma unroll
      for (int g = 0; g < 2; g++) {
#pragma unroll
        for (int t = 0; t < n; t++) {
          if (centred) dot[g][t] = wasm_i16x8_sub(dot[g][t], wasm_i16x8_shl(lane_splat(load(x + 8 * LANES), t), 4));
          V wide = kind == BYTES ? WIDER(dot[g][t]) : dot[g][t];
          whole[g][t] = part ? wasm_i32x4_add(whole[g][t], wide) : wide;
        }
      }
    }
    const V scales = load(x), scaled_sums = load(x + 4 * LANES);
#pragma unroll
    for (int t = 0; t < n; t++) {
      V scale = lane_splat(scales, t), scaled_sum = lane_splat(scaled_sums, t);
#pragma unroll
      for (int g = 0; g < 2; g++) {
        if (lowered) sum[g][t] = multiply_add(load(panel + 32 + 16 * g), scaled_sum, sum[g][t]);
        sum[g][t] = multiply_add(wasm_f32x4_convert_i32x4(whole[g][t]), mul4(load(panel + 16 * g), scale), sum[g][t]);
      }
    }
    panel += 64;
    x += block_bytes(kind, LANES) - 4 * LANES * words;
  }
  for (int t = 0; t < n; t++) {
    sums[2 * t] = sum[0][t];
    sums[2 * t + 1] = sum[1][t];
  }
}

#endif
