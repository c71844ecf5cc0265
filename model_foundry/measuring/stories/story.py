"""Defines a problem told as a story, and the template that writes one in two languages."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Story:
    """``text``: the problem. ``working``: its solution, an equation a line, whose last result is ``answer``.
    ``template``: what it was made of. Its number of steps is the number of lines."""

    id: str
    language: str
    template: str
    text: str
    working: tuple[str, ...]
    answer: Decimal

    @property
    def steps(self) -> int:
        return len(self.working)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a template writes: the problem in English and in French, and the working, whose figures are whole numbers
    or have a point."""

    en: str
    fr: str
    working: tuple[str, ...]

    @property
    def answer(self) -> Decimal:
        return Decimal(self.working[-1].rpartition("= ")[2])


class Dice:
    """Draws numbers, names and things from ``rng``."""

    NAMES = (
        ("Emma", "Louise"), ("Tom", "Hugo"), ("Priya", "Inès"), ("Oliver", "Karim"), ("Grace", "Manon"),
        ("Ben", "Lucas"), ("Amara", "Aïcha"), ("Jack", "Théo"), ("Sofia", "Camille"), ("Leo", "Mathis"),
    )  # fmt: skip

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def number(self, low: int, high: int, step: int = 1) -> int:
        return self._rng.randrange(low, high + 1, step)

    def one(self, of: tuple[int, ...]) -> int:
        return self._rng.choice(of)

    def names(self, count: int) -> list[tuple[str, str]]:
        """So many names, each with its French counterpart."""
        return self._rng.sample(self.NAMES, count)


Template = Callable[[Dice], Draft]
