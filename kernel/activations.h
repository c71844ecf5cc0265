/* Quantizes rows of activations for the matrices that they are multiplied with.
 *
 * A row is cut into blocks of 32 as the weights are. Of each block there are integers, a scale, and
 * scale * sum of the integers, which a minimum or an offset of the weights is multiplied with. Both carry
 * HALF_OF_SHIFT. The kinds:
 *
 *   BYTES   -127 to 127, eight words of four; word 4 p + w has the values 8 w + p, 8 w + p + 2, + 4, + 6: those of
 *           one nibble (p 0 low, 1 high) of the four bytes with the weights 8 w to 8 w + 7. Behind the scaled sum is one
 *           word more: two 16-bit sums, of the first and of the second two values of all words. Relaxed SIMD alone.
 *   SHORTS  -32767 to 32767, sixteen words of two; word 4 c + w has the values 8 w + c and 8 w + c + 4: those of
 *           nibble c of the same bytes taken as two 16-bit numbers.
 *   FLOATS  the float32 numbers themselves, for matrices that aren't in blocks.
 *
 * LANES rows lie together, word by word: 1, or 4 for the products of several rows at once, whose inner loop then
 * reads one stream. A block of LANES rows: its words, then LANES scales, LANES scaled sums, and with BYTES LANES words more.
 */
#ifndef ACTIVATIONS_H
#define ACTIVATIONS_H

#include "base.h"

enum { BYTES = 0, SHORTS = 1, FLOATS = 2, KINDS = 3 };

#define LANES 4

INLINE u32 kind_words(u32 kind) { return kind == BYTES ? 8 : 16; }

/* Bytes of a block of `lanes` rows. */
INLINE u32 block_bytes(u32 kind, u32 lanes) { return (kind == BYTES ? 32 + 12 : 64 + 8) * lanes; }

/* Bytes of `lanes` rows of `columns` values. */
INLINE u32 packet_bytes(u32 kind, u32 columns, u32 lanes) {
  return kind == FLOATS ? columns * 4 * lanes : columns / ORION_BLOCK * block_bytes(kind, lanes);
}

/* Writes the row x [columns] as lane `lane` of `lanes` at `to`. */
void quantize(u8 *to, u32 kind, const float *x, u32 columns, u32 lanes, u32 lane);

#endif
