"""What is wanted of a quantization: a scheme, a method, and what is treated otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, get_args

from model_foundry.errors import UnknownScheme
from model_foundry.quantizing.scheme import Scheme

Method = Literal["rtn", "k-quant", "awq"]
METHODS: tuple[Method, ...] = get_args(Method)
KEEP = "keep"
"""An override that leaves a matrix in the form its source has."""

TABLES = ("embedding=q8", "head=q8")
"""Overrides that come before a user's own: the token table and the head are the most sensitive
matrices, and a tied table serves as both."""


@dataclass(frozen=True)
class Override:
    """``scheme`` for all matrices whose stored name matches ``pattern``; None keeps them as they are."""

    pattern: str
    scheme: Scheme | None

    @classmethod
    def parse(cls, text: str) -> Override:
        """From ``PATTERN=SCHEME``, such as ``layers.*.mlp.down=q6``. Raises UnknownScheme."""
        pattern, equals, scheme = text.rpartition("=")
        if not equals or not pattern:
            raise UnknownScheme(f"{text!r} is no override; write NAME=SCHEME, such as layers.*.mlp.down=q6")
        return cls(pattern, None if scheme == KEEP else Scheme.parse(scheme))

    def __str__(self) -> str:
        return f"{self.pattern}={self.scheme or KEEP}"


@dataclass(frozen=True)
class QuantizationPlan:
    """``overrides``: the last that matches a name decides."""

    scheme: Scheme
    method: Method
    overrides: tuple[Override, ...]

    @classmethod
    def of(cls, scheme: Scheme, method: Method, overrides: Sequence[str] = ()) -> QuantizationPlan:
        """With the tables' own overrides before ``overrides``. Raises UnknownScheme."""
        return cls(scheme, method, tuple(Override.parse(text) for text in (*TABLES, *overrides)))

    def scheme_for(self, name: str) -> Scheme | None:
        """How the matrix stored as ``name`` is to be stored; None for as it is."""
        for override in reversed(self.overrides):
            if fnmatchcase(name, override.pattern):
                return override.scheme
        return self.scheme

    def unmatched(self, names: Sequence[str]) -> list[str]:
        """Patterns of overrides that match none of ``names``: most likely misspelt."""
        own = [override.pattern for override in self.overrides[len(TABLES) :]]
        return [pattern for pattern in own if not any(fnmatchcase(name, pattern) for name in names)]
