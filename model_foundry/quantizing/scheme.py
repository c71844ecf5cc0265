"""Defines the stored form of a matrix: blocks (bits, a minimum or none, their size), or plain floats."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from model_foundry.errors import UnknownScheme, UnquantizableMatrix
from model_foundry.model.weights import BLOCK, Affine, Dense, Float32, Matrix, Symmetric
from orion_py.manifest.stored_names import WIDTHS

_SYMMETRIC = 8
"""From so many bits on a block is symmetric unless asked otherwise: a minimum brings little then."""
BLOCKS = (32, 64, 128)
"""Weights that may share a scale: larger blocks are smaller on the wire, and less exact."""
_SPELT = re.compile(r"q(\d)(?:-(symmetric|affine))?(?:-b(\d+))?")


@dataclass(frozen=True)
class Scheme:
    """Blocks of weights along a row; each has a float16 scale and, where affine, a float16 minimum."""

    bits: int
    symmetric: bool
    block: int = BLOCK

    @classmethod
    def parse(cls, text: str) -> Self:
        """From ``q4``, ``q4-affine``, ``q4-symmetric``, ``q4-b64`` or ``q4-affine-b64``. Raises UnknownScheme."""
        match = _SPELT.fullmatch(text)
        if match is None or int(match[1]) not in WIDTHS or int(match[3] or BLOCK) not in BLOCKS:
            known = ", ".join(f"q{bits}" for bits in WIDTHS)
            raise UnknownScheme(
                f"{text!r} is no scheme; write {known}, alone or with -affine or -symmetric behind it, "
                "and then -b64 or -b128 for larger blocks; or f16 or f32 for floats"
            )
        bits = int(match[1])
        symmetric = bits >= _SYMMETRIC if match[2] is None else match[2] == "symmetric"
        return cls(bits, symmetric, int(match[3] or BLOCK))

    def __str__(self) -> str:
        larger = "" if self.block == BLOCK else f"-b{self.block}"
        return f"q{self.bits}-{'symmetric' if self.symmetric else 'affine'}{larger}"

    def describes(self, matrix: Matrix) -> bool:
        """Whether ``matrix`` has this form already: then there is nothing to gain, and much to lose."""
        form = Symmetric if self.symmetric else Affine
        return isinstance(matrix, form) and matrix.bits == self.bits and matrix.block == self.block


FLOATS = (16, 32)
"""Bits of the floats that a matrix can be stored in."""


@dataclass(frozen=True)
class Floats:
    """No blocks: each weight is an IEEE 754 number of so many bits."""

    bits: Literal[16, 32]

    def __str__(self) -> str:
        return f"f{self.bits}"

    def describes(self, matrix: Matrix) -> bool:
        """Whether ``matrix`` has this form already."""
        return isinstance(matrix, Dense) and matrix.dtype == f"F{self.bits}"

    def of(self, name: str, values: Float32) -> Dense:
        """The matrix ``name``, each of its ``values`` [n, k] rounded to the nearest float of this kind.

        Raises UnquantizableMatrix for numbers that are too large.
        """
        if not np.isfinite(values).all():
            raise UnquantizableMatrix(f"{name}: a weight isn't finite")
        if self.bits == 32:
            return Dense(values, "F32")
        with np.errstate(over="ignore"):
            halves = values.astype(np.float16)
        if not np.isfinite(halves).all():
            largest = float(np.abs(values).max())
            raise UnquantizableMatrix(
                f"{name}: a weight of {largest:.4g} is larger than float16 can hold (65504); "
                f"store this matrix with --override '{name}=f32', or all of them with --bits 32"
            )
        return Dense(halves.astype(np.float32), "F16")


AnyScheme = Scheme | Floats


def parse_scheme(text: str) -> AnyScheme:
    """From ``f16`` or ``f32``, or what ``Scheme.parse`` reads. Raises UnknownScheme."""
    return {"f16": Floats(16), "f32": Floats(32)}.get(text) or Scheme.parse(text)
