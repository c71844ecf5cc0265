"""Packs blocks of 32 small integers as little-endian bit streams: the form that quantized weights are stored in.

A block of b-bit values takes 4 b bytes; value j lies at the bits j b to j b + b - 1, counted from
the lowest bit of the first byte. For 4 bits this is two values a byte, low nibble first, the order
of onnxruntime's MatMulNBits; for 8 bits it is a byte each.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK = 32
_GROUP = 8
"""Values that fill whole bytes at any width, and one 64-bit word at most."""

Bytes = NDArray[np.uint8]


def pack(values: Bytes, bits: int) -> Bytes:
    """U8 [..., k], each below 2**bits, to U8 [..., k/32, 4 bits]. With 8 bits it may be a view."""
    shape = (*values.shape[:-1], values.shape[-1] // BLOCK, BLOCK * bits // 8)
    if bits == 8:
        return np.ascontiguousarray(values).reshape(shape)
    groups = values.reshape(-1, _GROUP)
    words = np.zeros(len(groups), "<u8")
    for index in range(_GROUP):
        words |= groups[:, index].astype("<u8") << np.uint64(index * bits)
    return np.ascontiguousarray(words.view(np.uint8).reshape(-1, 8)[:, :bits]).reshape(shape)


def unpack(packed: Bytes, bits: int) -> Bytes:
    """U8 [..., k/32, 4 bits] to U8 [..., k]. With 8 bits it may be a view."""
    shape = (*packed.shape[:-2], packed.shape[-2] * BLOCK)
    if bits == 8:
        return np.ascontiguousarray(packed).reshape(shape)
    groups = packed.reshape(-1, bits)
    padded = np.zeros((len(groups), 8), np.uint8)
    padded[:, :bits] = groups
    words = padded.view("<u8")[:, 0]
    values = np.empty((len(groups), _GROUP), np.uint8)
    mask = np.uint64(2**bits - 1)
    for index in range(_GROUP):
        values[:, index] = (words >> np.uint64(index * bits)) & mask
    return values.reshape(shape)
