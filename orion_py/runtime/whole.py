"""Makes arrays of tensors that are passed in bands (``runtime.bands``), for hosts whose memory shrinks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orion_py.runtime.bands import Given, InBands

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orion_py.runtime.graphs import Tensor


@dataclass(frozen=True, slots=True)
class HeldArray:
    """A ``Held`` in this process."""

    values: NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        return self.values.reshape(self.shape[-2:])[start:stop]


def whole(value: InBands) -> NDArray[np.float32]:
    """All of ``value``."""
    out = np.empty(value.shape, np.float32)
    for row, values in value.bands():
        out[0, :, row : row + values.shape[1]] = values
    return out


def as_arrays(inputs: Mapping[str, Given]) -> dict[str, Tensor]:
    """``inputs``, each an array."""
    return {name: whole(value) if isinstance(value, InBands) else value for name, value in inputs.items()}
