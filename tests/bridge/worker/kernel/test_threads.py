"""How long threads are waited for: while a model is being fetched their file stands behind its shards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.bridge_in_node import Node, bridge

SCRIPT = """
const { KernelThreads } = await import("./bridge/worker/kernel/threads.js");
const turn = globalThis.setImmediate;
const calm = async () => { for (let i = 0; i < 20; i += 1) await new Promise((resume) => turn(resume)); };

/** Workers that say "here" at some ms, or never (null), or fail ("error"); the model is whole at `whole` ms. */
async function answer({ arrivals, whole }) {
  let now = 0;
  const timers = [];
  globalThis.setTimeout = (call, ms) => { timers.push({ at: now + ms, call }); };
  const ended = [];
  globalThis.Worker = class {
    constructor(url, { name }) {
      this.name = name;
      const comes = arrivals[Number(name.split("-").pop()) - 1];
      const fails = () => this.onerror({ preventDefault() {} });
      const here = () => !ended.includes(name) && this.onmessage({ data: { here: 1 } });
      if (comes !== null) timers.push(comes === "error" ? { at: 10, call: fails } : { at: comes, call: here });
    }
    postMessage() {}
    terminate() { ended.push(this.name); }
  };
  const exports = { orion_await_threads: (count) => count, orion_use_threads: () => 0 };
  const team = new KernelThreads(null, { memory: null, exports });
  team.start(arrivals.length + 1);
  let known = null;
  for (; now <= 100_000 && known === null; now += 10) {
    if (now === whole) team.settled().then(() => { known = now; });
    for (const timer of timers.splice(0)) timer.at <= now ? timer.call() : timers.push(timer);
    await calm();
  }
  return { known, count: team.count, ended };
}
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with bridge(tmp_path_factory.mktemp("bridge"), SCRIPT) as process:
        yield process


def team(node: Node, whole: int, *arrivals: int | str | None) -> dict[str, Any]:
    found: dict[str, Any] = node.ask({"arrivals": arrivals, "whole": whole})
    return found


def test_threads_that_come_at_once_are_there_when_the_model_is(node: Node) -> None:
    assert team(node, 100, 50, 60) == {"known": 100, "count": 3, "ended": []}


def test_one_whose_file_came_late_behind_the_models_still_computes(node: Node) -> None:
    assert team(node, 9000, 8000) == {"known": 9000, "count": 2, "ended": []}
    assert team(node, 9000, 9500) == {"known": 9500, "count": 2, "ended": []}


def test_one_that_never_comes_is_waited_for_no_longer_than_it_needs_and_ended(node: Node) -> None:
    assert team(node, 100, 50, None) == {"known": 3000, "count": 2, "ended": ["orion-kernel-2"]}
    assert team(node, 9000, None) == {"known": 10_000, "count": 1, "ended": ["orion-kernel-1"]}


def test_one_that_fails_is_not_waited_for(node: Node) -> None:
    assert team(node, 100, "error", 50) == {"known": 100, "count": 2, "ended": ["orion-kernel-1"]}


def test_where_there_are_none_to_wait_for_nothing_is_waited_for(node: Node) -> None:
    assert team(node, 0) == {"known": 0, "count": 1, "ended": []}
