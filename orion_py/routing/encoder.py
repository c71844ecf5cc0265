"""The seam to the sentence encoder, and the way from a text to its embedding."""

from __future__ import annotations

from typing import Protocol

from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.errors import InferenceTimeout
from orion_py.routing.text import normalised
from orion_py.runtime.base import Embedding, EncoderSession

BEGIN, END = 1, 2
"""The marks around a sentence: ``<s>`` and ``</s>``."""
PATIENCE_S = 10.0
"""A sentence takes milliseconds; whoever needs longer has died or hangs, and the keyword rules route."""


class PieceTokenizer(Protocol):
    def encode(self, text: str) -> list[int]: ...


class SentenceEncoder:
    """A tokenizer and the graph behind it. ``max_tokens``: what is read of a text, marks included."""

    def __init__(self, tokenizer: PieceTokenizer, session: EncoderSession, max_tokens: int) -> None:
        self._tokenizer, self._session, self._max_tokens = tokenizer, session, max_tokens
        self.patience_s = PATIENCE_S

    def tokens(self, text: str) -> list[int]:
        return [BEGIN, *self._tokenizer.encode(normalised(text))[: self._max_tokens - 2], END]

    async def embed(self, text: str) -> Embedding:
        """[512]. Raises RuntimeFailure, InferenceTimeout among them."""
        work = self._session.encode(self.tokens(text))
        try:
            return await until_cancelled(work, CancelToken(), self.patience_s)
        except TimeoutError:
            raise InferenceTimeout(f"The router's encoder didn't answer within {self.patience_s:g} s.") from None

    async def close(self) -> None:
        await self._session.close()
