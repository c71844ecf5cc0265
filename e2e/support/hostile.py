"""Broken and hostile manifests and registries, made from the real ones."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Alteration = Callable[[Json], object]
"""Changes a copy in place."""


def altered(document: Json, change: Alteration) -> str:
    made = copy.deepcopy(document)
    change(made)
    return json.dumps(made)


def _weights(manifest: Json) -> Json:
    shard: Json = next(s for s in manifest["shards"] if s["tensors"])
    return shard


MANIFESTS: dict[str, Alteration] = {
    "a hash that climbs out": lambda m: _weights(m).update(sha256="../../../etc/passwd"),
    "a negative size": lambda m: _weights(m).update(size=-1),
    "a missing tensor": lambda m: _weights(m)["tensors"].pop(),
    "a tensor past its file": lambda m: _weights(m)["tensors"][-1].update(offset=_weights(m)["size"]),
    "another model's name": lambda m: m.update(model="somebody-else"),
}
REGISTRIES: dict[str, Alteration] = {
    "a manifest that climbs out": lambda r: r["models"][0].update(manifest="../../../manifest.json"),
    "an agent without its model": lambda r: r["agents"][0].update(models=["nothing"]),
}
"""Two ways to fail; tests/registry has more. Each costs a start of the engine."""


def wrong_hash(manifest: Json, sha256: str, other: str) -> str:
    """The manifest, in which one shard goes by another hash wherever it is named."""
    return json.dumps(manifest).replace(sha256, other)
