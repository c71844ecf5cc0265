"""Measures perplexity over the foundry's own texts, and how often two models rank the same token first.

Each text's first ``PREFILLED`` tokens are read at once, every later one is a decode step. Per token
only where two models cut the texts alike; bits per byte compare any two.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from model_foundry.errors import EvaluationFailed
from model_foundry.measuring.fidelity import PREFILLED
from model_foundry.measuring.intervals import Z
from model_foundry.measuring.journal import Journal
from model_foundry.measuring.subjects.base import Scored, ScoreRequest, Subject
from model_foundry.progress import Progress


@dataclass(frozen=True)
class TextResult:
    subject: str
    tokens: tuple[tuple[int, ...], ...]
    """The scored ones of each text."""
    scored: tuple[Scored, ...]
    bytes: int
    """Of the scored part, as UTF-8."""
    seconds: float

    @property
    def losses(self) -> list[float]:
        return [-logprob for text in self.scored for logprob in text.logprobs]

    @property
    def count(self) -> int:
        return len(self.losses)

    @property
    def perplexity(self) -> float:
        return math.exp(sum(self.losses) / self.count)

    @property
    def bits_per_byte(self) -> float:
        return sum(self.losses) / math.log(2) / self.bytes

    def interval(self) -> tuple[float, float]:
        """95 %, were tokens independent. They aren't quite, so it is too narrow rather than too wide."""
        losses, mean = self.losses, sum(self.losses) / self.count
        variance = sum((loss - mean) ** 2 for loss in losses) / max(1, self.count - 1)
        reach = Z * math.sqrt(variance / self.count)
        return math.exp(mean - reach), math.exp(mean + reach)

    def agreement(self, baseline: TextResult) -> float | None:
        """The share of steps where both rank one token first; None if they cut the texts differently."""
        if self.tokens != baseline.tokens:
            return None
        pairs = [
            a == b
            for mine, theirs in zip(self.scored, baseline.scored, strict=True)
            for a, b in zip(mine.top, theirs.top, strict=True)
        ]
        return sum(pairs) / len(pairs)

    def as_json(self) -> dict[str, Any]:
        low, high = self.interval()
        return {
            "task": "perplexity",
            "metric": "perplexity",
            "n": self.count,
            "score": self.perplexity,
            "low": low,
            "high": high,
            "measures": {"bits_per_byte": self.bits_per_byte},
            "seconds": round(self.seconds, 1),
        }


async def run_texts(
    subject: Subject, texts: dict[str, str], journal: Journal, progress: Progress, clock: Callable[[], float]
) -> TextResult:
    """Raises EvaluationFailed for a text that is too short."""
    began, requests, size = clock(), [], 0
    for name, text in texts.items():
        tokens = tuple(subject.tokenizer.encode(text))
        if len(tokens) < PREFILLED + 2:
            raise EvaluationFailed(f"the text {name} has {len(tokens)} tokens; {PREFILLED + 2} are the least")
        requests.append(ScoreRequest(tokens[:PREFILLED], (tokens[PREFILLED:],)))
        size += len(text.encode()) - len(subject.tokenizer.decode(tokens[:PREFILLED]).encode())
    scored: list[Scored] = []
    async for (one,) in journal.score(subject, requests):
        scored.append(one)
        progress(f"perplexity: {subject.name}", len(scored), len(requests))
    continuations = tuple(request.continuations[0] for request in requests)
    return TextResult(subject.name, continuations, tuple(scored), size, clock() - began)
