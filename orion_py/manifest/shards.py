"""Describes the files of a model version and the tensors inside them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from orion_py.manifest.fields import MAX_SHARD_BYTES, RelativeFile, Sha256, Strict, is_none

DTYPE_BYTES = {"U8": 1, "I8": 1, "F16": 2, "BF16": 2, "F32": 4, "I32": 4, "I64": 8}


class Tensor(Strict):
    """One tensor inside a weight shard. ``offset`` counts from the start of the file, in bytes."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    dtype: Literal["U8", "I8", "F16", "BF16", "F32", "I32", "I64"]
    shape: Annotated[tuple[Annotated[int, Field(ge=0, le=2**31)], ...], Field(max_length=8)]
    offset: Annotated[int, Field(ge=8, le=MAX_SHARD_BYTES)]
    length: Annotated[int, Field(ge=0, le=MAX_SHARD_BYTES)]

    @model_validator(mode="after")
    def _length_is_the_shape(self) -> Self:
        count = 1
        for extent in self.shape:
            count *= extent
        if count * DTYPE_BYTES[self.dtype] != self.length:
            raise ValueError(f"tensor {self.name}: {self.length} bytes don't hold {self.dtype}{list(self.shape)}")
        return self


class Shard(Strict):
    """A file, addressed by its content. Lower ``priority`` is fetched first."""

    sha256: Sha256
    size: Annotated[int, Field(gt=0, le=MAX_SHARD_BYTES)]
    role: Literal["graph", "embedding", "layers", "head", "tokenizer", "weights", "file", "golden"]
    """The last two: of a graph model (``manifest.graph_manifest``)."""
    priority: Annotated[int, Field(ge=0, le=1000)] = 100
    layers: tuple[int, int] | None = None
    """First and one past the last layer whose weights are here, for ``role`` "layers"."""
    tensors: tuple[Tensor, ...] = ()
    path: Annotated[RelativeFile | None, Field(exclude_if=is_none)] = None
    """Where it lies in a folder of another layout; None: ``shards/<sha256>``. Graphs find its external
    data under its last part."""

    @model_validator(mode="after")
    def _tensors_lie_inside(self) -> Self:
        end = 0
        for tensor in sorted(self.tensors, key=lambda t: t.offset):
            if tensor.offset < end:
                raise ValueError(f"shard {self.sha256[:12]}: tensor {tensor.name} overlaps another")
            end = tensor.offset + tensor.length
            if end > self.size:
                raise ValueError(f"shard {self.sha256[:12]}: tensor {tensor.name} ends past the file")
        return self


def location_of(shard: Shard) -> str:
    """What a graph's external data calls this shard."""
    return shard.path.rpartition("/")[2] if shard.path else shard.sha256


def shard_named(shards: Iterable[Shard], sha256: str) -> Shard:
    """The one of ``shards`` with that hash. Raises KeyError."""
    for shard in shards:
        if shard.sha256 == sha256:
            return shard
    raise KeyError(sha256)
