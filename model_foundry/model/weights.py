"""Holds weight matrices in memory, in the forms that the foundry knows.

A matrix is [n, k]: n outputs, k inputs, as in y = W x. The quantized forms, which can be stored,
keep the source's own numbers in blocks of 32 along k; ``dequantized`` gives their values as
float32. ``Dense`` has no blocks: each number is a float of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from model_foundry.errors import InexactScale, UnknownQuantization

BLOCK = 32

Float32 = NDArray[np.float32]
Float16 = NDArray[np.float16]
Bytes = NDArray[np.uint8]
Rows = NDArray[np.intp]
Exponents = NDArray[np.int32]


def _shifted(values: Float16, exponents: Exponents) -> Float16:
    """``values`` times powers of two, in float16 without a rounding. Raises InexactScale."""
    if exponents.shape[1] not in (1, values.shape[1]):
        raise InexactScale(f"blocks of more than {BLOCK} weights can't be shifted {BLOCK} at a time")
    with np.errstate(over="ignore"):
        shifted: Float16 = np.ldexp(values, exponents)
    if not np.array_equal(np.ldexp(shifted, -exponents), values) or not np.isfinite(shifted).all():
        raise InexactScale("a block's scale leaves float16's range when it is shifted")
    return shifted


@dataclass(frozen=True)
class Affine:
    """``bits`` and a minimum: weight = quants * scale + minimum (with 4 bits, ggml's Q4_1).

    ``quants`` U8 [n, k] holds 0 to 2**bits - 1; ``scale`` and ``minimum`` F16 [n, k/32], or for
    larger blocks [n, k/64] or [n, k/128]. No scale is zero: a constant block has quants 0, so that
    minimum / scale (a zero point) always exists.
    """

    bits: int
    quants: Bytes
    scale: Float16
    minimum: Float16

    @property
    def shape(self) -> tuple[int, int]:
        n, k = self.quants.shape
        return n, k

    @property
    def block(self) -> int:
        """Weights that share a scale."""
        return self.shape[1] // len(self.scale[0])

    def dequantized(self) -> Float32:
        n, k = self.shape
        blocks = self.quants.reshape(n, k // self.block, self.block).astype(np.float32)
        blocks *= self.scale.astype(np.float32)[..., None]
        blocks += self.minimum.astype(np.float32)[..., None]
        return blocks.reshape(n, k)

    def rows(self, order: Rows) -> Affine:
        """The same matrix with its rows in another order."""
        return Affine(self.bits, self.quants[order], self.scale[order], self.minimum[order])

    def scaled(self, exponents: Exponents) -> Affine:
        """Each block times a power of two, ``exponents`` [n or 1, k/32]. Raises InexactScale."""
        return Affine(self.bits, self.quants, _shifted(self.scale, exponents), _shifted(self.minimum, exponents))


@dataclass(frozen=True)
class Symmetric:
    """``bits`` around zero: weight = quants * scale (with 8 bits, ggml's Q8_0).

    ``quants`` I8 [n, k] holds -2**(bits-1) to 2**(bits-1) - 1; ``scale`` F16 [n, k/32], or for larger
    blocks [n, k/64] or [n, k/128].
    """

    bits: int
    quants: NDArray[np.int8]
    scale: Float16

    @property
    def shape(self) -> tuple[int, int]:
        n, k = self.quants.shape
        return n, k

    @property
    def block(self) -> int:
        """Weights that share a scale."""
        return self.shape[1] // len(self.scale[0])

    def dequantized(self) -> Float32:
        n, k = self.shape
        blocks = self.quants.reshape(n, k // self.block, self.block).astype(np.float32)
        blocks *= self.scale.astype(np.float32)[..., None]
        return blocks.reshape(n, k)

    def rows(self, order: Rows) -> Symmetric:
        """The same matrix with its rows in another order."""
        return Symmetric(self.bits, self.quants[order], self.scale[order])

    def scaled(self, exponents: Exponents) -> Symmetric:
        """Each block times a power of two, ``exponents`` [n or 1, k/32]. Raises InexactScale."""
        return Symmetric(self.bits, self.quants, _shifted(self.scale, exponents))

    def unsigned(self) -> Bytes:
        """The quants with 2**(bits-1) added, U8 [n, k]: as they are stored."""
        shifted: Bytes = (self.quants.astype(np.int16) + 2 ** (self.bits - 1)).astype(np.uint8)
        return shifted

    def affine(self) -> Affine:
        """The same weights with a minimum. Raises InexactScale where float16 can't hold that."""
        zero = self.scale == 0
        minimum = _shifted(-self.scale, np.full((1, 1), self.bits - 1, np.int32))
        quants = np.where(np.repeat(zero, self.block, axis=1), np.uint8(0), self.unsigned())
        return Affine(self.bits, quants, np.where(zero, np.float16(1), self.scale), minimum)


@dataclass(frozen=True)
class Dense:
    """``values`` F32 [n, k]: what a source's own decoder says.

    ``dtype`` is a type that holds them without a loss, by its name in safetensors. No kernel reads
    BF16: such values are stored as F32.
    """

    values: Float32
    dtype: Literal["F32", "F16", "BF16"] = "F32"

    @property
    def shape(self) -> tuple[int, int]:
        n, k = self.values.shape
        return n, k

    def dequantized(self) -> Float32:
        return self.values

    def rows(self, order: Rows) -> Dense:
        """The same matrix with its rows in another order."""
        return Dense(self.values[order], self.dtype)

    def scaled(self, exponents: Exponents) -> Dense:
        """Each block of 32 times a power of two, ``exponents`` [n or 1, k/32]: as F32, which holds any such product."""
        return Dense(np.ldexp(self.values, np.repeat(exponents, BLOCK, axis=1)))


Matrix = Affine | Symmetric | Dense


def stacked(parts: Sequence[Matrix]) -> Matrix:
    """One matrix with the rows of all ``parts``, in the narrowest form that holds each without a loss.

    Symmetric parts become affine beside an affine one, and all get the bits of the widest. Raises
    UnknownQuantization for dense parts beside others, InexactScale as ``Symmetric.affine`` does.
    """
    return reduce(_joined, parts)


def _joined(first: Matrix, second: Matrix) -> Matrix:
    if isinstance(first, Dense) and isinstance(second, Dense):
        dtype = first.dtype if first.dtype == second.dtype else "F32"
        return Dense(np.concatenate([first.values, second.values]), dtype)
    if isinstance(first, Dense) or isinstance(second, Dense):
        raise UnknownQuantization("a dense matrix can't be fused with a quantized one")
    bits = max(first.bits, second.bits)
    if isinstance(first, Symmetric) and isinstance(second, Symmetric):
        quants = np.concatenate([first.quants, second.quants])
        return Symmetric(bits, quants, np.concatenate([first.scale, second.scale]))
    left = first if isinstance(first, Affine) else first.affine()
    right = second if isinstance(second, Affine) else second.affine()
    return Affine(
        bits,
        np.concatenate([left.quants, right.quants]),
        np.concatenate([left.scale, right.scale]),
        np.concatenate([left.minimum, right.minimum]),
    )
