"""Finds the distances at which a sequence repeats itself, updated with each token.

For a period p the *run* is the number of last tokens that each equal the one p places before. A unit of
p tokens that was said and then said twice again has a run of 2 p. All runs are kept, so nothing is
missed and nothing has to be looked for: a token is compared with the ``limit`` tokens before it, which
is one numpy comparison over a reversed copy, some microseconds whatever came before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Ints: TypeAlias = "NDArray[np.int64]"

LIMIT = 1024
"""The longest period, in tokens; twice the usual greatest length of an answer."""
_FIRST = 1024


class Periods:
    """``needs``: for each period from 1 up, the run at which it is due; its length is the longest period.

    ``push`` tells what is due. ``wait`` puts a period off for as long as its run lasts.
    """

    def __init__(self, needs: Sequence[int]) -> None:
        self._needs: _Ints = np.array(needs, dtype=np.int64)
        self._usual = self._needs.copy()
        self._runs: _Ints = np.zeros(len(needs), dtype=np.int64)
        self._tokens: _Ints = np.empty(_FIRST, dtype=np.int64)
        """From its end: the newest token stands at ``_start``, older ones behind it."""
        self._start = _FIRST
        self._waiting: set[int] = set()

    def __len__(self) -> int:
        """How many tokens came."""
        return len(self._tokens) - self._start

    def push(self, token: int) -> list[int]:
        """Adds a token; returns the periods whose run is long enough, the shortest first."""
        start, width = self._start, min(len(self), len(self._runs))
        runs = self._runs[:width]
        runs += 1
        runs *= self._tokens[start : start + width] == token
        if start == 0:
            self._grow()
        self._start -= 1
        self._tokens[self._start] = token
        for period in [each for each in self._waiting if not self._runs[each - 1]]:
            self._waiting.discard(period)
            self._needs[period - 1] = self._usual[period - 1]
        due = runs >= self._needs[:width]
        return [int(place) + 1 for place in np.flatnonzero(due)] if due.any() else []

    def run(self, period: int) -> int:
        """How many of the last tokens equal the one ``period`` places before."""
        return int(self._runs[period - 1])

    def wait(self, period: int, run: int) -> None:
        """``period`` isn't due before its run has reached ``run``; once the run breaks, all is as at first."""
        self._needs[period - 1] = run
        self._waiting.add(period)

    def _grow(self) -> None:
        old = self._tokens
        self._tokens = np.empty(2 * len(old), dtype=np.int64)
        self._start = len(old)
        self._tokens[self._start :] = old
