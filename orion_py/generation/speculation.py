"""Decides how many drafted tokens a step verifies: as many as pay, by what was observed and measured.

A step that verifies d drafted tokens yields one more token than it accepts, and takes longer than a step of one. Both
are known: the share of right guesses is counted on every token, even where nothing is drafted, since a guess costs
microseconds; and each step is timed. So plain chat never pays for wrong drafts: drafts are only run where such guesses
have turned out right.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from orion_py.generation.lookup import PromptLookup
from orion_py.manifest.variants import Engine

LEAST_GAIN = 1.1
"""A draft has to promise this many times the tokens a second: the promise is an estimate."""

_STREAKS = (0, 1, 2, 4, 8)
"""Guesses that came true in a row. One after many is surer than the first, so each class from one of
these on has a rate of its own."""
_PRIOR_RATES = (0.25, 0.5, 0.6, 0.75, 0.85)
_PRIOR_WEIGHT, _MEMORY = 4.0, 0.97
"""The prior counts as so many guesses; each new guess leaves this share of the old ones' weight."""

_USUAL: dict[Engine, tuple[float, float]] = {"onnxruntime": (1.4, 0.12), "kernel": (1.0, 0.43)}
"""A step of n rows in steps of one before it was measured: the first, plus n - 1 of the second. Of our kernel as the
figures of docs/kernel.md are: with one thread or two 2 rows take 1.3 to 1.4 steps, 4 rows 2.0 to 2.1, 8 rows 4.0 to
4.3."""
_NEWEST = 0.25
"""The newest measurement's share in a mean of seconds."""
_LATE = 2.0
"""A step that took this many times the expected one was disturbed: it counts as that long."""


class Speculation:
    """Guesses of one answer. ``prompt``: token ids, below 0 where there is none. ``limit``: tokens that can be
    verified at once, with the one before them. ``engine``: what verifies them.

    ``observe`` gets every token, ``propose`` gives the draft for the next step, ``timed`` gets its seconds.
    """

    def __init__(self, prompt: Sequence[int], limit: int, engine: Engine = "onnxruntime") -> None:
        self._first_row, self._more_rows = _USUAL[engine]
        self._lookup = PromptLookup()
        self._lookup.extend(prompt)
        self._gaps = any(token < 0 for token in prompt)
        """The prompt contains embeddings, which can't be guessed."""
        self._limit = limit
        self._guess: list[int] = []
        """The next tokens, if the text goes on as where it was found."""
        self._streak = 0
        self._hits = [rate * _PRIOR_WEIGHT for rate in _PRIOR_RATES]
        self._tries = [_PRIOR_WEIGHT] * len(_STREAKS)
        self._single: float | None = None
        self._seconds: dict[int, float] = {}
        """By the number of rows."""
        self._renew()

    def observe(self, token: int) -> None:
        """``token`` is the text's next one, guessed or not."""
        self._lookup.extend((token,))
        if self._guess:
            hit = self._guess.pop(0) == token
            kind = _class_of(self._streak)
            self._hits[kind] = self._hits[kind] * _MEMORY + hit
            self._tries[kind] = self._tries[kind] * _MEMORY + 1
            self._streak = self._streak + 1 if hit else 0
            if not hit:
                self._guess = []
        if len(self._guess) < self._limit:
            self._renew()

    def propose(self, room: int) -> list[int]:
        """Tokens to verify beside the last one, at most ``room``; none where that wouldn't pay."""
        most = min(len(self._guess), self._limit - 1, room)
        best, count = LEAST_GAIN, 0
        expected, chance = 1.0, 1.0
        for drafted in range(1, most + 1):
            chance *= self._rate(self._streak + drafted - 1)
            expected += chance
            gain = expected / self.cost(drafted + 1)
            if gain > best:
                best, count = gain, drafted
        return self._guess[:count]

    def timed(self, rows: int, seconds: float) -> None:
        """A step of so many rows took ``seconds``."""
        if rows == 1:
            known = self._single
            self._single = seconds if known is None else _blend(known, seconds)
        elif self._single:
            self._seconds[rows] = _blend(self.cost(rows) * self._single, seconds)

    def cost(self, rows: int) -> float:
        """What a step of so many rows takes, in steps of one: as measured, else as the nearest number
        of rows that was, else as usual."""
        if rows == 1:
            return 1.0
        usual = self._usual(rows)
        if not self._single or not self._seconds:
            return usual
        nearest = min(self._seconds, key=lambda known: abs(known - rows))
        return max(1.0, self._seconds[nearest] / self._single * usual / self._usual(nearest))

    def _usual(self, rows: int) -> float:
        return self._first_row + self._more_rows * (rows - 1)

    def _rate(self, streak: int) -> float:
        kind = _class_of(streak)
        return self._hits[kind] / self._tries[kind]

    def _renew(self) -> None:
        """Looks up what may follow. A guess that holds is kept, and read on where it was found."""
        found = self._lookup.draft(2 * self._limit)
        if self._gaps:
            found = list(takewhile(lambda token: token >= 0, found))
        if not self._guess or found[: len(self._guess)] == self._guess:
            self._guess = found


def _class_of(streak: int) -> int:
    return sum(streak >= least for least in _STREAKS) - 1


def _blend(known: float, seconds: float) -> float:
    return known + _NEWEST * (min(seconds, _LATE * known) - known)
