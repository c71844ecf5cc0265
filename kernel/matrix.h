/* Multiplies weight matrices with rows of activations. */
#ifndef MATRIX_H
#define MATRIX_H

#include "activations.h"
#include "blocks.h"

/* [rows][columns], arranged as blocks.h says; floats lie as they came. `whole` groups lie in place; up to three rows
 * that are left are a group of their own in the workspace, padded with rows whose scales are 0. */
typedef struct {
  const u8 *data;
  const u16 *scale, *minimum; /* minimum is 0 where the form is symmetric */
  const float *bias;          /* [rows] or 0 */
  const u8 *rest;
  const u16 *rest_scale, *rest_minimum;
  u32 rows, columns, blocks, whole;
  u32 form, bits, scale_shift; /* blocks_per_scale is 2^scale_shift */
  u32 kind;                    /* the kind of activations that it meets */
} Matrix;

INLINE u32 matrix_groups(const Matrix *m) { return (m->rows + GROUP - 1) / GROUP; }

/* Work is shared out among threads by panels of two groups. */
#define PANEL_ROWS (2 * GROUP)
INLINE u32 matrix_panels(const Matrix *m) { return (m->rows + PANEL_ROWS - 1) / PANEL_ROWS; }

/* Where a product of several rows works: one thread's own. */
typedef struct {
  u8 *panel;      /* PANEL_BYTES */
  V *sums, *more; /* [rows of the call, in whole packets][2] each */
  float *row;     /* a row of a matrix of floats */
  float *gates;   /* a row that the gate gives */
} Bench;

/* Blocks of a panel that are unpacked at a time, so that it stays in the processor's first cache beside a packet of rows. */
INLINE u32 panel_blocks(u32 kind) { return kind == BYTES ? 48 : 28; }
#define PANEL_BYTES (28 * (16 * 32 + 64))

/* y[t][r] = W x_t (+ bias), or added to y, for the panels from first to end. `x` are the activations of `count` rows, of each
 * kind: one row alone in one lane, several in packets of LANES. y's rows are y_stride floats apart and have room for whole
 * panels. The sums don't depend on count or on the panels' range. */
void multiply(const Matrix *m, const u8 *const x[KINDS], u32 count, float *y, u32 y_stride, int added, u32 first, u32 end,
              Bench *bench);

/* y[t][r] = activation(gate x_t) * (up x_t), in the same way. Gate and up have one shape. */
void multiply_gated(const Matrix *gate, const Matrix *up, u32 activation, const u8 *const x[KINDS], u32 count, float *y,
                    u32 y_stride, u32 first, u32 end, Bench *bench);

/* Row r as float32 [columns]. */
void matrix_row(const Matrix *m, u32 r, float *out);

#endif
