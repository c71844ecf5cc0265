"""Defines what a quantization is asked for: a scheme, a method, and the exceptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Literal, get_args

from model_foundry.errors import UnknownScheme
from model_foundry.quantizing.scheme import AnyScheme, Scheme, parse_scheme

Method = Literal["rtn", "k-quant", "awq"]
METHODS: tuple[Method, ...] = get_args(Method)
KEEP = "keep"
"""An override that leaves a matrix in the form its source has."""

TABLES = ("embedding=q8", "head=q8")
"""Overrides that come before a user's own where the layers are in blocks: the token table and the head
are the most sensitive matrices, and a tied table serves as both."""


@dataclass(frozen=True)
class Override:
    """``scheme`` for all matrices whose stored name matches ``pattern``; None keeps them as they are."""

    pattern: str
    scheme: AnyScheme | None

    @classmethod
    def parse(cls, text: str) -> Override:
        """From ``PATTERN=SCHEME``, such as ``layers.*.mlp.down=q6``. Raises UnknownScheme."""
        pattern, equals, scheme = text.rpartition("=")
        if not equals or not pattern:
            raise UnknownScheme(f"{text!r} is no override; write NAME=SCHEME, such as layers.*.mlp.down=q6")
        return cls(pattern, None if scheme == KEEP else parse_scheme(scheme))

    def __str__(self) -> str:
        return f"{self.pattern}={self.scheme or KEEP}"


@dataclass(frozen=True)
class QuantizationPlan:
    """``overrides``: the last that matches a name decides."""

    scheme: AnyScheme
    method: Method
    overrides: tuple[Override, ...]

    @classmethod
    def of(cls, scheme: AnyScheme, method: Method, overrides: Sequence[str] = ()) -> QuantizationPlan:
        """With the tables' own overrides before ``overrides``; where nothing is put into blocks there is
        nothing to search for, and the method is "rtn". Raises UnknownScheme."""
        tables = TABLES if isinstance(scheme, Scheme) else ()
        plan = cls(scheme, method, tuple(Override.parse(text) for text in (*tables, *overrides)))
        return plan if plan.blocks else replace(plan, method="rtn")

    @property
    def blocks(self) -> bool:
        """Whether any matrix may be put into blocks."""
        return any(isinstance(scheme, Scheme) for scheme in (self.scheme, *(o.scheme for o in self.overrides)))

    def scheme_for(self, name: str) -> AnyScheme | None:
        """How the matrix stored as ``name`` is to be stored; None for as it is."""
        for override in reversed(self.overrides):
            if fnmatchcase(name, override.pattern):
                return override.scheme
        return self.scheme

    def unmatched(self, names: Sequence[str]) -> list[str]:
        """Patterns of overrides that match none of ``names``: most likely misspelt."""
        tables = len(TABLES) if isinstance(self.scheme, Scheme) else 0
        own = [override.pattern for override in self.overrides[tables:]]
        return [pattern for pattern in own if not any(fnmatchcase(name, pattern) for name in names)]
