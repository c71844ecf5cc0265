"""Opens a built graph model from a folder: every shard verified, nothing fetched."""

from __future__ import annotations

from pathlib import Path

from orion_py.manifest.graph_manifest import GraphManifest
from orion_py.native.graph_runner import NativeGraphRunner
from orion_py.native.store import read_verified
from orion_py.runtime.loaded_graphs import LoadedGraphs


async def opened_graphs(manifest: GraphManifest, shards: Path, threads: int) -> LoadedGraphs:
    """The model over the shards in the folder ``shards``. Raises ShardMissing, ShardCorrupt, OutOfMemory, or
    RuntimeFailure."""
    runner = NativeGraphRunner(manifest, threads, shards)
    try:
        for shard in manifest.in_order:
            if shard.role in ("graph", "weights"):
                await runner.feed(shard)
        files = {name: read_verified(shards, sha256) for name, sha256 in manifest.files.items()}
        return LoadedGraphs(manifest, runner, files, await runner.build())
    except BaseException:
        await runner.close()
        raise
