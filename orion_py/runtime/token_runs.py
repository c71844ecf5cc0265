"""Defines the seam to sessions that choose an answer's tokens themselves: one call for a run of many steps.

A worker's step of a small model takes a few milliseconds, and a message there and back for each token would cost it as
many again. The caller decides how tokens are chosen, with which random numbers, how many at most, and, with each
token that it gets, whether the run goes on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Choice:
    """How the tokens of a run are chosen: as ``generation.sampling.Sampler`` chooses them, to the token."""

    temperature: float
    top_k: int
    top_p: float
    penalty: float
    seen: Sequence[int] = ()
    """Ids that the penalty counts before the run; tokens of the run are added, but for those of ``never``."""
    never: Sequence[int] = ()
    draws: Sequence[float] = ()
    """A random number from 0 to 1 for each token, in their order; none are needed at temperature 0."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Runs ``token`` at ``position``, chooses the next token, runs that one, and so on, until ``count`` tokens are
    chosen, or one of ``ends``, which is reported too. The last one chosen isn't run."""

    token: int
    position: int
    count: int
    ends: Sequence[int]
    choice: Choice


@dataclass(frozen=True, slots=True)
class RunTokens:
    """Tokens that a run has chosen since it last reported, and the ``seconds`` that they took the session, from when it
    could compute to the last token's choice: no message's way is in them."""

    tokens: Sequence[int]
    seconds: float


@runtime_checkable
class RunsTokens(Protocol):
    """A session that takes runs, beside what ``ModelSession`` says."""

    def run(self, request: RunRequest) -> AsyncIterator[RunTokens]:
        """What is chosen, at most some dozens of milliseconds after it is, in pieces of at least one token. Rows of the
        cache are as after single steps. Raises as ``ModelSession.forward``, after the tokens before are reported."""

    def stop(self) -> None:
        """A run under way ends as soon as it can, as one that has come to its end. Returns at once."""


class TokenRun:
    """What came of a run and wasn't taken yet. ``on_news`` is called whenever something came, and at the end."""

    def __init__(self, on_news: Callable[[], object]) -> None:
        self._on_news = on_news
        self._told: deque[RunTokens] = deque()
        self._error: Exception | None = None
        self.begun = self.ended = False
        """Whether the session was asked, and whether it has come to an end."""
        self.given_up = False
        """Nobody wants it: what hasn't begun needn't."""

    @property
    def over(self) -> bool:
        """Whether it has come to its end, and all that came was taken."""
        return self.ended and not self._told and self._error is None

    @property
    def waits(self) -> bool:
        """Whether there is nothing to take, and something may yet come."""
        return not self.ended and not self._told

    def tell(self, found: RunTokens) -> None:
        self._told.append(found)
        self._on_news()

    def end(self, error: Exception | None = None) -> None:
        self.ended, self._error = True, error
        self._on_news()

    def take(self) -> RunTokens:
        """All that came. Raises what the run failed with, once everything before it was taken."""
        if not self._told and self._error is not None:
            raise self._error
        tokens = [token for found in self._told for token in found.tokens]
        seconds = sum(found.seconds for found in self._told)
        self._told.clear()
        return RunTokens(tokens, seconds)

    def give_up(self) -> None:
        self.given_up, self._on_news = True, _nothing


def _nothing() -> None:
    pass
