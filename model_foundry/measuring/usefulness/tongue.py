"""Says whether a text is in a language, by function words first and by n-grams where these don't tell."""

from __future__ import annotations

import asyncio
import re
from functools import lru_cache

from model_foundry.measuring.usefulness.wording import FENCE, INLINE_CODE, words
from orion_py.language.detector import LangidDetector

ENOUGH_WORDS = 4
"""Fewer words don't tell their language: a name, a number, a yes."""
_SURELY = 0.8


@lru_cache(maxsize=1)
def _detector() -> LangidDetector:
    return LangidDetector()


def is_in(text: str, language: str) -> bool:
    """Whether ``text``, its code and quotations left out, can be in ``language`` (ISO 639-1). A text that is too
    short to tell, or that is nothing but code, can be."""
    prose = INLINE_CODE.sub(" ", FENCE.sub(" ", text))
    prose = re.sub(r"«[^»]*»|“[^”]*”|\"[^\"\n]*\"", " ", prose)
    if len(words(prose)) < ENOUGH_WORDS:
        prose = FENCE.sub(" ", text)
    if len(words(prose)) < ENOUGH_WORDS:
        return True
    guess = asyncio.run(_detector().detect(prose, language))
    return guess is None or guess.language == language or guess.probability < _SURELY
