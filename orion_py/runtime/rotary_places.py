"""Counts the places that rows of a cache turn by, where pictures have places in three axes.

A picture of n rows takes up fewer places than n: as many as its longer side has. So behind it a token's place is less
than its row in the cache. web/bridge/worker/kernel/places.js does the same in a browser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orion_py.runtime.segments import Embeddings


class RotaryPlaces:
    """Knows the contents that a cache holds, by the row at which each ends."""

    def __init__(self) -> None:
        self._ends: list[tuple[int, int]] = []
        """The row behind a content, and by how much places lag behind rows from there on."""

    def cut(self, row: int) -> None:
        """The rows from ``row`` on are dropped."""
        self._ends = [end for end in self._ends if end[0] <= row]

    def of_tokens(self, row: int, count: int) -> NDArray[np.int64]:
        """[count], of tokens from ``row`` on."""
        return np.arange(row, row + count) - self._lag(row)

    def of_embeddings(self, row: int, inputs: Embeddings) -> NDArray[np.int64]:
        """[count, 3], of ``inputs`` from ``row`` on; they are held from now on."""
        count = len(inputs)
        if inputs.axes is None:
            return np.repeat(self.of_tokens(row, count)[:, None], 3, axis=1)
        begins = row - inputs.first
        lag, total = self._lag(begins), len(inputs.axes.places)
        self.cut(begins)
        self._ends.append((begins + total, lag + total - inputs.axes.span))
        return begins - lag + inputs.axes.places[inputs.first : inputs.first + count].astype(np.int64)

    def _lag(self, row: int) -> int:
        return next((lag for end, lag in reversed(self._ends) if end <= row), 0)
