"""Copies the first rows of a kernel's cache to plain bytes and back.

For each layer and key head they hold the rows' keys, then for each layer and key head their values, as words 31 to 34
of ``struct orion_decoder`` place them. web/bridge/worker/kernel/rows.js does the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from orion_py.native.kernel_module import HEAD_STRIDE, LAYER_STRIDE, ROW_BYTES, VALUES, KernelModel

_CACHE = 26
"""The description's word that says where the cache begins."""


def rows_bytes(model: KernelModel, rows: int) -> int:
    """Bytes that so many rows take."""
    architecture = model.layout.architecture
    return 2 * architecture.layers * architecture.kv_heads * rows * int(model.description()[ROW_BYTES])


def copy_rows(model: KernelModel, rows: int) -> bytes:
    """The first ``rows`` rows."""
    size = rows * int(model.description()[ROW_BYTES])
    return b"".join(model.memory[at : at + size].tobytes() for at in _places(model))


def put_rows(model: KernelModel, data: bytes, rows: int) -> None:
    """Puts back what ``copy_rows`` gave, of a cache with the same sizes; ``data`` has ``rows_bytes`` of them."""
    size = rows * int(model.description()[ROW_BYTES])
    for index, at in enumerate(_places(model)):
        model.memory[at : at + size] = np.frombuffer(data, np.uint8, size, index * size)


def _places(model: KernelModel) -> Iterator[int]:
    words = model.description()
    architecture = model.layout.architecture
    for start in (int(words[_CACHE]), int(words[_CACHE]) + int(words[VALUES])):
        for layer in range(architecture.layers):
            for head in range(architecture.kv_heads):
                yield start + layer * int(words[LAYER_STRIDE]) + head * int(words[HEAD_STRIDE])
