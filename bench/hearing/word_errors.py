"""Counts word errors: words replaced, left out or added, of those that were said.

Spelling that can't be heard doesn't count: case, marks, and the kinds of apostrophes and hyphens.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def words(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("’", "'").replace("œ", "oe"))


def errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """The fewest changes of a word that make ``said`` of ``heard`` (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for count, word in enumerate(said, 1):
        before, row = row, [count]
        for index, other in enumerate(heard, 1):
            row.append(min(before[index] + 1, row[-1] + 1, before[index - 1] + (word != other)))
    return row[-1]


def rate(pairs: Sequence[tuple[str, str]]) -> float:
    """Of (said, heard) texts together."""
    counted = [(words(said), words(heard)) for said, heard in pairs]
    return sum(errors(said, heard) for said, heard in counted) / sum(len(said) for said, _ in counted)
