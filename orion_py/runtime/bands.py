"""Passes large tensors some rows at a time, so that none of them is ever whole in Python's memory.

In a browser that memory is WebAssembly's, which never shrinks: whatever was in hand once stays the tab's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

from orion_py.errors import RuntimeFailure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orion_py.runtime.graphs import Tensor

NUMBERS = 1 << 16
"""Of one band that is read: 256 KB of float32."""


@dataclass(frozen=True, slots=True)
class InBands:
    """A float32 input of ``shape`` [1, planes, rows, columns] that is computed while it is handed over. Each call of
    ``bands`` begins anew: the number of a band's first row, and [planes, rows of the band, columns]; all rows, each
    once."""

    shape: tuple[int, int, int, int]
    bands: Callable[[], Iterator[tuple[int, NDArray[np.float32]]]]

    @property
    def nbytes(self) -> int:
        _, planes, rows, columns = self.shape
        return 4 * planes * rows * columns


Given: TypeAlias = "Tensor | InBands"
"""What a session takes."""


class Held(Protocol):
    """A float32 output [1, …, rows, columns] that stays where it was computed, until nothing refers to it."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        """[stop - start, columns], the caller's own."""


def read_bands(held: Held, dimensions: int, what: str) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """All rows of ``held``, in bands from the top down, each with the number of its first row. Raises RuntimeFailure
    where it has other dimensions or numbers that aren't finite; ``what`` made it."""
    shape = held.shape
    if len(shape) != dimensions or any(size != 1 for size in shape[:-2]) or not all(shape):
        raise RuntimeFailure(f"The {what} returned another shape than it should.", shape=list(shape))
    rows, columns = shape[-2:]
    step = max(1, NUMBERS // max(1, columns))
    for start in range(0, rows, step):
        values = held.rows(start, min(start + step, rows))
        if not np.isfinite(values).all():
            raise RuntimeFailure(f"The {what} returned no usable numbers.", shape=list(shape))
        yield start, values
