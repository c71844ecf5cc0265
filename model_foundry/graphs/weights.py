"""Refers graphs to stored tensors: a location, an offset, a type and a shape."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from onnx import TensorProto

from orion_py.manifest.bit_stream import BLOCK
from orion_py.manifest.derived import Expansion, Widening
from orion_py.manifest.shards import Shard

_ONNX_TYPES: dict[str, int] = {
    "U8": TensorProto.UINT8,
    "I8": TensorProto.INT8,
    "F16": TensorProto.FLOAT16,
    "F32": TensorProto.FLOAT,
}


@dataclass(frozen=True)
class StoredTensor:
    """``location`` is a shard's sha256, or that with ``.int8`` or ``.wide`` for what is made of it."""

    name: str
    location: str
    offset: int
    length: int
    dtype: str
    shape: tuple[int, ...]

    @property
    def onnx_type(self) -> int:
        return _ONNX_TYPES[self.dtype]


class StoredWeights:
    """All tensors of a model by name, expansions included.

    The expansion of ``s`` is found as ``s.int8`` I8 [k, n], ``s.int8.scale`` and ``s.int8.sum``
    F32 [n]; widened to b bits it is ``s.q{b}`` U8 [n, k/32, 4b], as if it were stored so.
    """

    def __init__(
        self, shards: Iterable[Shard], expansions: Iterable[Expansion], widenings: Iterable[Widening] = ()
    ) -> None:
        self._tensors: dict[str, StoredTensor] = {}
        for shard in shards:
            for t in shard.tensors:
                self._add(StoredTensor(t.name, shard.sha256, t.offset, t.length, t.dtype, t.shape))
        for expansion in expansions:
            location = f"{expansion.shard}.int8"
            for w in expansion.weights:
                name, k, n = f"{w.source}.int8", w.k, w.n
                self._add(StoredTensor(name, location, w.weight_offset, k * n, "I8", (k, n)))
                self._add(StoredTensor(f"{name}.scale", location, w.scale_offset, 4 * n, "F32", (n,)))
                self._add(StoredTensor(f"{name}.sum", location, w.sum_offset, 4 * n, "F32", (n,)))

        for widening in widenings:
            for wide in widening.weights:
                shape = (wide.n, wide.k // BLOCK, BLOCK * wide.bits // 8)
                length = wide.k * wide.n * wide.bits // 8
                name, location = f"{wide.source}.q{wide.bits}", f"{widening.shard}.wide"
                self._add(StoredTensor(name, location, wide.offset, length, "U8", shape))

    def _add(self, tensor: StoredTensor) -> None:
        self._tensors[tensor.name] = tensor

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def __getitem__(self, name: str) -> StoredTensor:
        return self._tensors[name]
