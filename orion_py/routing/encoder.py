"""The seam to the sentence encoder, and the way from a text to its embedding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from orion_py.routing.text import normalised

BEGIN, END = 1, 2
"""The marks around a sentence: ``<s>`` and ``</s>``."""

Embedding = NDArray[np.float32]


class PieceTokenizer(Protocol):
    def encode(self, text: str) -> list[int]: ...


class TokenEncoder(Protocol):
    async def encode(self, tokens: Sequence[int]) -> Embedding:
        """The embedding [512], of length 1, of ``tokens``. Raises RuntimeFailure."""

    async def close(self) -> None: ...


class SentenceEncoder:
    """A tokenizer and the graph behind it. ``max_tokens``: what is read of a text, marks included."""

    def __init__(self, tokenizer: PieceTokenizer, session: TokenEncoder, max_tokens: int) -> None:
        self._tokenizer, self._session, self._max_tokens = tokenizer, session, max_tokens

    def tokens(self, text: str) -> list[int]:
        return [BEGIN, *self._tokenizer.encode(normalised(text))[: self._max_tokens - 2], END]

    async def embed(self, text: str) -> Embedding:
        """[512]. Raises RuntimeFailure."""
        return await self._session.encode(self.tokens(text))

    async def close(self) -> None:
        await self._session.close()
