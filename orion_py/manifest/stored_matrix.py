"""Reads a matrix from a weight shard: its blocks' integers, scales and minima, or its floats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orion_py.errors import InvalidManifest
from orion_py.manifest.bit_stream import BLOCK, unpack
from orion_py.manifest.shards import DTYPE_BYTES, Tensor
from orion_py.manifest.stored_names import FLOATS, bits_of

SHARED = (1, 2, 4)
"""Blocks of 32 that one scale may serve."""

_FLOATS = {"F16": "<f2", "F32": "<f4"}

Bytes = NDArray[np.uint8]
Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class StoredMatrix:
    """``packed`` U8 [n, k/32, 4 bits]; ``scale`` and ``minimum`` F32 [n, k/32], the latter where affine.

    Where a shard has one scale for 64 or 128 weights, it is repeated here for each 32 of them.
    """

    bits: int
    packed: Bytes
    scale: Float32
    minimum: Float32 | None

    @classmethod
    def of(cls, source: str, n: int, k: int, tensors: dict[str, Tensor], data: Bytes) -> StoredMatrix:
        """The matrix ``source`` in a shard's bytes. Raises InvalidManifest where sizes don't fit."""
        bits = bits_of(source, tensors)
        if bits is None:
            raise InvalidManifest(f"tensor {source} isn't stored", tensor=source)
        if k % BLOCK:
            raise InvalidManifest(f"tensor {source} is in blocks, and {k} aren't whole ones", tensor=source)
        blocks = k // BLOCK
        packed = _tensor(f"{source}.q{bits}", "U8", (n, blocks, BLOCK * bits // 8), 1, tensors, data)
        affine = f"{source}.min" in tensors
        scale = _halves(f"{source}.scale", (n, blocks), tensors, data)
        return cls(bits, packed, scale, _halves(f"{source}.min", (n, blocks), tensors, data) if affine else None)

    def quants(self, rows: slice) -> Bytes:
        """The stored integers of ``rows``, U8 [rows, k]."""
        return unpack(self.packed[rows], self.bits)

    def dequantized(self, rows: slice) -> Float32:
        """``rows`` as F32 [rows, k], in the arithmetic of ``ExpandedWeight``."""
        quants = self.quants(rows)
        blocks = quants.reshape(len(quants), -1, BLOCK).astype(np.float32)
        if self.minimum is None:
            blocks -= np.float32(2 ** (self.bits - 1))
        blocks *= self.scale[rows][..., None]
        if self.minimum is not None:
            blocks += self.minimum[rows][..., None]
        return blocks.reshape(quants.shape)


@dataclass(frozen=True)
class StoredFloats:
    """``values`` F16 or F32 [n, k]: the weights themselves."""

    values: NDArray[np.float16] | Float32

    @classmethod
    def of(cls, source: str, n: int, k: int, tensors: dict[str, Tensor], data: Bytes) -> StoredFloats:
        """The matrix ``source`` in a shard's bytes. Raises InvalidManifest where sizes don't fit."""
        name = f"{source}.{FLOATS}"
        dtype = tensors[name].dtype
        if dtype not in _FLOATS:
            raise InvalidManifest(f"tensor {name} is {dtype}; floats are F16 or F32", tensor=name)
        raw = _tensor(name, dtype, (n, k), DTYPE_BYTES[dtype], tensors, data)
        return cls(np.frombuffer(raw.tobytes(), _FLOATS[dtype]).reshape(n, k))

    def dequantized(self, rows: slice) -> Float32:
        """``rows`` as F32 [rows, k]."""
        return self.values[rows].astype(np.float32)


def stored_matrix(source: str, n: int, k: int, tensors: dict[str, Tensor], data: Bytes) -> StoredMatrix | StoredFloats:
    """The matrix ``source`` in the form it has. Raises InvalidManifest where sizes don't fit."""
    form = StoredFloats if f"{source}.{FLOATS}" in tensors else StoredMatrix
    return form.of(source, n, k, tensors, data)


def _tensor(
    name: str, dtype: str, shape: tuple[int, ...], width: int, tensors: dict[str, Tensor], data: Bytes
) -> Bytes:
    tensor = tensors.get(name)
    if tensor is None or tensor.dtype != dtype or tensor.length != width * int(np.prod(shape)):
        raise InvalidManifest(f"tensor {name} isn't {dtype}{list(shape)}", tensor=name)
    return data[tensor.offset : tensor.offset + tensor.length].reshape(*shape[:-1], shape[-1] * width)


def _halves(name: str, shape: tuple[int, int], tensors: dict[str, Tensor], data: Bytes) -> Float32:
    """F32 [n, k/32], from a tensor that has as many values, or half, or a quarter of them."""
    n, blocks = shape
    length = tensors[name].length if name in tensors else 0
    shared = next((ratio for ratio in SHARED if blocks % ratio == 0 and length * ratio == 2 * n * blocks), 1)
    raw = _tensor(name, "F16", (n, blocks // shared), 2, tensors, data).tobytes()
    values = np.frombuffer(raw, "<f2").astype(np.float32).reshape(n, blocks // shared)
    return values if shared == 1 else np.repeat(values, shared, axis=1)
