"""Divides weights among shards, in the order in which a forward pass needs them.

The parts are the token table, each layer (the last one with the final norm) and, where it isn't
tied, the head. A part is never cut: a matrix has to lie in one shard with its scales.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

from model_foundry.errors import UnknownLayout
from model_foundry.model.description import ModelDescription
from model_foundry.sharding.stored import FINAL_NORM, ShardContent, contents
from orion_py.manifest.shards import Shard

MOST_SHARDS = 16
"""Of a layout by number. One by size may have more, up to the manifest's own limit."""


class Layout(Protocol):
    def groups(self, parts: list[ShardContent]) -> list[list[ShardContent]]:
        """``parts`` cut into consecutive groups, one for each shard. Raises UnknownLayout."""
        ...


@dataclass(frozen=True)
class LayersPerShard:
    """The table and the head alone, ``count`` layers together: what streams best (docs/foundry.md)."""

    count: int

    def groups(self, parts: list[ShardContent]) -> list[list[ShardContent]]:
        layers = [part for part in parts if part.role == "layers"]
        cut = [layers[first : first + self.count] for first in range(0, len(layers), self.count)]
        before = [[part] for part in parts if part.role == "embedding"]
        return [*before, *cut, *([part] for part in parts if part.role == "head")]


@dataclass(frozen=True)
class ShardCount:
    """So many shards, the largest of them as small as it can be."""

    count: int

    def groups(self, parts: list[ShardContent]) -> list[list[ShardContent]]:
        most = min(MOST_SHARDS, len(parts))
        if not 1 <= self.count <= most:
            raise UnknownLayout(f"{self.count} shards can't be made of this model; 1 to {most} can")
        sizes = [_size(part) for part in parts]
        # The least bound under which greedy filling needs no more groups than there may be.
        low, high = max(sizes), sum(sizes)
        while low < high:
            middle = (low + high) // 2
            if len(_filled(sizes, middle)) <= self.count:
                high = middle
            else:
                low = middle + 1
        groups = _filled(sizes, low)
        while len(groups) < self.count:
            # Fewer would do for that bound: the largest that can be cut is cut.
            widest = max((group for group in groups if len(group) > 1), key=lambda group: _sum(sizes, group))
            at = groups.index(widest)
            groups[at : at + 1] = _halved(sizes, widest)
        return [[parts[index] for index in group] for group in groups]


@dataclass(frozen=True)
class ShardSize:
    """Shards of at most ``bytes``, except for a single part that is larger."""

    bytes: int

    def groups(self, parts: list[ShardContent]) -> list[list[ShardContent]]:
        if self.bytes <= 0:
            raise UnknownLayout("a shard's size is a positive number of bytes")
        groups = _filled([_size(part) for part in parts], self.bytes)
        return [[parts[index] for index in group] for group in groups]


@dataclass(frozen=True)
class SameShards:
    """The cuts of a version that is there already, so that what didn't change is shared.

    ``counts``: how many parts each shard has.
    """

    counts: tuple[int, ...]

    @classmethod
    def of(cls, shards: Iterable[Shard]) -> SameShards:
        """From a manifest's shards."""
        parts = [{_part_of(tensor.name) for tensor in shard.tensors} - {FINAL_NORM} for shard in shards]
        return cls(tuple(len(names) for names in parts if names))

    def groups(self, parts: list[ShardContent]) -> list[list[ShardContent]]:
        if sum(self.counts) != len(parts):
            raise UnknownLayout(f"the earlier version's shards have {sum(self.counts)} parts, this one {len(parts)}")
        ends = list(accumulate(self.counts))
        return [parts[end - count : end] for end, count in zip(ends, self.counts, strict=True)]


def _part_of(tensor: str) -> str:
    """The part that a stored tensor belongs to: the table, one layer, or the head."""
    return ".".join(tensor.split(".")[: 2 if tensor.startswith("layers.") else 1])


def divided(model: ModelDescription, layout: Layout) -> list[ShardContent]:
    """The weight shards of ``model``. Raises UnknownLayout."""
    return [_joined(group) for group in layout.groups(contents(model, 1))]


def _joined(group: list[ShardContent]) -> ShardContent:
    """One shard of several parts; of mixed ones its role is "weights"."""
    arrays = {name: array for part in group for name, array in part.arrays.items()}
    spans = [part.layers for part in group if part.layers is not None]
    layers = (spans[0][0], spans[-1][1]) if spans else None
    roles = {part.role for part in group}
    return ShardContent(group[0].role if len(roles) == 1 else "weights", layers, arrays)


def _size(part: ShardContent) -> int:
    return sum(array.nbytes for array in part.arrays.values())


def _sum(sizes: list[int], group: list[int]) -> int:
    return sum(sizes[index] for index in group)


def _halved(sizes: list[int], group: list[int]) -> list[list[int]]:
    """``group`` in two, as even as it gets."""
    cut = min(range(1, len(group)), key=lambda at: max(_sum(sizes, group[:at]), _sum(sizes, group[at:])))
    return [group[:cut], group[cut:]]


def _filled(sizes: list[int], bound: int) -> list[list[int]]:
    """Indices in consecutive groups, each as full as ``bound`` allows."""
    groups: list[list[int]] = []
    room = 0
    for index, size in enumerate(sizes):
        if groups and size <= room:
            groups[-1].append(index)
            room -= size
        else:
            groups.append([index])
            room = bound - size
    return groups
