"""Finds the distances at which a sequence repeats itself, updated with each token.

For a period p the *run* is the number of last tokens that each equal the one p places before. A unit of
p tokens that was said and then said twice again has a run of 2 p. All runs are kept, so nothing is
missed and nothing has to be looked for: a token has a run only at the distances to the same token's places
before it, which are few in a text, and every other run ends with it.
"""

from __future__ import annotations

from collections.abc import Sequence

LIMIT = 1024
"""The longest period, in tokens; twice the usual greatest length of an answer."""


class Periods:
    """``needs``: for each period from 1 up, the run at which it is due; its length is the longest period.

    ``push`` tells what is due. ``wait`` puts a period off for as long as its run lasts.
    """

    def __init__(self, needs: Sequence[int]) -> None:
        self._usual = needs
        self._needs: dict[int, int] = {}
        """Of the periods that wait."""
        self._runs: dict[int, int] = {}
        """Of the periods that have one."""
        self._places: dict[int, list[int]] = {}
        """Where each token stands, in ascending order."""
        self._count = 0

    def __len__(self) -> int:
        """How many tokens came."""
        return self._count

    def push(self, token: int) -> list[int]:
        """Adds a token; returns the periods whose run is long enough, the shortest first."""
        here, longest, before = self._count, len(self._usual), self._runs
        places = self._places.setdefault(token, [])
        runs: dict[int, int] = {}
        for place in reversed(places):
            period = here - place
            if period > longest:
                break
            runs[period] = before.get(period, 0) + 1
        places.append(here)
        self._runs, self._count = runs, here + 1
        for period in [each for each in self._needs if each not in runs]:
            del self._needs[period]
        needs, usual = self._needs, self._usual
        return [period for period, run in runs.items() if run >= needs.get(period, usual[period - 1])]

    def run(self, period: int) -> int:
        """How many of the last tokens equal the one ``period`` places before."""
        return self._runs.get(period, 0)

    def wait(self, period: int, run: int) -> None:
        """``period`` isn't due before its run has reached ``run``; once the run breaks, all is as at first."""
        self._needs[period] = run
