"""Writing a model's tensors as safetensors files while they come, one in memory at a time.

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

from model_foundry.merging.dtypes import WIDTHS, encoded
from model_foundry.merging.weight_files import INDEX, SINGLE
from model_foundry.weights import Float32

_ALIGNMENT = 64


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
    """``put`` takes the tensors of ``planned`` in that very order; ``close`` after the last."""

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

    def close(self) -> None:
        """Ends the last file and writes the index where there are several."""
        assert not self._waiting, "tensors of the plan are missing"
        if self._stream:
            self._stream.close()
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
        self._stream.write(_header(shard))
        self._left_in_shard = len(shard)
        self._opened += 1


def _file_name(index: int, count: int) -> str:
    return SINGLE if count == 1 else f"model-{index + 1:05}-of-{count:05}.safetensors"


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


def _header(shard: Sequence[Planned]) -> bytes:
    entries: dict[str, object] = {"__metadata__": {"format": "pt"}}
    position = 0
    for tensor in shard:
        entries[tensor.name] = {
            "dtype": tensor.dtype,
            "shape": list(tensor.shape),
            "data_offsets": [position, position + tensor.length],
        }
        position += tensor.length
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % _ALIGNMENT)
    return len(text).to_bytes(8, "little") + text
