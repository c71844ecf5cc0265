"""Constrains one step's choice: a mask over the vocabulary, and a bias.

For answers of a given form (a second try that mustn't begin as the first, a grammar) ``decode`` takes a
``Constrain``: a function of the tokens so far, asked once before each token is chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from orion_py.errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

Logits: TypeAlias = "NDArray[np.float32]"
Ids: TypeAlias = "Collection[int] | NDArray[np.intp]"
"""A grammar's mask of most of the vocabulary is best an array, which isn't gone through one by one."""

_GREATEST = 3.4e38
"""Of float32, about."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """The mask and the bias of one step, by token id; ids outside the vocabulary mean nothing.

    ``allowed``: nothing else can be chosen; None: all can. ``barred``: these can't. ``bias``: added to these tokens'
    logits, before the repetition penalty, as Hugging Face's ``generate`` orders them. Raises InvalidInput for a bias
    that isn't a finite float32: what mustn't be chosen is barred.
    """

    allowed: Ids | None = None
    barred: Ids = ()
    bias: Mapping[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for token, value in self.bias.items():
            if not abs(value) <= _GREATEST:  # NaN isn't either
                raise InvalidInput(f"bias: {value} for token {token} isn't a finite number", path="bias")

    def applied(self, logits: Logits) -> Logits:
        """Other logits, in which what can't be chosen is minus infinity. Shape [vocab], as ``logits``."""
        scores = logits.copy()
        biased = self._within(self.bias, len(logits))
        scores[biased] += np.array([self.bias[int(token)] for token in biased], dtype=np.float32)
        if self.allowed is not None:
            kept = self._within(self.allowed, len(logits))
            values = scores[kept]
            scores.fill(-np.inf)
            scores[kept] = values
        scores[self._within(self.barred, len(logits))] = -np.inf
        return scores

    def joined(self, other: Constraint) -> Constraint:
        """What both allow, with the sum of their biases."""
        if self.allowed is None or other.allowed is None:
            allowed = other.allowed if self.allowed is None else self.allowed
        else:
            allowed = frozenset(self.allowed) & frozenset(other.allowed)
        bias = {token: self.bias.get(token, 0.0) + other.bias.get(token, 0.0) for token in {*self.bias, *other.bias}}
        return Constraint(allowed, frozenset(self.barred) | frozenset(other.barred), bias)

    @staticmethod
    def _within(ids: Ids, vocabulary: int) -> NDArray[np.intp]:
        found = ids if isinstance(ids, np.ndarray) else np.fromiter(ids, dtype=np.intp, count=len(ids))
        return found[(found >= 0) & (found < vocabulary)]


Constrain: TypeAlias = Callable[[Sequence[int]], Constraint | None]
"""From all tokens so far, prompt included, to what the next one may be; None: anything."""


def barring(ids: Iterable[int], place: int) -> Constrain:
    """Bars ``ids`` right after a context of ``place`` tokens, and nowhere else."""
    there = Constraint(barred=frozenset(ids))
    return lambda context: there if len(context) == place else None


def together(first: Constrain | None, second: Constrain) -> Constrain:
    """What both allow."""
    if first is None:
        return second

    def both(context: Sequence[int]) -> Constraint | None:
        one, other = first(context), second(context)
        return one.joined(other) if one is not None and other is not None else one or other

    return both
