"""A neural router for tests: a head without an opinion, and an encoder that is scripted."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from orion_py.registry.models import RouterEntry
from orion_py.routing.features import SIZE
from orion_py.routing.head import LinearHead
from orion_py.routing.head_file import write_head
from orion_py.routing.keyword_words import RULED as LABELS
from orion_py.routing.manifest import RouterManifest, parse_router_manifest
from tests.tiny import LetterTokenizer, World, sha

HEAD = write_head(LinearHead(LABELS, np.zeros((SIZE + 1, len(LABELS)))))
PIECES = b"the pieces of the router's tokenizer"
ENCODER = b"an encoder" * 4000
PARTS = {"head": HEAD, "tokenizer": PIECES, "graph": ENCODER}
BYTES = sum(len(data) for data in PARTS.values())
PATH = "models/router/manifest.json"
ENTRY = RouterEntry(id="router", manifest=PATH, licence="MIT", download_bytes=BYTES)


def address(part: bytes) -> str:
    return f"models/shards/{sha(part)}"


def manifest_text(**changes: Any) -> str:
    golden = {
        "text": "hello",
        "tokens": [1, *LetterTokenizer().encode("hello"), 2],
        "agent": LABELS[0],
        "confidence": 1 / len(LABELS),
    }
    manifest: dict[str, Any] = {
        "format": 1,
        "model": "router",
        "version": "1",
        "licence": "MIT",
        "sources": [{"name": "x", "file": "x", "sha256": "0" * 64, "revision": ""}],
        "recipe": {"name": "x", "tool": "x"},
        **{role: sha(data) for role, data in PARTS.items()},
        "vocabulary": 9,
        "max_tokens": 32,
        "shards": [{"sha256": sha(data), "size": len(data), "role": role} for role, data in PARTS.items()],
        "golden": [golden],
    }
    return json.dumps(manifest | changes)


def manifest() -> RouterManifest:
    return parse_router_manifest(manifest_text())


def with_router(world: World) -> None:
    """The site of ``world`` has a router from now on."""
    listed = json.loads(world.texts["models.json"])
    listed["router"] = ENTRY.model_dump(mode="json")
    world.texts["models.json"] = json.dumps(listed)
    world.texts[PATH] = manifest_text()
    world.store.remote = {**world.store.remote, **{address(data): data for data in PARTS.values()}}
    world.store.chunk = 4096
