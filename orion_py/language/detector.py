"""Detects languages with py3langid: n-grams, 33 languages, some tenths of a millisecond a text.

Its model takes time to load and megabytes to keep, so the first question that needs it loads it. In a
browser it is a separate bundle, which ``fetch`` downloads. ``LanguageDetector`` is the seam for any other.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from orion_py.language.names import LANGUAGES

LEAST_PROBABILITY = 0.5
PRIOR = 3.0
"""How much likelier the page's language is than any other, before the text is read."""
MAX_CHARS = 1500

_SINGLE_WORDS = {
    "fr": "bonjour salut merci bonsoir oui coucou",
    "en": "hello hi hey thanks yes ok okay please",
    "es": "hola gracias adiós adios sí",
    "de": "hallo danke ja nein tschüss bitte",
    "it": "ciao grazie buongiorno",
    "pt": "olá ola obrigado obrigada tchau",
    "nl": "hoi dankjewel bedankt",
    "sv": "hej tack",
}
_GREETINGS = {word: language for language, words in _SINGLE_WORDS.items() for word in words.split()}
"""One word holds too few n-grams to tell its language by."""
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Guess:
    """``language``: ISO 639-1. ``probability``: the library's own, after the page's language was
    taken into account."""

    language: str
    probability: float


class LanguageDetector(Protocol):
    async def detect(self, text: str, likely: str) -> Guess | None:
        """The language of ``text``, or None where it isn't clear; ``likely`` (ISO 639-1) is the page's
        language, which decides where the text alone doesn't. Never raises: a detector that can't
        be loaded returns None."""


class NoDetector:
    """Never knows: for engines that were given no detector."""

    async def detect(self, text: str, likely: str) -> Guess | None:
        return None


async def _nothing() -> None:
    return None


class LangidDetector:
    """``fetch`` brings the library where it isn't there from the start."""

    def __init__(self, fetch: Callable[[], Awaitable[None]] = _nothing) -> None:
        self._fetch = fetch
        self._identifier: Any = None
        self._lock = asyncio.Lock()

    async def detect(self, text: str, likely: str) -> Guess | None:
        words = _LETTERS.findall(text.lower()[:MAX_CHARS])
        if not words:
            return None
        if len(words) == 1 and words[0] in _GREETINGS:
            return Guess(_GREETINGS[words[0]], 1.0)
        identifier = await self._load()
        return None if identifier is None else best(identifier.rank(" ".join(text[:MAX_CHARS].split())), likely)

    async def _load(self) -> Any:
        async with self._lock:
            if self._identifier is None:
                try:
                    await self._fetch()
                    from py3langid.langid import MODEL_FILE, LanguageIdentifier

                    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
                    identifier.set_languages(list(LANGUAGES))
                    self._identifier = identifier
                except Exception:  # offline before it was ever fetched, or not installed
                    return None
            return self._identifier


def best(ranked: list[tuple[str, float]], likely: str) -> Guess | None:
    """Bayes with a prior for the page's language; None where no language reaches a probability of one half."""
    weighed = [(language, p * (PRIOR if language == likely else 1.0)) for language, p in ranked]
    language, weight = max(weighed, key=lambda pair: pair[1])
    probability = weight / sum(weight for _, weight in weighed)
    return Guess(language, probability) if probability >= LEAST_PROBABILITY else None
