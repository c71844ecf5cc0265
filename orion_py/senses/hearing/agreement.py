"""Settles text that is heard again and again: what two passes in a row agree on stays (LocalAgreement-2).

Macháček, Dabre and Bojar 2023, "Turning Whisper into Real-Time Transcription System",
https://arxiv.org/abs/2307.14743. What isn't settled is replaced by the next pass, so that nothing is shown twice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORD = re.compile(r"\S+")


class Agreement:
    """The passes over one utterance, each the whole text as it is heard by then."""

    def __init__(self) -> None:
        self._settled: list[str] = []
        self._last: list[str] = []

    def take(self, text: str) -> tuple[str, str]:
        """The next pass. Gives what is settled, which later calls only extend, and what may still change."""
        words = _WORD.findall(text)
        agreed = _common(self._last, words)
        behind = _place_of(self._settled, words)
        # A pass may hear a word more or less in what is settled: two that agree on that go on at another place.
        if agreed > behind:
            self._settled += words[behind:agreed]
            behind = agreed
        self._last = words
        return " ".join(self._settled), " ".join(words[behind:])


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words both begin with; a mark at a word's end, which comes and goes with what follows, doesn't count."""
    count = 0
    for mine, yours in zip(one, other, strict=False):
        if _bare(mine) != _bare(yours):
            break
        count += 1
    return count


def _place_of(settled: Sequence[str], words: Sequence[str]) -> int:
    """How many of ``words`` say what is ``settled``: the beginning that is the fewest changes of a word away from it
    (Levenshtein), where to end in another word counts as one more, so that the last word isn't said again behind it;
    of several one that ends in the same word, and then the one whose length is nearest."""
    row = list(range(len(words) + 1))
    for count, word in enumerate(settled, 1):
        before, row = row, [count]
        for index, other in enumerate(words, 1):
            changed = before[index - 1] + (_bare(word) != _bare(other))
            row.append(min(before[index] + 1, row[-1] + 1, changed))

    def other_end(place: int) -> bool:
        return bool(settled) and (not place or _bare(words[place - 1]) != _bare(settled[-1]))

    return min(
        range(len(row)), key=lambda place: (row[place] + other_end(place), other_end(place), abs(place - len(settled)))
    )


def _bare(word: str) -> str:
    return word.rstrip(".,;:!?…").lower()
