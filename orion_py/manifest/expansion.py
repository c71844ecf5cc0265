"""Expands a weight shard into the form that a session reads: the reference for JavaScript's implementation.

``expand`` gives int8 per output channel, ``widen`` the same numbers with more bits. What they
compute is written down in ``ExpandedWeight`` and ``WidenedWeight`` (orion_py/manifest/derived.py);
both implementations agree bit for bit. On WASM, int8 per channel is what fast kernels exist for; on
the wire it would be nearly twice as large, so that each device makes it from the blocks, once.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from orion_py.manifest.bit_stream import pack
from orion_py.manifest.derived import ExpandedWeight, Expansion, WidenedWeight, Widening
from orion_py.manifest.shards import Shard
from orion_py.manifest.stored_matrix import StoredFloats, StoredMatrix, stored_matrix

Bytes = NDArray[np.uint8]
_LEAST = np.float32(2.0**-119)
_ROWS_AT_ONCE = 4096
"""Rows of a matrix that are dequantized at a time, to bound the memory that a large one takes."""


def expand(expansion: Expansion, shard: Shard, data: Bytes) -> Bytes:
    """The bytes of ``<shard>.int8`` from those of ``shard``, U8 [expansion.size].

    Raises InvalidManifest where the shard's tensors don't have the sizes that are promised.
    """
    tensors = {tensor.name: tensor for tensor in shard.tensors}
    expanded = np.zeros(expansion.size, np.uint8)
    for weight in expansion.weights:
        matrix = stored_matrix(weight.source, weight.n, weight.k, tensors, data)
        _expand_matrix(weight, matrix, expanded)
    return expanded


def widen(widening: Widening, shard: Shard, data: Bytes) -> Bytes:
    """The bytes of ``<shard>.wide``, U8 [widening.size]. Raises InvalidManifest as ``expand`` does."""
    tensors = {tensor.name: tensor for tensor in shard.tensors}
    widened = np.zeros(widening.size, np.uint8)
    for weight in widening.weights:
        _widen_matrix(weight, StoredMatrix.of(weight.source, weight.n, weight.k, tensors, data), widened)
    return widened


def quantize_rows(values: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """F32 [n, k] to I8 [n, k] and the scale of each row, F32 [n]."""
    extent = np.abs(values).max(axis=1)
    scale = np.where(extent >= _LEAST, extent / np.float32(127), np.float32(1)).astype(np.float32)
    quotient = values / scale[:, None]
    whole = np.floor(quotient)
    # floor(x + 1/2) without the rounding of that sum: x - floor(x) is exact.
    return (whole + (quotient - whole >= np.float32(0.5))).astype(np.int8), scale


def _expand_matrix(weight: ExpandedWeight, matrix: StoredMatrix | StoredFloats, expanded: Bytes) -> None:
    k, n = weight.k, weight.n
    target = expanded[weight.weight_offset : weight.weight_offset + k * n].view(np.int8).reshape(k, n)
    scales = expanded[weight.scale_offset : weight.scale_offset + 4 * n].view("<f4")
    sums = expanded[weight.sum_offset : weight.sum_offset + 4 * n].view("<f4")
    for rows in _slices(n):
        quants, scale = quantize_rows(matrix.dequantized(rows))
        target[:, rows] = quants.T
        scales[rows] = scale
        with np.errstate(over="ignore"):  # floats near the greatest of all: infinite here as in JavaScript
            sums[rows] = quants.sum(axis=1, dtype=np.float64) * scale.astype(np.float64)


def _widen_matrix(weight: WidenedWeight, matrix: StoredMatrix, widened: Bytes) -> None:
    row = weight.k * weight.bits // 8
    target = widened[weight.offset : weight.offset + weight.n * row].reshape(weight.n, row)
    shift = 0 if matrix.minimum is not None else 2 ** (weight.bits - 1) - 2 ** (matrix.bits - 1)
    for rows in _slices(weight.n):
        wide = pack(matrix.quants(rows) + np.uint8(shift), weight.bits)
        target[rows] = wide.reshape(len(wide), row)


def _slices(n: int) -> Iterator[slice]:
    for first in range(0, n, _ROWS_AT_ONCE):
        yield slice(first, min(first + _ROWS_AT_ONCE, n))
