"""Routes a query that is close to a custom agent's examples to that agent.

With the encoder, closeness is the cosine between embeddings; until it is there, the share of words
that query and example have in common. Neither is a probability, so the decision has no confidence.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from orion_py.routing.base import RoutingDecision
from orion_py.runtime.base import Embedding

NAME = "examples"
SIMILAR = 0.72
"""The least cosine. Of 19 paraphrases in two languages 16 are above it, of 21 questions with the same
form or a near topic none (docs/workshop.md)."""
OVERLAP = 0.8
"""The least share of common words, where words are all there is to go by: nearly the example itself."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Match:
    agent: str
    example: str
    closeness: float


class Examples:
    """What the custom agents are for, in the words of those who made them."""

    def __init__(self) -> None:
        self._texts: list[tuple[str, str]] = []
        self._vectors: dict[str, Embedding] = {}

    def __bool__(self) -> bool:
        return bool(self._texts)

    def replace(self, examples: Mapping[str, Sequence[str]]) -> None:
        """From now on only these count: each agent's examples by its id."""
        self._texts = [(agent, text) for agent, texts in examples.items() for text in texts]
        kept = {text for _, text in self._texts}
        self._vectors = {text: vector for text, vector in self._vectors.items() if text in kept}

    async def nearest(self, vector: Embedding, embed: Callable[[str], Awaitable[Embedding]]) -> Match | None:
        """By meaning. Each example is embedded once. Raises what ``embed`` raises."""
        for _, text in self._texts:
            if text not in self._vectors:
                self._vectors[text] = _unit(await embed(text))
        query = _unit(vector)
        matches = [Match(agent, text, float(query @ self._vectors[text])) for agent, text in self._texts]
        return _best(matches, SIMILAR)

    def by_words(self, query: str) -> Match | None:
        """By the words themselves, without case or accents."""
        asked = _words(query)
        return _best([Match(agent, text, _overlap(asked, _words(text))) for agent, text in self._texts], OVERLAP)


def decision(match: Match, locale: str, runner_up: str | None) -> RoutingDecision:
    example = match.example if len(match.example) <= 80 else f"{match.example[:79].rstrip()}…"
    french = locale.lower().startswith("fr")
    reason = f"Cela ressemble à l’exemple « {example} »." if french else f"This is like the example “{example}”."
    return RoutingDecision(match.agent, NAME, reason, runner_up=runner_up)


def _best(matches: Sequence[Match], least: float) -> Match | None:
    best = max(matches, key=lambda match: match.closeness, default=None)
    return best if best is not None and best.closeness >= least else None


def _unit(vector: Embedding) -> Embedding:
    found: Embedding = np.asarray(vector, dtype=np.float32)
    return found / max(float(np.linalg.norm(found)), 1e-9)


def _words(text: str) -> frozenset[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return frozenset(_WORD.findall(plain))


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    union = len(one | other)
    return len(one & other) / union if union else 0.0
