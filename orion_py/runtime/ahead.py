"""Defines the seam to a model that loads while Python boots: the one of the last visit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Held:
    """``bytes``: what it took when it was last in memory."""

    model: str
    bytes: int


class Ahead(Protocol):
    """Opening that model takes it over; until then it is nobody's, and takes memory all the same."""

    def held(self) -> Held | None:
        """What is in memory, or on its way there, and not taken over."""

    def drop(self) -> None:
        """Gives its memory back."""

    def limit(self, budget_bytes: int) -> None:
        """From the next visit on nothing larger is begun with."""

    async def begin_with(self, model: str) -> None:
        """The next visit begins with this one, as it is in memory now; a model that isn't changes nothing."""


class NothingAhead:
    """Where nothing is begun before it is asked for: CPython, tests."""

    def held(self) -> Held | None:
        return None

    def drop(self) -> None:
        return None

    def limit(self, budget_bytes: int) -> None:
        return None

    async def begin_with(self, model: str) -> None:
        return None
