"""Cuts a session into stages, so that its first layers are ready before the last shards arrive.

The time after the last byte is that of the last stage alone, so that one is small; every stage costs a
little on each run, so there are few.
"""

from __future__ import annotations

from collections.abc import Sequence

from orion_py.external.onnx_outline import external_files
from orion_py.manifest.shards import Shard

FROM_THE_END = (1, 2)
"""How many shards of layers the last stage has, and the one before it; the first has all the others."""


def stage_layers(weights: Sequence[Shard]) -> list[range]:
    """The layers of each stage, cut where one shard's layers end. One stage where one shard has them all."""
    spans = sorted(shard.layers for shard in weights if shard.layers is not None)
    cuts, left = [spans[-1][1]], len(spans)
    for count in FROM_THE_END:
        left -= count
        if left > 0:
            cuts.insert(0, spans[left][0])
    return [range(first, end) for first, end in zip([0, *cuts], cuts, strict=False)]


def needed_shards(graph: bytes, weights: Sequence[Shard]) -> tuple[str, ...]:
    """The sha256 of those of ``weights`` that the external data of ``graph`` lies in, in their order."""
    named = {location.split(".")[0] for location in external_files(graph, "the graph")}
    return tuple(shard.sha256 for shard in weights if shard.sha256 in named)
