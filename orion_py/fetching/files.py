"""Describes the files that one load brings, for a model, a graph model or the router."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orion_py.manifest.graph_manifest import GraphManifest
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.shards import Shard
from orion_py.manifest.variants import Variant


@dataclass(frozen=True, slots=True)
class Files:
    """What to bring, in this order. ``name`` and ``version`` tell whose progress it is; ``base_url`` is where
    ``shards/<sha256>`` lies, or a shard's own path. ``yields``: its downloads stop while a model's load downloads."""

    name: str
    version: str
    shards: Sequence[Shard]
    base_url: str
    yields: bool = False

    def url(self, shard: Shard) -> str:
        return self.base_url + (shard.path or f"shards/{shard.sha256}")


def files_of(manifest: Manifest, variant: Variant, base_url: str) -> Files:
    """What ``variant`` needs of a model version."""
    return Files(manifest.model, manifest.version, manifest.shards_for(variant), base_url)


def graph_files(manifest: GraphManifest, base_url: str, golden: bool, yields: bool = False) -> Files:
    """What a graph model's sessions need; with ``golden`` also what they are checked by."""
    shards = [shard for shard in manifest.in_order if golden or shard.role != "golden"]
    return Files(manifest.model, manifest.version, shards, base_url, yields)
