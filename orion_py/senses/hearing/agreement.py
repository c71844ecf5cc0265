"""Settles text that is heard again and again: what two passes in a row agree on stays (LocalAgreement-2).

Macháček, Dabre and Bojar 2023, "Turning Whisper into Real-Time Transcription System",
https://arxiv.org/abs/2307.14743. What isn't settled is replaced by the next pass, so that nothing is shown twice.
"""

from __future__ import annotations

import re

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
        if agreed > len(self._settled):
            self._settled = words[:agreed]
        self._last = words
        return " ".join(self._settled), " ".join(words[len(self._settled) :])


def _common(one: list[str], other: list[str]) -> int:
    """How many words both begin with; a mark at a word's end, which comes and goes with what follows, doesn't count."""
    count = 0
    for mine, yours in zip(one, other, strict=False):
        if _bare(mine) != _bare(yours):
            break
        count += 1
    return count


def _bare(word: str) -> str:
    return word.rstrip(".,;:!?…").lower()
