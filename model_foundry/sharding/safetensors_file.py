"""Weight shards: safetensors files whose bytes depend on their content alone.

Format: https://huggingface.co/docs/safetensors. The library's writer doesn't promise an order or
an alignment and doesn't say where a tensor lies; a graph's external data has to know. So the
header is written here, and tests read the result back with the library.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orion_py.loading.manifest import Tensor

ALIGNMENT = 64
"""Where the data begins, in bytes; a multiple of every dtype and of a cache line."""

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
    header: dict[str, object] = {"__metadata__": {"format": "orion"}}
    position = 0
    for name in order:
        array = arrays[name]
        header[name] = {
            "dtype": _DTYPES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [position, position + array.nbytes],
        }
        position += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    start = 8 + len(text)
    tensors, offset = [], start
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
    return WeightFile(len(text).to_bytes(8, "little") + text + body, tuple(tensors))
