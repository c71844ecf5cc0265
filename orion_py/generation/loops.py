"""Detects whether an answer repeats itself, with each token, and where the repetition began.

There are two kinds: a unit of tokens that is repeated exactly (``periods``), and lines or sentences that come again
with small changes (``segments``). How often something may repeat depends on the question and on what repeats
(``patience``); in plain prose two repetitions are a loop.

Pure: no clock, no randomness, no model. ``python3 build.py bench loops`` measures what it costs for each token.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from orion_py.generation.patience import Patience
from orion_py.generation.periods import LIMIT, Periods
from orion_py.generation.segments import Segments

ECHO = 64
"""Tokens said a second time, to the token, that are enough by themselves wherever the first stand."""
_BOUNDARY = re.compile(r"(?:[.!?…:;][\"'”»)\]*]*[ \t]*|\n\s*|[。！？])$")


@dataclass(frozen=True, slots=True)
class Loop:
    """``keep``: the tokens of the answer before its first repetition. ``tokens``: how many there are."""

    keep: int
    tokens: int


class LoopDetector:
    """Watches one answer. ``assistant_prefix``: text before its tokens that none of them made."""

    def __init__(self, patience: Patience | None = None, assistant_prefix: str = "") -> None:
        self._patience = patience or Patience()
        self._periods = Periods([min(2 * period, ECHO) for period in range(1, LIMIT + 1)])
        self._segments = Segments(self._patience)
        self._segments.push(assistant_prefix)
        self._prefix_length = len(assistant_prefix)
        self._pieces: list[str] = []
        self._ends: list[int] = []
        """Where each token's text ends, in characters of the answer's own text."""

    def push(self, token: int, text: str) -> Loop | None:
        """Adds a token and the text that came with it (none, while a character is unfinished).
        Returns the loop that it completes."""
        self._pieces.append(text)
        self._ends.append((self._ends[-1] if self._ends else 0) + len(text))
        due = self._periods.push(token)
        for period in due:
            # What a shorter unit makes several times is that one's to judge.
            if loop := self._periodic(period, of=self._shorter(period)):
                return loop
        again = self._segments.push(text) if text else None
        if again is None:
            return None
        keep = bisect_right(self._ends, max(0, again.start - self._prefix_length))
        return Loop(keep, len(self._ends))

    def _shorter(self, period: int) -> int:
        """The shortest unit that the last ``period`` tokens are several times."""
        for unit in range(1, period // 2 + 1):
            if period % unit == 0 and self._periods.run(unit) >= period:
                return unit
        return period

    def _periodic(self, period: int, of: int) -> Loop | None:
        run, count = self._periods.run(period), len(self._ends)
        if of < period:
            self._periods.wait(period, 2 * run)
            return None
        in_code = self._segments.in_code
        if run < period or (run < 2 * period and run >= ECHO):
            stretch = self._text(count - min(run, ECHO), count)
            if run >= ECHO and not self._patience.echoes(stretch, in_code):
                return self._loop(count - run, period, run)
            self._periods.wait(period, 2 * period if 2 * period > run else run + 1)
            return None
        needed = self._patience.run(self._text(count - period, count), period, in_code)
        if run < needed:
            self._periods.wait(period, needed)
            return None
        return self._loop(count - run, period, period)

    def _loop(self, repeats: int, period: int, width: int) -> Loop:
        """The loop whose first repetition begins at token ``repeats``, or up to ``width`` later, where
        a line, a sentence or at least a word begins: the text before it is then whole."""
        count = len(self._ends)
        first = max(0, repeats - period)
        # A word is another token where it begins a text or a line than after a blank.
        while first and self._pieces[first - 1].strip() == self._pieces[first - 1 + period].strip() != "":
            first, repeats = first - 1, repeats - 1
        word = None
        for step in range(min(width, count - repeats)):
            before = "".join(self._pieces[max(0, first + step - 4) : first + step])
            if first + step == 0 or _BOUNDARY.search(before):
                return Loop(repeats + step, count)
            if word is None and (before[-1:].isspace() or self._pieces[first + step][:1].isspace()):
                word = step
        return Loop(repeats + (word or 0), count)

    def _text(self, start: int, end: int) -> str:
        return "".join(self._pieces[start:end])
