"""Counts and keeps histograms, in memory."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import cast

from orion_py.protocol.rows import Histogram, MetricsRow

WINDOW = 512
PERCENTILES = (50, 90, 95, 99)


def percentile(values: Sequence[float], p: int) -> float | None:
    """The ``p``-th percentile of ``values`` by nearest rank; None where there are none."""
    return _ranked(sorted(values), p) if values else None


def _ranked(ordered: Sequence[float], p: int) -> float:
    return ordered[max(0, math.ceil(p / 100 * len(ordered)) - 1)]


class Metrics:
    """``window``: how many values a histogram keeps for its percentiles, the last ones, so that these
    follow what is going on; the rest are totals."""

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._counters: dict[str, int] = {}
        self._histograms: dict[str, _Histogram] = {}

    def count(self, name: str, by: int = 1) -> None:
        self._counters[name] = self._counters.get(name, 0) + by

    def observe(self, name: str, value: float) -> None:
        """Adds a value. What isn't a finite number is counted under ``<name>.invalid`` instead."""
        if not math.isfinite(value):
            self.count(f"{name}.invalid")
            return
        histogram = self._histograms.get(name)
        if histogram is None:
            histogram = self._histograms[name] = _Histogram(self._window)
        histogram.add(value)

    def snapshot(self) -> MetricsRow:
        """count, min, max and mean are over all values, percentiles (nearest rank) over the kept ones."""
        return {
            "counters": dict(self._counters),
            "histograms": {name: cast(Histogram, histogram.summary()) for name, histogram in self._histograms.items()},
        }

    def summary(self, name: str) -> dict[str, float]:
        """One histogram of ``snapshot``. Raises KeyError where nothing was observed."""
        return self._histograms[name].summary()


class _Histogram:
    def __init__(self, window: int) -> None:
        self._kept: deque[float] = deque(maxlen=window)
        self._count = 0
        self._sum = 0.0
        self._min = math.inf
        self._max = -math.inf

    def add(self, value: float) -> None:
        self._count += 1
        self._sum += value
        self._min, self._max = min(self._min, value), max(self._max, value)
        self._kept.append(value)

    def summary(self) -> dict[str, float]:
        ordered = sorted(self._kept)
        ranks = {f"p{p}": _ranked(ordered, p) for p in PERCENTILES}
        return {"count": self._count, "min": self._min, "max": self._max, "mean": self._sum / self._count, **ranks}
