"""Shards that a worker downloads for itself come one after the other, and the first failure ends it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.bridge_in_node import Node, bridge

SCRIPT = """
const timers = [];
globalThis.setTimeout = (call) => { timers.push(call); return call; };
globalThis.clearTimeout = (call) => { if (timers.includes(call)) timers.splice(timers.indexOf(call), 1); };
const { Arrivals } = await import("./bridge/worker/inference/arrivals.js");
const turn = async () => { for (let wait = 0; wait < 20; wait += 1) await null; };

/** Steps in turn: a shard's bytes arrive, it ends or fails, or a quarter of a minute passes in silence. */
async function answer({ sizes, steps }) {
  timers.length = 0;
  const said = [];
  const under = {};
  const store = {
    fetchShard: (url, sha256, size, onBytes, signal, verified) => new Promise((resolve, reject) => {
      said.push(`begins ${sha256}`);
      const fail = () => reject(new Error("failed"));
      if (signal.aborted) return fail();
      signal.addEventListener("abort", fail);
      under[sha256] = { onBytes, verified, resolve, fail };
    }),
  };
  const arrivals = new Arrivals(store);
  const ends = Object.entries(sizes).map(([sha256, size]) => {
    const told = (bytes) => bytes === size && said.push(`${sha256} is there`);
    return arrivals.bring({ url: "", sha256, size }, told, () => said.push(`takes ${sha256}`))
      .then(() => said.push(`ends ${sha256}`), () => said.push(`fails ${sha256}`));
  });
  await turn();
  for (const [what, sha256, bytes] of steps) {
    if (what === "arrive") under[sha256].onBytes(bytes);
    else if (what === "verify") under[sha256].verified(new Uint8Array(1));
    else if (what === "end") under[sha256].resolve();
    else if (what === "fail") under[sha256].fail();
    else for (const call of timers.splice(0)) call();
    await turn();
  }
  return said;
}
"""
MB = 1 << 20


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with bridge(tmp_path_factory.mktemp("bridge"), SCRIPT) as process:
        yield process


def said(node: Node, sizes: dict[str, int], *steps: list[Any]) -> list[str]:
    found: list[str] = node.ask({"sizes": sizes, "steps": list(steps)})
    return found


def test_the_next_one_begins_when_little_of_the_one_before_is_left(node: Node) -> None:
    sizes = {"a": 10 * MB, "b": 10 * MB}
    assert said(node, sizes, ["arrive", "a", 7 * MB]) == ["begins a"]
    assert said(node, sizes, ["arrive", "a", 9 * MB]) == ["begins a", "begins b"]


def test_each_is_taken_before_it_has_come_to_its_end(node: Node) -> None:
    steps = [["arrive", "a", MB], ["verify", "a"], ["end", "a"]]
    assert said(node, {"a": MB}, *steps) == ["begins a", "a is there", "takes a", "ends a"]


def test_one_that_lies_here_already_is_not_handed_over(node: Node) -> None:
    assert said(node, {"a": MB}, ["arrive", "a", MB], ["end", "a"]) == ["begins a", "a is there", "ends a"]


def test_the_first_failure_gives_up_what_is_left(node: Node) -> None:
    found = said(node, {"a": 3 * MB, "b": 3 * MB, "c": 3 * MB}, ["fail", "a"])
    assert found[0] == "begins a"
    assert sorted(found[1:]) == ["fails a", "fails b", "fails c"]


def test_a_download_that_brings_nothing_is_given_up(node: Node) -> None:
    found = said(node, {"a": 3 * MB}, ["arrive", "a", MB], ["silence"])
    assert found == ["begins a", "fails a"]


def test_storing_what_has_arrived_may_take_its_time(node: Node) -> None:
    found = said(node, {"a": MB}, ["arrive", "a", MB], ["silence"], ["end", "a"])
    assert found == ["begins a", "a is there", "ends a"]
