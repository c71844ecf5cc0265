"""The expansion of a weight shard to int8 per output channel: the reference for JavaScript's.

What it computes is written down in ``ExpandedWeight`` (orion_py/loading/manifest.py); both
implementations agree bit for bit. On WASM, int8 per channel is what fast kernels exist for; on
the wire it would be nearly twice as large, so that each device makes it from 4-bit blocks, once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from orion_py.errors import InvalidManifest
from orion_py.loading.manifest import ExpandedWeight, Expansion, Shard, Tensor

Bytes = NDArray[np.uint8]
BLOCK = 32
_ROWS_AT_ONCE = 4096
"""Rows of a matrix that are dequantized at a time, to bound the memory that a large one takes."""


def expand(expansion: Expansion, shard: Shard, data: Bytes) -> Bytes:
    """The bytes of ``<shard>.int8`` from those of ``shard``, U8 [expansion.size].

    Raises InvalidManifest where the shard's tensors don't have the sizes that are promised.
    """
    tensors = {tensor.name: tensor for tensor in shard.tensors}
    expanded = np.zeros(expansion.size, np.uint8)
    for weight in expansion.weights:
        _expand_matrix(weight, tensors, data, expanded)
    return expanded


def dequantize(weight: ExpandedWeight, tensors: dict[str, Tensor], data: Bytes, rows: slice) -> NDArray[np.float32]:
    """The source's ``rows`` as F32 [rows, k], in the arithmetic of ``ExpandedWeight``."""
    blocks = weight.k // BLOCK
    scale = _halves(f"{weight.source}.scale", tensors, data, (weight.n, blocks))[rows][..., None]
    if f"{weight.source}.q4" in tensors:
        minimum = _halves(f"{weight.source}.min", tensors, data, (weight.n, blocks))[rows][..., None]
        packed = _bytes(f"{weight.source}.q4", tensors, data, (weight.n, blocks, BLOCK // 2))[rows]
        quants = np.stack([packed & 15, packed >> 4], axis=-1).reshape(*packed.shape[:2], BLOCK)
        values = quants.astype(np.float32) * scale + minimum
    else:
        quants = _bytes(f"{weight.source}.q8", tensors, data, (weight.n, blocks, BLOCK))[rows]
        values = (quants.astype(np.float32) - np.float32(128)) * scale
    return values.reshape(-1, weight.k)


def quantize_rows(values: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """F32 [n, k] to I8 [n, k] and the scale of each row, F32 [n]."""
    extent = np.abs(values).max(axis=1)
    scale = np.where(extent > 0, extent / np.float32(127), np.float32(1)).astype(np.float32)
    quotient = values / scale[:, None]
    whole = np.floor(quotient)
    # floor(x + 1/2) without the rounding of that sum: x - floor(x) is exact.
    return (whole + (quotient - whole >= np.float32(0.5))).astype(np.int8), scale


def _expand_matrix(weight: ExpandedWeight, tensors: dict[str, Tensor], data: Bytes, expanded: Bytes) -> None:
    k, n = weight.k, weight.n
    matrix = expanded[weight.weight_offset : weight.weight_offset + k * n].view(np.int8).reshape(k, n)
    scales = expanded[weight.scale_offset : weight.scale_offset + 4 * n].view("<f4")
    sums = expanded[weight.sum_offset : weight.sum_offset + 4 * n].view("<f4")
    for first in range(0, n, _ROWS_AT_ONCE):
        rows = slice(first, min(first + _ROWS_AT_ONCE, n))
        quants, scale = quantize_rows(dequantize(weight, tensors, data, rows))
        matrix[:, rows] = quants.T
        scales[rows] = scale
        sums[rows] = quants.sum(axis=1, dtype=np.float64) * scale.astype(np.float64)


def _bytes(name: str, tensors: dict[str, Tensor], data: Bytes, shape: tuple[int, ...]) -> Bytes:
    tensor = tensors.get(name)
    if tensor is None or tensor.length != int(np.prod(shape)) or tensor.dtype != "U8":
        raise InvalidManifest(f"tensor {name} isn't U8{list(shape)}", tensor=name)
    return data[tensor.offset : tensor.offset + tensor.length].reshape(shape)


def _halves(name: str, tensors: dict[str, Tensor], data: Bytes, shape: tuple[int, ...]) -> NDArray[np.float32]:
    tensor = tensors.get(name)
    if tensor is None or tensor.length != 2 * int(np.prod(shape)) or tensor.dtype != "F16":
        raise InvalidManifest(f"tensor {name} isn't F16{list(shape)}", tensor=name)
    raw = data[tensor.offset : tensor.offset + tensor.length].tobytes()
    return np.frombuffer(raw, "<f2").astype(np.float32).reshape(shape)
