"""Rounds blocks of weights to grids.

A grid is a float16 scale s > 0 and a float16 minimum m: its points are m + q s for q in
0 … 2^b - 1, and -2^(b-1) s + q s where it is symmetric. Scale and minimum are rounded to float16
before anything is measured: what is compared is what will be stored.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from model_foundry.errors import UnquantizableMatrix
from model_foundry.model.weights import Affine, Bytes, Float16, Float32, Matrix, Symmetric
from model_foundry.quantizing.scheme import Scheme

ROWS_AT_ONCE = 1024
"""Rows of a matrix that are searched at a time, which bounds the memory that a search takes."""
LARGEST = float(np.finfo(np.float16).max)
_SMALLEST = np.finfo(np.float16).smallest_subnormal

Rounder = Callable[[Float32], tuple[Bytes, Float16, Float16 | None]]
"""From blocks F32 [n, k/block, block] to quants U8 of that shape, scales and minima F16 [n, k/block]."""


def quantized(weights: Float32, scheme: Scheme, rounder: Rounder) -> Matrix:
    """``weights`` [n, k] in the form of ``scheme``, some rows at a time and on all processors.

    Raises UnquantizableMatrix for rows that aren't whole blocks, and for numbers float16 can't hold.
    """
    n, k = weights.shape
    if k % scheme.block:
        raise UnquantizableMatrix(f"a row of {k} weights isn't a whole number of blocks of {scheme.block}")
    if not np.isfinite(weights).all() or np.abs(weights).max(initial=0) > LARGEST:
        raise UnquantizableMatrix("a weight isn't finite, or is larger than float16 can hold")
    blocks = weights.reshape(n, -1, scheme.block)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        parts = list(pool.map(rounder, (blocks[first : first + ROWS_AT_ONCE] for first in range(0, n, ROWS_AT_ONCE))))
    quants = np.concatenate([part[0] for part in parts]).reshape(n, k)
    scale = np.concatenate([part[1] for part in parts])
    if scheme.symmetric:
        signed = (quants.astype(np.int16) - 2 ** (scheme.bits - 1)).astype(np.int8)
        return Symmetric(scheme.bits, signed, scale)
    return Affine(scheme.bits, quants, scale, np.concatenate([part[2] for part in parts if part[2] is not None]))


def to_scale(values: Float32) -> Float16:
    """Positive float16 scales."""
    return np.clip(values, _SMALLEST, LARGEST).astype(np.float16)


def to_minimum(values: Float32) -> Float16:
    return np.clip(values, -LARGEST, LARGEST).astype(np.float16)


def nearest(blocks: Float32, scale: Float16, start: Float32, bits: int) -> Float32:
    """The q of each weight's nearest point m + q s, as floats; ``start`` is m [n, k/block]."""
    quants = (blocks - start[..., None]) / scale.astype(np.float32)[..., None]
    np.rint(quants, out=quants)
    return np.clip(quants, 0, 2**bits - 1, out=quants)


def start_of(scale: Float16, minimum: Float16 | None, bits: int) -> Float32:
    """The grid's lowest point, F32 [n, k/block]."""
    if minimum is None:
        return scale.astype(np.float32) * np.float32(-(2 ** (bits - 1)))
    return minimum.astype(np.float32)
