"""Lists the models that the registry knows, and verifies those that are built."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from orion_py.errors import InvalidManifest, OrionError
from orion_py.manifest.graph_manifest import GraphManifest, parse_graph_manifest
from orion_py.manifest.reading import parse_manifest
from orion_py.manifest.shards import Shard
from orion_py.registry.load import parse_registry
from orion_py.registry.models import Registry


def registry_of(root: Path) -> Registry:
    """The checkout's, with what was built in it. Raises InvalidRegistry."""
    from orion_py.native.built_models import with_built_models

    text = (root / "models.json").read_text("utf-8")
    return parse_registry(with_built_models(text, root / "public" / "models"))


def run_models(options: argparse.Namespace) -> int:
    """Runs ``orion models``."""
    registry = registry_of(options.root)
    if options.action == "list":
        _list(registry, options.root)
        return 0
    found = [(entry.id, _verify(options.root / "public" / entry.manifest)) for entry in registry.models]
    found += [(path.parent.name, _verify_graphs(path)) for path in _graph_models(options.root)]
    for model, faults in found:
        for fault in faults:
            print(f"{model}: {fault}")
        if not faults:
            print(f"{model}: every shard has its hash")
    return 1 if any(faults for _, faults in found) else 0


def _list(registry: Registry, root: Path) -> None:
    for entry in registry.models:
        built = "built" if (root / "public" / entry.manifest).is_file() else "not built"
        agents = ", ".join(agent.id for agent in registry.agents if entry.id in agent.models)
        starts = ", ".join(device for device, model in registry.recommendations.items() if model == entry.id)
        size = f"{entry.download_bytes / 1e6:.0f} MB"
        print("\t".join((entry.id, entry.tier, size, entry.licence, built, agents, starts and f"starts: {starts}")))
    here = {entry.id for entry in registry.models}
    for known in registry.general:
        if known.id not in here:
            size = f"{known.parameters / 1e9:.2g} billion parameters"
            run = "run by us" if known.run else "not run by us"
            row = (known.id, "general", size, known.licence, "not built", ", ".join(known.languages), run)
            print("\t".join((*row, f"python3 build.py models {known.id} brings {known.hub}@{known.revision}")))


def _graph_models(root: Path) -> Iterator[Path]:
    """The manifests of the graph models that were built."""
    for path in sorted((root / "public" / "models").glob("*/manifest.json")):
        try:
            manifest = json.loads(path.read_bytes())
        except ValueError:
            continue  # of a decoder, or of nothing: its own check says so
        if isinstance(manifest, dict) and manifest.get("kind") == "graphs":
            yield path


def _verify(path: Path) -> list[str]:
    """What is wrong with a built decoder, or nothing. Raises OSError when the manifest can't be read."""
    try:
        manifest = parse_manifest(path.read_bytes())
    except (FileNotFoundError, InvalidManifest) as error:
        return [f"isn't built: {error}. Run python3 build.py models lite."]
    return _damaged(path, manifest.shards)


def _verify_graphs(path: Path) -> list[str]:
    """What is wrong with a built graph model: its shards, then what its sessions compute."""
    try:
        manifest = parse_graph_manifest(path.read_bytes())
    except InvalidManifest as error:
        return [f"{error}. Build it again."]
    return _damaged(path, manifest.shards) or asyncio.run(_wrong(path, manifest))


async def _wrong(path: Path, manifest: GraphManifest) -> list[str]:
    from orion_py.native.graph_model import opened_graphs
    from orion_py.native.store import read_verified
    from orion_py.runtime.graph_golden import check_graphs

    shards = path.parent.parent / "shards"

    async def read(sha256: str) -> bytes:
        return read_verified(shards, sha256)

    try:
        model = await opened_graphs(manifest, shards, threads=1)
    except OrionError as error:
        return [error.message]
    try:
        verdicts = await check_graphs(model, read)
    except OrionError as error:
        return [error.message]
    finally:
        await model.close()
    return [verdict.message for verdict in verdicts.values() if verdict is not None]


def _damaged(manifest: Path, shards: Iterable[Shard]) -> list[str]:
    """The shards that are missing or don't have their hash."""
    faults = []
    for shard in shards:
        file = manifest.parent.parent / "shards" / shard.sha256
        if not file.is_file():
            faults.append(f"shard {shard.sha256[:12]} ({shard.role}) is missing")
            continue
        with file.open("rb") as data:
            if hashlib.file_digest(data, "sha256").hexdigest() != shard.sha256:
                faults.append(f"shard {shard.sha256[:12]} ({shard.role}) doesn't have its hash")
    return faults
