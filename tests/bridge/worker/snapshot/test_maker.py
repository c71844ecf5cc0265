"""Who makes a snapshot trusts it as soon as it has passed its test: the page may be closed while its worker rests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.bridge_in_node import Node, bridge

SCRIPT = """
const { SnapshotMaker } = await import("./bridge/worker/snapshot/maker.js");
Object.defineProperty(globalThis, "navigator", {
  value: { locks: { request: (name, options, work) => work({}) } }, configurable: true,
});

/** What happened, with a worker that says this, and whether the maker was stopped while its second worker rested. */
async function answer({ made, tested }) {
  const done = [];
  const timers = [];
  const { setTimeout } = globalThis;
  globalThis.setTimeout = (call, ms) => timers.push({ call, ms });
  globalThis.Worker = class {
    postMessage(what) {
      done.push(what);
      queueMicrotask(() => this.onmessage({ data: { told: what === "make" ? made : tested } }));
    }
    terminate() { done.push("end"); }
  };
  const maker = new SnapshotMaker(new URL("http://site/"));
  maker.store = {
    state: async () => "none",
    trust: async () => { done.push("trust"); },
    drop: async () => { done.push("drop"); },
  };
  const making = maker.make();
  const turn = () => new Promise((resolve) => setTimeout(resolve));
  for (let turns = 0; turns < 5; turns += 1) {
    await turn();
    timers.findLast(({ ms }) => ms === 0)?.call(); // the first worker doesn't rest
  }
  const resting = timers.some(({ ms }) => ms > 2000 && ms < 60_000);
  const before = [...done];
  maker.stop();
  const said = await making;
  globalThis.setTimeout = setTimeout;
  return { before, resting, said, done };
}
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with bridge(tmp_path_factory.mktemp("bridge"), SCRIPT) as running:
        yield running


def told(node: Node, made: str, tested: str) -> dict[str, Any]:
    said: dict[str, Any] = node.ask({"made": made, "tested": tested})
    return said


def test_it_is_trusted_before_its_worker_rests(node: Node) -> None:
    said = told(node, "a", "a")
    assert said["before"] == ["make", "end", "test", "trust"]
    assert said["resting"], "the browser stores the code that it compiled once nothing more is compiled"
    assert (said["said"], said["done"][-1]) == ("made", "end")


def test_one_that_answers_otherwise_goes(node: Node) -> None:
    said = told(node, "a", "b")
    assert said["said"] == "a Python from the snapshot answers b, not a"
    assert said["done"] == ["make", "end", "test", "end", "drop"]
