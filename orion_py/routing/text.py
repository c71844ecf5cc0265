"""What the encoder reads of a query: bounded, and normalised as its training text was."""

from __future__ import annotations

import re
import unicodedata

SPACE = "\u2581"
"""SentencePiece's mark for a space."""
HEAD, TAIL = 700, 300
"""Characters read of the start and the end of a long query: what is wanted stands there, and the
middle of a pasted text says little."""

_SPACES = re.compile(r"\s+")
# What SentencePiece's nmt_nfkc drops or turns into a space before it applies NFKC.
_GONE = re.compile("[\u0000-\u0008\u000b\u000e-\u001f\u007f-\u009f\u200b-\u200f\u2060\ufeff\u00ad]")


def shortened(text: str) -> str:
    """``text`` itself, or its start and end if it is long."""
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]}\n{text[-TAIL:]}"


def normalised(text: str) -> str:
    """NFKC, without control and zero-width characters, with single spaces: what nmt_nfkc does to
    ordinary text (https://github.com/google/sentencepiece/blob/master/doc/normalization.md)."""
    plain = unicodedata.normalize("NFKC", _GONE.sub("", shortened(text)))
    return _SPACES.sub(" ", plain).strip().replace(SPACE, " ")
