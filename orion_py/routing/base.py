"""Defines the seam to whatever chooses the agent for a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RoutingDecision:
    """Which agent answers and why, in words for people.

    ``confidence`` (that ``agent`` is the right one) and ``probabilities`` are calibrated, or None where a
    router can't say: a score is never dressed up as a probability. ``runner_up``: the second choice, if any.
    """

    agent: str
    router: str
    reason: str
    confidence: float | None = None
    probabilities: dict[str, float] | None = None
    runner_up: str | None = None


class Router(Protocol):
    async def route(self, query: str, locale: str, attachments: Sequence[str] = ()) -> RoutingDecision:
        """The agent for ``query``; ``locale`` (BCP 47) is the language of the reason;
        ``attachments``: kinds of what comes with it, of "image" and "audio"."""
