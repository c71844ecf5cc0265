"""Sessions are cut where shards end, and a stage says which shards it needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_foundry.sharding.stages import needed_shards, stage_layers
from orion_py.manifest.shards import Shard
from tests.model_foundry.built import built, imported
from tests.model_foundry.tiny_gguf import TinyModel


def shards(*ends: int) -> list[Shard]:
    """A table, and shards of layers that end so."""
    weights = [Shard(sha256="e" * 64, size=1, role="embedding")]
    for place, (first, end) in enumerate(zip((0, *ends), ends, strict=False)):
        weights.append(Shard(sha256=f"{place:064x}", size=1, role="layers", layers=(first, end)))
    return weights


@pytest.mark.parametrize(
    ("ends", "stages"),
    [
        ((30,), [range(30)]),
        ((3, 6), [range(3), range(3, 6)]),
        ((3, 6, 9), [range(6), range(6, 9)]),
        ((1, 2, 3, 4), [range(1), range(1, 3), range(3, 4)]),
        (tuple(range(3, 33, 3)), [range(21), range(21, 27), range(27, 30)]),
    ],
)
def test_the_last_stage_has_one_shard_and_the_one_before_it_two(ends: tuple[int, ...], stages: list[range]) -> None:
    assert stage_layers(shards(*ends)) == stages


@given(st.lists(st.integers(1, 9), min_size=1, max_size=20))
def test_stages_have_all_layers_once_and_end_where_shards_end(counts: list[int]) -> None:
    ends = [sum(counts[: place + 1]) for place in range(len(counts))]
    stages = stage_layers(shards(*ends))
    assert [layer for stage in stages for layer in stage] == list(range(ends[-1]))
    assert {stage.stop for stage in stages} <= set(ends)


def test_a_stage_needs_the_shards_of_its_own_layers(tmp_path: Path) -> None:
    manifest = built(tmp_path, imported(tmp_path, TinyModel(layers=4)))
    weights = [shard for shard in manifest.shards if shard.role not in ("graph", "tokenizer")]
    table, *layers = [shard.sha256 for shard in weights]
    for variant in ("wasm-int8", "wasm-exact"):
        needed = [stage.shards for stage in manifest.variant(variant).prefill.stages]
        # The last one has the head, which is the token table here.
        assert needed == [(table, layers[0]), (layers[1], layers[2]), (table, layers[3])]
    graph = (tmp_path / "shards" / manifest.variant("webgpu-q4").prefill.graph).read_bytes()
    assert needed_shards(graph, weights) == (table, *layers)
    assert not manifest.variant("webgpu-q4").prefill.stages
