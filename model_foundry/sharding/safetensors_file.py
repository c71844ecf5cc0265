"""Writes weight shards: safetensors files whose bytes depend on their content alone.

A graph's external data has to know where each tensor lies, so the header is our own
(model_foundry/formats/safetensors_header.py); tests read the result back with the library.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model_foundry.formats.safetensors_header import header_bytes
from orion_py.manifest.shards import Tensor

_DTYPES = {"uint8": "U8", "int8": "I8", "float16": "F16", "float32": "F32"}

Array = NDArray[np.uint8] | NDArray[np.int8] | NDArray[np.float16] | NDArray[np.float32]


@dataclass(frozen=True)
class WeightFile:
    """The bytes of a shard, and where each tensor lies in them."""

    data: bytes
    tensors: tuple[Tensor, ...]


def pack(arrays: dict[str, Array]) -> WeightFile:
    """One file with ``arrays``: wide types first, so that each is aligned to its own width."""
    order = sorted(arrays, key=lambda name: -arrays[name].dtype.itemsize)
    described = ((name, _DTYPES[arrays[name].dtype.name], arrays[name].shape, arrays[name].nbytes) for name in order)
    start = header_bytes(described, "orion")
    tensors, offset = [], len(start)
    for name in order:
        array = arrays[name]
        tensors.append(
            Tensor.model_validate(
                {
                    "name": name,
                    "dtype": _DTYPES[array.dtype.name],
                    "shape": array.shape,
                    "offset": offset,
                    "length": array.nbytes,
                }
            )
        )
        offset += array.nbytes
    body = b"".join(np.ascontiguousarray(arrays[name]).tobytes() for name in order)
    return WeightFile(start + body, tuple(tensors))
