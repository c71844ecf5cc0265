"""An inference worker's life: what it is fed, how it is closed, how it dies, and that its memory comes back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from build_support.server import StaticServer
from e2e.bridge.conftest import Lab
from e2e.support.memory import renderer_memory, settled_memory
from e2e.support.waiting import PATIENCE_S

pytestmark = pytest.mark.model

OPEN = """
    const manifest = await lab.fetchManifest();
    const client = new lab.InferenceClient(lab.workerUrl);
    await client.open(JSON.stringify({ manifest, variant: "wasm-int8", threads: 1, context: 256 }));
"""


def test_feeding_tells_missing_from_corrupt(lab: Lab, manifest: dict[str, Any]) -> None:
    shard = next(shard for shard in manifest["shards"] if shard["role"] == "graph")
    answer = lab.run(
        OPEN
        + """
        const missing = await lab.attempt(client.feed(sha256));
        const corrupt = await lab.attempt(client.feed(sha256, new Blob(["something else"])));
        const unbuilt = await lab.attempt(client.build());
        const early = await lab.attempt(client.forward([1], 0));
        const unknown = await lab.attempt(client.feed("0".repeat(64)));
        const bytes = await (await fetch(`models/shards/${sha256}`)).blob();
        const held = await lab.attempt(client.feed(sha256, bytes));
        client.close();
        return [missing.code, corrupt.code, unbuilt.code, early.code, unknown.code, "ms" in JSON.parse(held.value)];
        """,
        sha256=shard["sha256"],
    )
    assert answer == ["shard_missing", "shard_corrupt", "shard_missing", "protocol", "protocol", True]


def test_closing_rejects_what_is_pending_as_cancelled(lab: Lab, manifest: dict[str, Any]) -> None:
    answer = lab.run(
        OPEN
        + """
        const pending = lab.attempt(client.feed(manifest.shards[0].sha256));
        client.close();
        client.close();
        const late = await lab.attempt(client.build());
        return [(await pending).code, late.code];
        """
    )
    assert answer == ["cancelled", "cancelled"]


DYING_WORKER = """
    import "./inference.js";
    self.addEventListener("message", ({ data }) => {
      if (data.type === "test.close") self.close();
      if (data.type === "test.throw") setTimeout(() => { throw new Error("boom"); });
    });
"""


@pytest.mark.parametrize("end", ["close", "throw", "terminate"])
def test_a_worker_that_dies_is_noticed_however_it_ends(
    lab: Lab, site: Path, manifest: dict[str, Any], end: str
) -> None:
    """By itself, by an error that nobody caught (its threads' come this way), or by the browser."""
    (site / "workers" / "dying.js").write_text(DYING_WORKER)
    answer = lab.run(
        OPEN.replace("lab.workerUrl", 'new URL("dying.js", lab.workerUrl)')
        + """
        const pending = lab.attempt(client.feed(manifest.shards[0].sha256));
        if (end === "terminate") client.link.worker.terminate();
        else client.link.worker.postMessage({ v: 1, id: 0, type: `test.${end}` });
        return [(await pending).code, (await lab.attempt(client.build())).code];
        """,
        end=end,
    )
    assert answer == ["worker_died", "worker_died"]


SLOW_LOCKS = """
    const { request } = navigator.locks;
    navigator.locks.request = async (...all) => {
      await new Promise((resolve) => setTimeout(resolve, 3000));
      return request.apply(navigator.locks, all);
    };
"""


def test_a_worker_whose_lock_comes_late_is_not_taken_for_dead(lab: Lab, site: Path) -> None:
    """As it does where the browser is busy: the other side asks for the lock once it was answered."""
    (site / "workers" / "slow_locks.js").write_text(SLOW_LOCKS)
    (site / "workers" / "busy.js").write_text('import "./slow_locks.js";\nimport "./inference.js";')
    lab.run(
        OPEN.replace("lab.workerUrl", 'new URL("busy.js", lab.workerUrl)')
        + """
        await new Promise((resolve) => setTimeout(resolve, 300));
        await client.ping();
        """
    )


def test_a_script_that_cannot_be_loaded_is_a_dead_worker(lab: Lab) -> None:
    answer = lab.run(
        """
        const client = new lab.InferenceClient(new URL("workers/missing.js", lab.workerUrl));
        return (await lab.attempt(client.open("{}"))).code;
        """
    )
    assert answer == "worker_died"


def test_a_backend_that_is_not_there_is_unavailable(lab: Lab, manifest: dict[str, Any]) -> None:
    answer = lab.run(
        """
        const manifest = await lab.fetchManifest();
        const client = new lab.InferenceClient(lab.workerUrl);
        const answer = lab.attempt(client.open(JSON.stringify({ manifest, variant, threads: 1, context: 256 })));
        return (await answer).code;
        """,
        variant="webgpu-q4",
    )
    assert answer == "backend_unavailable"


def test_memory_returns_after_every_close(chromium: Browser, server: StaticServer, manifest: dict[str, Any]) -> None:
    context = chromium.new_context()
    lab = Lab(context, server.url)
    lab.run("await lab.store(await lab.fetchManifest(), 'wasm-int8')")
    lab.run("(await lab.load('wasm-int8')).client.close()")  # what the first load leaves in caches
    before = settled_memory()
    for _ in range(3):
        lab.run("(await lab.load('wasm-int8')).client.close()")
    most, deadline = before + 40e6, time.monotonic() + PATIENCE_S  # a busy machine ends its workers late
    while renderer_memory() >= most:
        assert time.monotonic() < deadline, f"{renderer_memory() / 1e6:.0f} MB of {most / 1e6:.0f} MB"
        time.sleep(0.5)
    context.close()
