"""Which runner a variant gets, and where that looks for its own files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.bridge_in_node import Node, bridge

SCRIPT = """
globalThis.navigator ??= {};
globalThis.fetch = async (url) => { throw new TypeError(`Failed to fetch ${url}`); };
const { kindOf } = await import("./bridge/worker/inference/runner.js");

async function answer(variant) {
  const kind = kindOf(variant);
  const opened = kind.open(new URL("file:///nowhere/"), { variant, threads: 1 });
  const why = await opened.then(() => "it opened", ({ code, message }) => `${code}: ${message}`);
  return { takesBytes: kind.takesBytes, why };
}
"""
SESSIONS = {"prefill": {"graph": "a", "kv": "grow"}, "decode": {"graph": "a", "kv": "grow"}}
OUTSIDE = {name: {**session, "io": "optimum"} for name, session in SESSIONS.items()}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with bridge(tmp_path_factory.mktemp("runner"), SCRIPT) as process:
        yield process


@pytest.mark.parametrize(
    ("variant", "takes_bytes", "why"),
    [
        ({"engine": "kernel", "backend": "wasm"}, True, ("download_failed", "nowhere/kernel/")),
        ({"backend": "webgpu", **SESSIONS}, False, ("backend_unavailable", "on WebGPU the cache")),
        ({"backend": "wasm", **SESSIONS}, False, ("backend_unavailable", "nowhere/vendor/ort/")),
        ({"backend": "wasm", **OUTSIDE}, False, ("backend_unavailable", "nowhere/vendor/ort/")),
    ],
)
def test_a_variant_is_opened_by_the_runner_that_it_is_for(
    node: Node, variant: dict[str, Any], takes_bytes: bool, why: tuple[str, str]
) -> None:
    found = node.ask(variant)
    assert found["takesBytes"] is takes_bytes
    assert all(part in found["why"] for part in why), found["why"]
