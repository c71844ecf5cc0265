"""Finds models that were built on this machine and that models.json doesn't list, so that they can be used by their
id.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from orion_py.errors import InvalidManifest, InvalidRegistry
from orion_py.manifest.graph_manifest import parse_graph_manifest
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.reading import parse_manifest
from orion_py.registry.general import OFFER, read_offer, with_general
from orion_py.registry.models import ModelEntry


def with_built_models(registry: str, models: Path) -> str:
    """models.json's text with an entry for each built model in the folder ``models`` that it lacks.

    No agent prefers these, but those that were built from the hub; they answer when they are asked for (``orion chat
    --model``). A text that isn't a registry comes back as it is, for the registry's own parser to refuse.
    """
    registry = with_general(registry, _offers(models))
    try:
        parsed: dict[str, Any] = json.loads(registry)
        listed = {entry["id"] for part in ("models", "absent", "senses") for entry in parsed.get(part, [])}
        listed.add((parsed.get("router") or {}).get("id"))
        entries = parsed["models"]
    except (ValueError, TypeError, KeyError, AttributeError):
        return registry
    for path in sorted(models.glob("*/manifest.json")):
        if path.parent.name in listed:
            continue
        try:
            manifest = parse_manifest(path.read_bytes())
        except (OSError, InvalidManifest):
            continue  # not a language model's, or an unfinished build
        if manifest.model == path.parent.name:
            entries.append(_entry(manifest))
            if manifest.sight is not None and manifest.sight.encoder not in listed:
                parsed.setdefault("senses", []).extend(_encoder(models, manifest.sight.encoder))
    return json.dumps(parsed)


def _offers(models: Path) -> list[ModelEntry]:
    """What was written of the models that were built from the hub."""
    found = []
    for path in sorted(models.glob(f"*/{OFFER}")):
        try:
            entry = read_offer(path.read_bytes())
        except (OSError, InvalidRegistry):
            continue  # then it is among those that no agent prefers
        if entry.id == path.parent.name and (path.parent / "manifest.json").is_file():
            found.append(entry)
    return found


def _entry(manifest: Manifest) -> dict[str, Any]:
    architecture = manifest.architecture
    download = sum(shard.size for shard in manifest.shards)
    expanded = max((sum(e.size for e in variant.expansions) for variant in manifest.variants), default=0)
    row = 2 * 4 * architecture.layers * architecture.kv_heads * architecture.head_dim
    return {
        "id": manifest.model,
        "title": manifest.model,
        "manifest": f"models/{manifest.model}/manifest.json",
        "tier": "full",
        "family": architecture.family,
        "licence": manifest.licence,
        "download_bytes": download,
        "memory_bytes": download + expanded + row * architecture.context_length,
        "languages": ["und"],
        "capabilities": ["chat", "vision"] if manifest.sight else ["chat"],
    }


def _encoder(models: Path, name: str) -> list[dict[str, Any]]:
    """The entry of a model's encoder, where it is built."""
    try:
        manifest = parse_graph_manifest((models / name / "manifest.json").read_bytes())
    except (OSError, InvalidManifest):
        return []
    size = sum(shard.size for shard in manifest.shards if shard.role != "golden")
    entry = {"id": name, "title": name, "manifest": f"models/{name}/manifest.json", "sense": "vision"}
    # Weights are stored in 16 bits and computed in 32, beside the file's own bytes while it is opened.
    return [{**entry, "licence": manifest.licence, "download_bytes": size, "memory_bytes": 3 * size}]
