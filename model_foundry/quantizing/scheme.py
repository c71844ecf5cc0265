"""What a matrix is to be stored as: bits, and whether its blocks have a minimum."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from model_foundry.errors import UnknownScheme
from model_foundry.weights import BLOCK, Affine, Matrix, Symmetric
from orion_py.loading.manifest import WIDTHS

_SYMMETRIC = 8
"""From so many bits on a block is symmetric unless asked otherwise: a minimum brings little then."""
_SPELT = re.compile(r"q(\d)(?:-(symmetric|affine))?")


@dataclass(frozen=True)
class Scheme:
    """Blocks of 32 weights along a row; each has a float16 scale and, where affine, a float16 minimum."""

    bits: int
    symmetric: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """From ``q4``, ``q4-affine`` or ``q4-symmetric``. Raises UnknownScheme."""
        match = _SPELT.fullmatch(text)
        if match is None or int(match[1]) not in WIDTHS:
            known = ", ".join(f"q{bits}" for bits in WIDTHS)
            raise UnknownScheme(f"{text!r} is no scheme; write {known}, alone or with -affine or -symmetric behind it")
        bits = int(match[1])
        return cls(bits, bits >= _SYMMETRIC if match[2] is None else match[2] == "symmetric")

    def __str__(self) -> str:
        return f"q{self.bits}-{'symmetric' if self.symmetric else 'affine'}"

    @property
    def bits_per_weight(self) -> float:
        """On the wire, scales and minima included."""
        return self.bits + (16 if self.symmetric else 32) / BLOCK

    def describes(self, matrix: Matrix) -> bool:
        """Whether ``matrix`` has this form already: then there is nothing to gain, and much to lose."""
        form = Symmetric if self.symmetric else Affine
        return isinstance(matrix, form) and matrix.bits == self.bits
