"""Defines the seam to language detection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Guess:
    """``language``: ISO 639-1. ``probability``: the library's own, after the page's language was
    taken into account."""

    language: str
    probability: float


class LanguageDetector(Protocol):
    async def detect(self, text: str, likely: str) -> Guess | None:
        """The language of ``text``, or None where that can't be said; ``likely`` (ISO 639-1) is what
        the page is in, which decides where a text alone doesn't. Never raises: a detector that can't
        be loaded says None."""


class NoDetector:
    """Never knows: for engines that were given no detector."""

    async def detect(self, text: str, likely: str) -> Guess | None:
        return None
