"""Weight matrices in memory, in the forms that the foundry knows how to store.

A matrix is [n, k]: n outputs, k inputs, as in y = W x. The quantized forms keep the source's own
numbers, in blocks of 32 along k; ``dequantized`` gives what they stand for as float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

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
    shifted: Float16 = np.ldexp(values, exponents)
    if not np.array_equal(np.ldexp(shifted, -exponents), values) or not np.isfinite(shifted).all():
        raise InexactScale("a block's scale leaves float16's range when it is shifted")
    return shifted


@dataclass(frozen=True)
class Affine4:
    """4 bits and a minimum: weight = quants * scale + minimum (ggml's Q4_1).

    ``quants`` U8 [n, k] holds 0 to 15; ``scale`` and ``minimum`` F16 [n, k/32]. No scale is zero:
    a constant block has quants 0, so that minimum / scale (a zero point) always exists.
    """

    quants: Bytes
    scale: Float16
    minimum: Float16

    @property
    def shape(self) -> tuple[int, int]:
        n, k = self.quants.shape
        return n, k

    def dequantized(self) -> Float32:
        n, k = self.shape
        blocks = self.quants.reshape(n, k // BLOCK, BLOCK).astype(np.float32)
        scaled = blocks * self.scale.astype(np.float32)[..., None]
        return (scaled + self.minimum.astype(np.float32)[..., None]).reshape(n, k)

    def rows(self, order: Rows) -> Affine4:
        """The same matrix with its rows in another order."""
        return Affine4(self.quants[order], self.scale[order], self.minimum[order])

    def scaled(self, exponents: Exponents) -> Affine4:
        """Each block times a power of two, ``exponents`` [n or 1, k/32]. Raises InexactScale."""
        return Affine4(self.quants, _shifted(self.scale, exponents), _shifted(self.minimum, exponents))

    @classmethod
    def stacked(cls, parts: Sequence[Self]) -> Affine4:
        return Affine4(
            np.concatenate([part.quants for part in parts]),
            np.concatenate([part.scale for part in parts]),
            np.concatenate([part.minimum for part in parts]),
        )


@dataclass(frozen=True)
class Symmetric8:
    """8 bits around zero: weight = quants * scale (ggml's Q8_0).

    ``quants`` I8 [n, k]; ``scale`` F16 [n, k/32].
    """

    quants: NDArray[np.int8]
    scale: Float16

    @property
    def shape(self) -> tuple[int, int]:
        n, k = self.quants.shape
        return n, k

    def dequantized(self) -> Float32:
        n, k = self.shape
        blocks = self.quants.reshape(n, k // BLOCK, BLOCK).astype(np.float32)
        return (blocks * self.scale.astype(np.float32)[..., None]).reshape(n, k)

    def rows(self, order: Rows) -> Symmetric8:
        """The same matrix with its rows in another order."""
        return Symmetric8(self.quants[order], self.scale[order])

    def scaled(self, exponents: Exponents) -> Symmetric8:
        """Each block times a power of two, ``exponents`` [n or 1, k/32]. Raises InexactScale."""
        return Symmetric8(self.quants, _shifted(self.scale, exponents))

    @classmethod
    def stacked(cls, parts: Sequence[Self]) -> Symmetric8:
        return Symmetric8(
            np.concatenate([part.quants for part in parts]),
            np.concatenate([part.scale for part in parts]),
        )


@dataclass(frozen=True)
class Dense:
    """``values`` F32 [n, k]: what a source's own decoder says. It can't be stored."""

    values: Float32

    @property
    def shape(self) -> tuple[int, int]:
        n, k = self.values.shape
        return n, k

    def dequantized(self) -> Float32:
        return self.values

    def rows(self, order: Rows) -> Dense:
        """The same matrix with its rows in another order."""
        return Dense(self.values[order])

    def scaled(self, exponents: Exponents) -> Dense:
        """Each block of 32 times a power of two, ``exponents`` [n or 1, k/32]."""
        return Dense(np.ldexp(self.values, np.repeat(exponents, BLOCK, axis=1)))


Matrix = Affine4 | Symmetric8 | Dense


def stacked(parts: Sequence[Matrix]) -> Matrix:
    """One matrix with the rows of all ``parts``, which must have one form.

    Raises UnknownQuantization for a mixture: fusing it would need a common form, and so a loss.
    """
    affine = [part for part in parts if isinstance(part, Affine4)]
    symmetric = [part for part in parts if isinstance(part, Symmetric8)]
    if len(affine) == len(parts):
        return Affine4.stacked(affine)
    if len(symmetric) == len(parts):
        return Symmetric8.stacked(symmetric)
    raise UnknownQuantization("matrices of different forms can't be fused into one")
