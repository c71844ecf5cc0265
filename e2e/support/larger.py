"""A larger model and newer versions on the site under test: Lite's own shards, and some more."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from e2e.support.site import MANIFEST, MODEL, REGISTRY, Site, link
from e2e.support.web import Web

FULL = "full-model"
TITLE = "Full"
BALLAST = 12_000_000


def serving_with(model: str, folder: Path) -> Iterator[Web]:
    """A server of Lite and ``model``, which dist/ has, for a fixture ``address`` in place of that of Lite alone."""
    web = Web(Site(folder / "site", [model]))
    yield web
    web.goes_down()


def _shard(site: Site, content: bytes) -> str:
    sha256 = hashlib.sha256(content).hexdigest()
    (site.folder / "models/shards" / sha256).write_bytes(content)
    return sha256


def ballast(site: Site, size: int = BALLAST) -> dict[str, Any]:
    """A weight shard that no graph uses, on the server: its row in a manifest."""
    length = size - 256
    header = json.dumps({"ballast": {"dtype": "U8", "shape": [length], "data_offsets": [0, length]}}).ljust(248)
    content = (248).to_bytes(8, "little") + header.encode() + (b"ballast " * (size // 8))[:length]
    row = {"name": "ballast", "dtype": "U8", "shape": [length], "offset": 256, "length": length}
    return {"sha256": _shard(site, content), "size": size, "role": "weights", "priority": 500, "tensors": [row]}


@contextmanager
def a_larger_model(site: Site) -> Iterator[str]:
    """Every agent that Lite serves prefers a larger model, with Lite's weights and a shard of its own:
    that shard's sha256."""
    registry = copy.deepcopy(site.registry)
    first = next(m for m in registry["models"] if m["id"] == MODEL)
    path = f"models/{FULL}/manifest.json"
    registry["models"] = [first, {**first, "id": FULL, "title": TITLE, "manifest": path, "tier": "full"}]
    for agent in registry["agents"]:
        if MODEL in agent["models"]:
            agent["models"] = [FULL, MODEL]
    shard = ballast(site)
    file = site.folder / path
    file.parent.mkdir()
    file.write_text(json.dumps({**site.manifest, "model": FULL, "shards": [*site.manifest["shards"], shard]}))
    try:
        with site.altered(REGISTRY, registry):
            yield shard["sha256"]
    finally:
        file.unlink()
        file.parent.rmdir()


@contextmanager
def a_larger_model_in_the_making(site: Site) -> Iterator[tuple[str, Callable[[], None]]]:
    """As the server of ``build.py serve`` tells of it: the sha256 of its shard, and what ends the making."""
    with a_larger_model(site) as shard:
        file = site.folder / REGISTRY
        whole = file.read_text()
        registry = json.loads(whole)
        full = registry["models"].pop()
        reason = {"en": "Full is being prepared.", "fr": "Full est en préparation."}
        registry["absent"] = [
            *registry.get("absent", ()),
            {"id": full["id"], "title": full["title"], "reason": reason, "coming": True},
        ]
        file.write_text(json.dumps(registry))
        yield shard, lambda: (file.write_text(whole), None)[1]


@contextmanager
def a_newer_version(site: Site, version: str = "2.0.0") -> Iterator[tuple[str, str]]:
    """Lite as ``version``, in which the tokenizer's file alone is another: the sha256 of the old and of
    the new one."""
    old = site.manifest["tokenizer"]
    content = (site.folder / "models/shards" / old).read_bytes() + b"\n"
    new = _shard(site, content)
    manifest = json.loads(json.dumps({**site.manifest, "version": version}).replace(old, new))
    next(s for s in manifest["shards"] if s["sha256"] == new)["size"] = len(content)
    with site.altered(MANIFEST, manifest):
        yield old, new


@contextmanager
def a_folder_with_a_model(site: Site, folder: str = "elsewhere/mine/", model: str = "mine") -> Iterator[str]:
    """Lite under another id in a folder of its own, its shards inside: the folder's address."""
    place = site.folder / folder
    (place / "shards").mkdir(parents=True)
    for shard in site.shards:
        link(site.folder / "models/shards" / shard, place / "shards" / shard)
    source = {**site.manifest["source"], "name": "Mine"}
    (place / "manifest.json").write_text(json.dumps({**site.manifest, "model": model, "source": source}))
    try:
        yield folder
    finally:
        shutil.rmtree(place.parent)
