"""Counters and histograms, in memory."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

WINDOW = 512
PERCENTILES = (50, 90, 95, 99)


class Metrics:
    """``window``: how many of the last values a histogram's percentiles are taken over."""

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

    def snapshot(self) -> dict[str, Any]:
        """``{"counters": {name: n}, "histograms": {name: {count, min, max, mean, p50, …}}}``.

        count, min, max and mean are over all values, percentiles (nearest rank) over the window.
        """
        return {
            "counters": dict(self._counters),
            "histograms": {name: histogram.summary() for name, histogram in self._histograms.items()},
        }

    def reset(self) -> None:
        self._counters.clear()
        self._histograms.clear()


class _Histogram:
    def __init__(self, window: int) -> None:
        self._last: deque[float] = deque(maxlen=window)
        self._count = 0
        self._sum = 0.0
        self._min = math.inf
        self._max = -math.inf

    def add(self, value: float) -> None:
        self._last.append(value)
        self._count += 1
        self._sum += value
        self._min, self._max = min(self._min, value), max(self._max, value)

    def summary(self) -> dict[str, float]:
        ordered = sorted(self._last)
        ranks = {f"p{p}": ordered[max(0, math.ceil(p / 100 * len(ordered)) - 1)] for p in PERCENTILES}
        return {"count": self._count, "min": self._min, "max": self._max, "mean": self._sum / self._count, **ranks}
