"""Writes a model's tensors as safetensors files while they are made, one in memory at a time.

The shapes are known before the first tensor is: so each file's header is written first, and the
data is appended behind it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from model_foundry.formats.float_formats import WIDTHS, encoded
from model_foundry.formats.hf_names import INDEX, WEIGHTS
from model_foundry.formats.safetensors_header import header_bytes
from model_foundry.model.weights import Float32

SHARD_BYTES = 2 * 10**9
"""Of one file, unless something else is asked for."""


@dataclass(frozen=True)
class Planned:
    """A tensor that is to be written."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def length(self) -> int:
        return math.prod(self.shape) * WIDTHS[self.dtype]


class WeightWriter:
    """``with`` this, ``put`` takes the tensors of ``planned`` in that very order. Leaving it after the last ends
    the last file and writes the index where there are several; leaving it by an exception only closes the file."""

    def __init__(self, folder: Path, planned: Sequence[Planned], shard_bytes: int) -> None:
        self._folder, self._shards = folder, _shards(planned, shard_bytes)
        self._waiting = [tensor for shard in self._shards for tensor in shard]
        self._left_in_shard = 0
        self._opened = 0
        self._stream: BinaryIO | None = None
        self._names = [_file_name(index, len(self._shards)) for index in range(len(self._shards))]

    def put(self, name: str, values: Float32) -> None:
        planned = self._waiting.pop(0)
        assert (planned.name, planned.shape) == (name, values.shape), "tensors come in the order of the plan"
        if not self._left_in_shard:
            self._next_shard()
        assert self._stream is not None
        self._stream.write(encoded(values, planned.dtype))
        self._left_in_shard -= 1

    def __enter__(self) -> WeightWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *failure: object) -> None:
        if self._stream:
            self._stream.close()
        if kind is None:
            self._finish()

    def _finish(self) -> None:
        assert not self._waiting, "tensors of the plan are missing"
        if len(self._shards) > 1:
            names = {t.name: name for name, shard in zip(self._names, self._shards, strict=True) for t in shard}
            total = sum(tensor.length for shard in self._shards for tensor in shard)
            index = {"metadata": {"total_size": total}, "weight_map": names}
            (self._folder / INDEX).write_text(json.dumps(index, indent=2) + "\n", "utf-8")

    def _next_shard(self) -> None:
        if self._stream:
            self._stream.close()
        shard = self._shards[self._opened]
        self._stream = (self._folder / self._names[self._opened]).open("wb")
        self._stream.write(header_bytes(((t.name, t.dtype, t.shape, t.length) for t in shard), "pt"))
        self._left_in_shard = len(shard)
        self._opened += 1


def _file_name(index: int, count: int) -> str:
    return WEIGHTS if count == 1 else f"model-{index + 1:05}-of-{count:05}.safetensors"


def _shards(planned: Sequence[Planned], shard_bytes: int) -> list[list[Planned]]:
    shards: list[list[Planned]] = []
    size = 0
    for tensor in planned:
        if not shards or size + tensor.length > shard_bytes:
            shards.append([])
            size = 0
        shards[-1].append(tensor)
        size += tensor.length
    return shards
