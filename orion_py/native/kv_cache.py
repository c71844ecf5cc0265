"""Keeps the keys and values of one conversation in buffers that onnxruntime reads and writes itself."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from orion_py.manifest.architecture import Architecture

Rows = NDArray[np.float32]


class KvCache:
    """One buffer F32 [1, kv_heads, capacity, head_dim] for each of a model's keys and values.

    ``values`` are onnxruntime's views of the same memory, by the names of the past's inputs.
    """

    def __init__(self, architecture: Architecture, capacity: int) -> None:
        shape = (1, architecture.kv_heads, capacity, architecture.head_dim)
        self.rows = 0
        self.names = [f"{layer}.{part}" for layer in range(architecture.layers) for part in ("key", "value")]
        self._buffers = [np.zeros(shape, np.float32) for _ in self.names]
        self.values = [ort.OrtValue.ortvalue_from_numpy(buffer) for buffer in self._buffers]

    @property
    def nbytes(self) -> int:
        return sum(buffer.nbytes for buffer in self._buffers)

    def shape(self, rows: int) -> tuple[int, int, int, int]:
        """Of a tensor with that many rows."""
        _, heads, _, dim = self._buffers[0].shape
        return 1, heads, rows, dim

    def past(self) -> dict[str, Rows]:
        """Copies of the rows so far, as a session with kv "grow" wants them."""
        return {
            f"past.{name}": np.ascontiguousarray(buffer[:, :, : self.rows])
            for name, buffer in zip(self.names, self._buffers, strict=True)
        }

    def append(self, presents: list[Rows]) -> None:
        """Takes the rows that a session with kv "grow" added; the order is that of ``names``."""
        for buffer, present in zip(self._buffers, presents, strict=True):
            buffer[:, :, self.rows : present.shape[2]] = present[:, :, self.rows :]
        self.rows = presents[0].shape[2]
