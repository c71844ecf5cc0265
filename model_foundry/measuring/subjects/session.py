"""Measures one of the engine's sessions, or anything with its ``forward``, as a subject."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Protocol

from model_foundry.measuring.fidelity import log_softmax
from model_foundry.measuring.subjects.base import GenerateRequest, Scored, ScoreRequest
from orion_py.errors import ContextOverflow
from orion_py.runtime.base import Logits
from orion_py.runtime.tokenizer import Tokenizer


class Forward(Protocol):
    """The part of orion_py.runtime.base.ModelSession that measuring needs."""

    async def forward(self, tokens: Sequence[int], position: int) -> Logits: ...

    async def close(self) -> None: ...


class SessionSubject:
    """The prompt goes through the prefill session and every later token alone through the decode
    session, as in a real answer. What a request shares with the one before isn't computed again."""

    def __init__(self, name: str, session: Forward, tokenizer: Tokenizer, eos: Collection[int], context: int) -> None:
        self.name, self.tokenizer = name, tokenizer
        self._session, self._eos, self._context = session, frozenset(eos), context
        self._held: tuple[int, ...] = ()

    async def score(self, requests: Sequence[ScoreRequest]) -> AsyncIterator[tuple[Scored, ...]]:
        for request in requests:
            first = await self._after(request.context)
            yield tuple([await self._scored(request.context, first, c) for c in request.continuations])

    async def generate(self, requests: Sequence[GenerateRequest]) -> AsyncIterator[tuple[int, ...]]:
        for request in requests:
            yield await self._answer(request)

    async def close(self) -> None:
        await self._session.close()

    async def _scored(self, context: tuple[int, ...], first: Logits, continuation: tuple[int, ...]) -> Scored:
        """``first`` holds the logits after the context, which all continuations begin with."""
        logprobs, top, logits = [], [], first
        for index, token in enumerate(continuation):
            if index:
                logits = await self._after((*context, *continuation[:index]))
            logprobs.append(float(log_softmax(logits)[token]))
            top.append(int(logits.argmax()))
        return Scored(tuple(logprobs), tuple(top))

    async def _answer(self, request: GenerateRequest) -> tuple[int, ...]:
        if len(request.prompt) >= self._context:
            raise ContextOverflow(tokens=len(request.prompt), limit=self._context)
        until = re.compile(request.until) if request.until else None
        answer: list[int] = []
        while len(answer) < request.max_tokens and len(request.prompt) + len(answer) < self._context:
            token = int((await self._after((*request.prompt, *answer))).argmax())
            if token in self._eos:
                break
            answer.append(token)
            if until and until.search(self.tokenizer.decode(answer)):
                break
        return tuple(answer)

    async def _after(self, tokens: tuple[int, ...]) -> Logits:
        """Logits after ``tokens``; only those that differ from the last call's are computed."""
        shared = 0
        for ours, theirs in zip(tokens[:-1], self._held, strict=False):
            if ours != theirs:
                break
            shared += 1
        self._held = ()  # should the call fail, nothing is known of the cache
        logits = await self._session.forward(tokens[shared:], shared)
        self._held = tokens
        return logits
