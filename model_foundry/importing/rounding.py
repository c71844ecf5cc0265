"""Dense weights to the forms that are stored, by rounding to the nearest step.

The plainest of quantizers, and what importing does when nothing better is asked for. A block is 32
weights of one output.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from model_foundry.errors import UnknownQuantization
from model_foundry.weights import BLOCK, Affine, Dense, Float16, Float32, Matrix, Symmetric

Form = Literal["q8", "q4"]
FORMS: tuple[Form, ...] = ("q8", "q4")

Quantizer = Callable[[str, Float32], Matrix]
"""Gives the matrix to store under a name (model_foundry/sharding/stored.py) for its values [n, k]."""

_LEAST = np.float16(2**-24)
"""The smallest scale: of a block whose range is too small for float16, but isn't 0."""


def dense(name: str, matrix: Float32) -> Matrix:
    """The quantizer that loses nothing; what it gives can be computed with and not stored."""
    return Dense(matrix)


def rounding(layers: Form, tables: Form) -> Quantizer:
    """The quantizer with one form for the matrices of layers, one for the token table and the head."""

    def quantizer(name: str, matrix: Float32) -> Matrix:
        try:
            return quantized(matrix, layers if name.startswith("layers.") else tables)
        except UnknownQuantization as error:
            raise UnknownQuantization(f"{name}: {error}") from error

    return quantizer


def quantized(matrix: Float32, form: Form) -> Matrix:
    """The matrix [n, k] that is nearest to ``matrix`` with steps chosen block by block.

    q8: steps of (largest magnitude)/127 around 0. q4: 15 steps from the least to the greatest weight.
    Raises UnknownQuantization where k isn't whole blocks or a scale leaves float16's range.
    """
    n, k = matrix.shape
    if k % BLOCK:
        raise UnknownQuantization(f"{k} inputs can't be cut in blocks of {BLOCK}")
    blocks = matrix.reshape(n, k // BLOCK, BLOCK)
    if form == "q8":
        extent = np.abs(blocks).max(axis=2)
        scale = np.where(extent > 0, np.maximum(_half(extent / np.float32(127)), _LEAST), np.float16(1))
        steps = np.rint(blocks / scale.astype(np.float32)[..., None])
        return Symmetric(8, np.clip(steps, -127, 127).astype(np.int8).reshape(n, k), scale)
    least, greatest = blocks.min(axis=2), blocks.max(axis=2)
    minimum = _half(least)
    scale = np.maximum(_half((greatest - least) / np.float32(15)), _LEAST)
    # A constant block is its minimum, with a scale that a zero point survives (see Affine).
    constant = greatest == least
    scale = np.where(constant, np.where(minimum == 0, np.float16(1), np.abs(minimum)), scale)
    steps = np.rint((blocks - minimum.astype(np.float32)[..., None]) / scale.astype(np.float32)[..., None])
    steps[constant] = 0
    return Affine(4, np.clip(steps, 0, 15).astype(np.uint8).reshape(n, k), scale, minimum)


def _half(values: Float32) -> Float16:
    if values.size and float(np.abs(values).max()) > float(np.finfo(np.float16).max):
        raise UnknownQuantization("a block's range is more than float16 can say")
    return values.astype(np.float16)
