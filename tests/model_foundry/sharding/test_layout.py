"""Cutting weights into shards: in order, none left out, none twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_foundry.errors import UnknownLayout
from model_foundry.sharding.layout import LayersPerShard, Layout, SameShards, ShardCount, ShardSize, divided
from model_foundry.sharding.stored import ShardContent, weight_bytes
from tests.model_foundry.built import built, imported
from tests.model_foundry.tiny_gguf import TinyModel


def parts(sizes: list[int], head: bool) -> list[ShardContent]:
    """A table, layers of these sizes, and a head."""
    found = [ShardContent("embedding", None, {"embedding.q8": np.zeros(sizes[0], np.uint8)})]
    for index, size in enumerate(sizes[1:]):
        array = {f"layers.{index}.q8": np.zeros(size, np.uint8)}
        found.append(ShardContent("layers", (index, index + 1), array))
    return [*found, ShardContent("head", None, {"head.q8": np.zeros(sizes[0], np.uint8)})] if head else found


def size(group: list[ShardContent]) -> int:
    return sum(array.nbytes for part in group for array in part.arrays.values())


sizes = st.lists(st.integers(1, 1000), min_size=2, max_size=20)


@given(sizes, st.booleans(), st.integers(1, 16))
def test_so_many_shards_hold_all_parts_in_order(given_sizes: list[int], head: bool, count: int) -> None:
    whole = parts(given_sizes, head)
    count = min(count, len(whole))
    groups = ShardCount(count).groups(whole)
    assert len(groups) == count
    assert [part for group in groups for part in group] == whole


@given(sizes, st.integers(1, 16))
def test_no_other_cut_into_as_many_shards_has_a_smaller_largest(given_sizes: list[int], count: int) -> None:
    whole = parts(given_sizes, head=False)
    count = min(count, len(whole))
    largest = max(size(group) for group in ShardCount(count).groups(whole))
    # Filled greedily to one byte less, the parts don't fit into so many shards.
    needed, room = 0, 0
    for part in whole:
        if size([part]) > largest - 1:
            return
        if size([part]) > room:
            needed, room = needed + 1, largest - 1
        room -= size([part])
    assert needed > count


@given(sizes, st.booleans(), st.integers(1, 3000))
def test_shards_by_size_are_no_larger_unless_one_part_is(given_sizes: list[int], head: bool, bound: int) -> None:
    whole = parts(given_sizes, head)
    groups = ShardSize(bound).groups(whole)
    assert [part for group in groups for part in group] == whole
    assert all(size(group) <= bound or len(group) == 1 for group in groups)


def test_layers_per_shard_leaves_table_and_head_alone() -> None:
    groups = LayersPerShard(2).groups(parts([5, 1, 1, 1], head=True))
    assert [[part.role for part in group] for group in groups] == [
        ["embedding"],
        ["layers", "layers"],
        ["layers"],
        ["head"],
    ]


@pytest.mark.parametrize("layout", [ShardCount(0), ShardCount(17), ShardCount(4), ShardSize(0)], ids=str)
def test_what_cannot_be_is_refused(layout: Layout) -> None:
    with pytest.raises(UnknownLayout):
        layout.groups(parts([1, 1, 1], head=False))


def test_mixed_shards_say_which_layers_they_hold(tmp_path: Path) -> None:
    model = imported(tmp_path, TinyModel(tied=False))
    (only,) = divided(model, ShardCount(1))
    assert (only.role, only.layers) == ("weights", (0, 2))
    table, *_, head = divided(model, ShardCount(4))
    assert (table.role, head.role) == ("embedding", "head")
    assert "final_norm" in only.arrays


def test_the_cuts_of_an_earlier_version_are_found_again(tmp_path: Path) -> None:
    model = imported(tmp_path, TinyModel(layers=5, tied=False))
    manifest = built(tmp_path, model)
    for layout in (LayersPerShard(2), ShardCount(3), ShardCount(1)):
        shards = [part.arrays.keys() for part in divided(model, layout)]
        described = [
            shard.model_copy(
                update={"tensors": tuple(t for s in manifest.shards for t in s.tensors if t.name in names)}
            )
            for shard, names in zip([manifest.shards[-1]] * len(shards), shards, strict=True)
        ]
        again = SameShards.of(described)
        assert [part.arrays.keys() for part in divided(model, again)] == shards
    with pytest.raises(UnknownLayout, match="7 parts"):
        SameShards((7,)).groups(parts([1, 1], head=False))


def test_the_size_of_weights_is_told_before_they_are_written(tmp_path: Path) -> None:
    model = imported(tmp_path, TinyModel(tied=False))
    manifest = built(tmp_path, model)
    packed = [t for shard in manifest.shards for t in shard.tensors if t.dtype in ("U8", "F16")]
    assert weight_bytes(model) == sum(tensor.length for tensor in packed)
