"""Rounds to nearest: divides a block's range evenly and moves each weight to the nearest point.

Affine: from the block's least to its greatest weight (ggml's Q4_1). Symmetric: around zero, up to
its largest magnitude (ggml's Q8_0).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from model_foundry.errors import UnquantizableMatrix
from model_foundry.model.weights import Bytes, Float16, Float32, Matrix
from model_foundry.quantizing.blocks import nearest, quantized, start_of, to_minimum, to_scale
from model_foundry.quantizing.scheme import Scheme


def round_to_nearest(weights: Float32, scheme: Scheme) -> Matrix:
    """``weights`` [n, k]: each lands within half a scale, but for float16's rounding of the grid.

    Raises UnquantizableMatrix.
    """
    return quantized(weights, scheme, lambda blocks: _rounded(blocks, scheme))


def rounding(layers: Scheme, tables: Scheme) -> Callable[[str, Float32], Matrix]:
    """From a matrix's stored name and its weights to what is stored: one scheme for layers, one for table and head.

    What it gives raises UnquantizableMatrix, which names the matrix.
    """

    def quantizer(name: str, matrix: Float32) -> Matrix:
        try:
            return round_to_nearest(matrix, layers if name.startswith("layers.") else tables)
        except UnquantizableMatrix as error:
            raise UnquantizableMatrix(f"{name}: {error}") from error

    return quantizer


def plain_grid(blocks: Float32, scheme: Scheme) -> tuple[Float16, Float16 | None]:
    """Scales and minima [n, k/block] for blocks [n, k/block, block]."""
    if scheme.symmetric:
        return to_scale(np.abs(blocks).max(axis=-1) / np.float32(2 ** (scheme.bits - 1) - 1)), None
    low, high = blocks.min(axis=-1), blocks.max(axis=-1)
    step = (high - low) / np.float32(2**scheme.bits - 1)
    # A constant block: any scale will do, and one that isn't tiny keeps minimum / scale small.
    return to_scale(np.where(step > 0, step, np.float32(1))), to_minimum(low)


def _rounded(blocks: Float32, scheme: Scheme) -> tuple[Bytes, Float16, Float16 | None]:
    scale, minimum = plain_grid(blocks, scheme)
    quants = nearest(blocks, scale, start_of(scale, minimum, scheme.bits), scheme.bits)
    return quants.astype(np.uint8), scale, minimum
