"""What a first visit begins with is what the build planned for it, and nothing where that doesn't hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.bridge_in_node import Node, Refused, bridge

SCRIPT = """
const { firstVisit } = await import("./bridge/worker/engine/first-visit.js");

async function answer({ said, list, device, kind, settings, texts, estimate, locks }) {
  Object.defineProperty(globalThis, "navigator", { value: { locks: locks ? {} : undefined }, configurable: true });
  const asked = [];
  const shards = { kind, estimate: async () => estimate, settings: { read: async (key) => settings[key] ?? null } };
  const text = async (path) => {
    asked.push(path);
    if (!(path in texts)) throw new Error(`404 ${path}`);
    return texts[path];
  };
  const found = await firstVisit({
    said, list: Promise.resolve(list), device: Promise.resolve(device), shards, text, resolve: (path) => `site:${path}`,
  });
  return { asked, found: found && { ...found, spec: JSON.parse(found.spec) } };
}
"""
PLAN = "models/first-visit.json"
PATH = "models/m/manifest.json"
MANIFEST = {
    "model": "m",
    "shards": [{"sha256": name, "size": size} for name, size in (("graph", 5), ("words", 20), ("layers", 300))],
    "variants": [{"id": "wasm"}],
    "golden": [{"name": "g"}],
}
WRITTEN = json.dumps(MANIFEST, indent=1)
VARIANT = {"id": "kernel", "engine": "kernel"}
PLANNED = {
    "device_class": "production",
    "more_than_memory_gb": 2.0,
    "model": "m",
    "manifest": PATH,
    "manifest_sha256": hashlib.sha256(WRITTEN.encode()).hexdigest(),
    "base": "models/",
    "shards": ["words", "layers"],
    "variant": VARIANT,
    "context": 2048,
    "memory_bytes": 150,
}
LIST = {"models": [{"id": "m", "manifest": PATH}], "recommendations": {"production": "m"}}
DEVICE = {"kernel": "relaxed", "memory_gb": 8, "isolated": True, "threads": 3}
SAID = {"preset": None, "config": None}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with bridge(tmp_path_factory.mktemp("bridge"), SCRIPT) as process:
        yield process


def visit(node: Node, *, plan: dict[str, Any] | None = None, listed: Any = None, **changes: Any) -> dict[str, Any]:
    texts = {PLAN: json.dumps(PLANNED if plan is None else plan), PATH: WRITTEN}
    usual = {"said": SAID, "list": json.dumps(listed or LIST), "device": DEVICE, "kind": "indexeddb", "settings": {}}
    usual |= {"texts": texts, "estimate": {"quota": 1000, "usage": 100}, "locks": True}
    found: dict[str, Any] = node.ask({**usual, **changes})
    return found


def test_it_is_opened_as_the_engine_would_and_brought_in_the_engines_order(node: Node) -> None:
    found = visit(node)["found"]
    assert found["spec"] == {
        "manifest": {**MANIFEST, "variants": [VARIANT], "golden": []},
        "variant": "kernel",
        "threads": 3,
        "context": 2048,
    }
    assert found["shards"] == [
        {"url": "site:models/shards/words", "sha256": "words", "size": 20},
        {"url": "site:models/shards/layers", "sha256": "layers", "size": 300},
    ]
    assert found["bytes"] == 150


@pytest.mark.parametrize(
    "changes",
    [
        {"said": SAID | {"config": {}}},
        {"device": DEVICE | {"memory_gb": None}},
        {"device": DEVICE | {"isolated": False, "threads": 1}},
        {"estimate": {"quota": None, "usage": None}},
        {"settings": {"manifest:m": WRITTEN}},
    ],
)
def test_it_holds_for_every_plain_first_visit(node: Node, changes: dict[str, Any]) -> None:
    assert visit(node, **changes)["found"]


@pytest.mark.parametrize(
    "changes",
    [
        {"said": SAID | {"preset": "low_end"}},
        {"said": SAID | {"config": {"runner": "onnxruntime"}}},
        {"kind": "memory"},
        {"locks": False},
        {"settings": {"first_model": "{}"}},
        {"settings": {"manifest:m": "another"}},
        {"device": DEVICE | {"kernel": ""}},
        {"device": DEVICE | {"memory_gb": 2}},
        {"device": DEVICE | {"threads": 1}},
        {"estimate": {"quota": 419, "usage": 100}},
        {"listed": LIST | {"recommendations": {"production": "other"}}},
        {"listed": LIST | {"recommendations": {}}},
        {"listed": LIST | {"models": [{"id": "m", "manifest": "models/other/manifest.json"}]}},
        {"listed": LIST | {"models": []}},
        {"plan": PLANNED | {"manifest_sha256": "0" * 64}},
    ],
)
def test_whatever_is_otherwise_is_left_to_python(node: Node, changes: dict[str, Any]) -> None:
    assert visit(node, **changes)["found"] is None


@pytest.mark.parametrize(
    "changes", [{"said": SAID | {"preset": "low_end"}}, {"kind": "memory"}, {"settings": {"first_model": "{}"}}]
)
def test_a_visit_that_is_no_plain_first_one_downloads_nothing_for_it(node: Node, changes: dict[str, Any]) -> None:
    assert visit(node, **changes)["asked"] == []


@pytest.mark.parametrize("texts", [{}, {PLAN: "<html>"}, {PLAN: json.dumps(PLANNED)}])
def test_what_cannot_be_read_is_said(node: Node, texts: dict[str, str]) -> None:
    with pytest.raises(Refused):
        visit(node, texts=texts)
