"""Converts the floating-point types of model files to and from float32 arrays.

numpy has no bfloat16: it is the upper half of a float32, rounded to nearest, ties to even.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from model_foundry.model.weights import Bytes, Float32

WIDTHS = {"F32": 4, "F16": 2, "BF16": 2}
"""Bytes of one number, by safetensors' name of the type."""

STORED_AS = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}
"""What config.json and recipes call a type, to safetensors' name of it."""

NAMED = {stored: name for name, stored in STORED_AS.items()}


def decoded(data: bytes | Bytes, dtype: str) -> Float32:
    """The numbers in ``data``, flat; those of F32 share its memory."""
    return _DECODERS[dtype](data)


def encoded(values: Float32, dtype: str) -> bytes:
    """``values`` rounded to ``dtype``, little-endian."""
    if dtype == "BF16":
        return _bfloat16_bits(values).tobytes()
    return values.astype("<f4" if dtype == "F32" else "<f2").tobytes()


def rounded(values: Float32, dtype: str) -> Float32:
    """``values`` as ``dtype`` can hold them."""
    return values if dtype == "F32" else decoded(encoded(values, dtype), dtype).reshape(values.shape)


def _bfloat16_bits(values: Float32) -> NDArray[np.uint16]:
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    upward = np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    result = ((bits + upward) >> np.uint32(16)).astype("<u2")
    # Rounding carries a NaN's payload into infinity or zero: keep it a quiet NaN.
    result[np.isnan(values)] = 0x7FC0
    return result


_DECODERS: dict[str, Callable[[bytes | Bytes], Float32]] = {
    "F32": lambda data: np.frombuffer(data, "<f4").astype(np.float32, copy=False),
    "F16": lambda data: np.frombuffer(data, "<f2").astype(np.float32),
    "BF16": lambda data: (np.frombuffer(data, "<u2").astype(np.uint32) << np.uint32(16)).view(np.float32),
}
