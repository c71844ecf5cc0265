"""Reads a safetensors file (https://huggingface.co/docs/safetensors) of a few tensors into arrays.

The file is data from outside: every offset, size and shape is checked before an array is made over it.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from orion_py.errors import InvalidManifest

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_HEADER_BYTES = 2**20
MAX_TENSORS = 1024
TYPE_NAMES = {"float32": "F32", "int64": "I64", "int32": "I32", "uint8": "U8", "bool": "BOOL"}
"""What safetensors calls each of the types that a graph's tensors have, by numpy's name."""
_DTYPES = {stored: name for name, stored in TYPE_NAMES.items()}


def read_tensors(data: bytes, what: str) -> dict[str, NDArray[Any]]:
    """The tensors of the file by name, as arrays that can't be written to. Raises InvalidManifest, which calls it
    ``what``."""
    try:
        return _tensors(data)
    except (ValueError, RecursionError) as error:
        raise InvalidManifest(f"{what} can't be read: {error}. Build the model again.", path=what) from error


def _tensors(data: bytes) -> dict[str, NDArray[Any]]:
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(MAX_HEADER_BYTES, len(data) - 8):
        raise ValueError(f"its header claims {length} of {len(data)} bytes")
    header = json.loads(data[8 : 8 + length])
    if not isinstance(header, dict):
        raise ValueError("its header isn't an object")
    header.pop("__metadata__", None)
    if len(header) > MAX_TENSORS:
        raise ValueError(f"it claims {len(header)} tensors")
    return {name: _array(name, entry, memoryview(data)[8 + length :]) for name, entry in header.items()}


def _array(name: str, entry: Any, body: memoryview) -> NDArray[Any]:
    if not isinstance(entry, dict) or not isinstance(entry.get("dtype"), str) or entry["dtype"] not in _DTYPES:
        raise ValueError(f"the tensor {name[:80]!r} has no type that a graph's tensors have")
    shape, offsets = entry.get("shape"), entry.get("data_offsets")
    if not (_naturals(shape, 8) and _naturals(offsets, 2) and len(offsets) == 2):
        raise ValueError(f"the tensor {name[:80]!r} has no shape, or no offsets")
    dtype, (begin, end) = np.dtype(_DTYPES[entry["dtype"]]), offsets
    if not begin <= end <= len(body) or math.prod(shape) * dtype.itemsize != end - begin:
        raise ValueError(f"the tensor {name[:80]!r} doesn't fill its place")
    part = bytes(body[begin:end])
    if dtype == np.bool_ and part.strip(b"\0\1"):
        raise ValueError(f"the tensor {name[:80]!r} has truth values that are none")
    return np.frombuffer(part, dtype).reshape(shape)


def _naturals(values: Any, most: int) -> TypeGuard[list[int]]:
    return isinstance(values, list) and len(values) <= most and all(type(v) is int and 0 <= v < 2**31 for v in values)
