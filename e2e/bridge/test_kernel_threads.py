"""The real Lite model on our own kernel, whose second thread dies or never starts: no token is lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from build_support.server import StaticServer
from e2e.bridge.conftest import FIRST_GOLDEN, LOAD, Lab, link

pytestmark = pytest.mark.model

KILLABLE = """
class Killable extends Worker {
  constructor(...given) {
    super(...given);
    this.ears = new BroadcastChannel("kill");
    this.ears.onmessage = () => this.terminate();
  }
}
self.Worker = Killable;
"""
DEAF = "self.Worker = class extends Worker { postMessage() {} };"


@pytest.fixture
def altered(site: Path, tmp_path: Path, context: BrowserContext) -> Iterator[Callable[[str], Lab]]:
    """A page of a site whose inference worker runs these lines besides, before it is told anything."""
    folder = tmp_path / "altered"
    shutil.copytree(site, folder, copy_function=lambda source, target: link(Path(source), Path(target)))
    script = folder / "workers" / "inference.js"
    with StaticServer(folder) as server:

        def opened(lines: str) -> Lab:
            text = script.read_text()
            script.unlink()  # a hard link: the site's own stays as it is
            script.write_text(text + lines)
            return Lab(context, server.url)

        yield opened


def test_a_thread_that_dies_costs_a_wait_and_no_token(altered: Callable[[str], Lab], manifest: dict[str, Any]) -> None:
    """Its worker is ended under it, as a browser might: the pass is run again by the thread that is left."""
    lab = altered(KILLABLE)
    lab.run(LOAD, variant="kernel", threads=2, limit=128)
    answer = lab.run(
        """
        const { client, report } = globalThis.model;
        const before = await client.forward(tokens, 0);
        const channel = new BroadcastChannel("kill");
        channel.postMessage(1);
        await new Promise((resolve) => setTimeout(resolve, 3000)); // a browser gives a busy worker two seconds
        channel.close();
        const started = performance.now();
        const after = await client.forward(tokens, 0);
        const waited = performance.now() - started;
        const again = performance.now();
        const next = await client.forward([7], tokens.length);
        return {
          threads: [report.threads, client.threads], difference: lab.largestDifference(before, after), waited,
          then: performance.now() - again, finite: next.every(Number.isFinite),
        };
        """,
        tokens=manifest["golden"][0]["tokens"][:12],
    )
    assert (answer["threads"], answer["difference"], answer["finite"]) == ([2, 1], 0, True)
    assert answer["waited"] > 4000, "the thread was there after all"
    assert answer["then"] < 2000


def test_a_thread_that_never_starts_is_done_without(altered: Callable[[str], Lab], manifest: dict[str, Any]) -> None:
    lab = altered(DEAF)
    lab.run(LOAD, variant="kernel", threads=2, limit=128)
    assert lab.page.evaluate("globalThis.model.report.threads") == 1
    assert lab.run(FIRST_GOLDEN) < 0.02
