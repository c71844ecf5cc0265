"""Defines a subject: what is measured. It scores continuations and answers greedily.

Requests are in tokens, so that every subject gets the very same prompt.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from orion_py.runtime.tokenizer import Tokenizer


@dataclass(frozen=True)
class ScoreRequest:
    """How likely is each of ``continuations`` after ``context``? None of them is empty."""

    context: tuple[int, ...]
    continuations: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Scored:
    """One continuation: for each of its tokens the log-probability, in nats, and the likeliest token there."""

    logprobs: tuple[float, ...]
    top: tuple[int, ...]

    @property
    def total(self) -> float:
        return sum(self.logprobs)


@dataclass(frozen=True)
class GenerateRequest:
    """``until`` is a regular expression: an answer's text that it is found in needs no more tokens. A subject
    may go on all the same, since what follows doesn't count."""

    prompt: tuple[int, ...]
    max_tokens: int
    until: str | None = None


class Subject(Protocol):
    """Answers come one by one, in the order of the requests, so that a run can be stopped and go on."""

    name: str
    tokenizer: Tokenizer

    def score(self, requests: Sequence[ScoreRequest]) -> AsyncIterator[tuple[Scored, ...]]:
        """For each request its continuations' scores. Raises FoundryError or OrionError."""

    def generate(self, requests: Sequence[GenerateRequest]) -> AsyncIterator[tuple[int, ...]]:
        """For each request the greedy answer's tokens, without the end token. Raises as ``score``."""

    async def close(self) -> None:
        """Gives its memory back, ends its processes."""


def encode_pair(tokenizer: Tokenizer, context: str, continuation: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Tokens of both, cut from those of the whole, as lm-evaluation-harness does (``_encode_pair``).

    Spaces at the end of the context go with the continuation, since that is how tokens are cut.
    """
    spaces = len(context) - len(context.rstrip())
    if spaces:
        context, continuation = context[:-spaces], context[-spaces:] + continuation
    whole = tokenizer.encode(context + continuation)
    count = len(tokenizer.encode(context))
    return tuple(whole[:count]), tuple(whole[count:])
