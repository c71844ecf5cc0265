"""Embeds a query: what the encoder reads of it, bounded and normalised as its training text was, and the encoder."""

from __future__ import annotations

import re
import unicodedata
from typing import Protocol

from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.errors import InferenceTimeout
from orion_py.runtime.base import Embedding, EncoderSession

SPACE = "\u2581"
"""SentencePiece's mark for a space."""
HEAD, TAIL = 700, 300
"""Characters read of the start and the end of a long query: they say what is wanted; the middle of a
pasted text says little."""

_SPACES = re.compile(r"\s+")
# What SentencePiece's nmt_nfkc drops or turns into a space before it applies NFKC.
_GONE = re.compile("[\u0000-\u0008\u000b\u000e-\u001f\u007f-\u009f\u200b-\u200f\u2060\ufeff\u00ad]")
BEGIN, END = 1, 2
"""The marks around a sentence: ``<s>`` and ``</s>``."""
PATIENCE_S = 10.0
"""A sentence takes milliseconds; a worker that needs longer has died or hangs, and the keyword rules route."""


def shortened(text: str) -> str:
    """``text`` itself, or its start and end if it is long."""
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]}\n{text[-TAIL:]}"


def normalised(text: str) -> str:
    """NFKC, without control and zero-width characters, with single spaces: what nmt_nfkc does to
    ordinary text (https://github.com/google/sentencepiece/blob/master/doc/normalization.md)."""
    plain = unicodedata.normalize("NFKC", _GONE.sub("", shortened(text)))
    return _SPACES.sub(" ", plain).strip().replace(SPACE, " ")


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
