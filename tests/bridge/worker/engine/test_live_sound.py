"""What the page records is kept until Python hears it, and forgotten with its request. Under Node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.bridge_in_node import Node, bridge

SCRIPT = """
const { LiveSound } = await import("./bridge/worker/engine/live-sound.js");
async function answer(steps) {
  const sound = new LiveSound(), heard = [];
  const calls = {
    take: (id, ...samples) => sound.take({ type: "samples", id, samples: Float32Array.from(samples) }),
    end: (id) => sound.end(id),
    release: (id) => sound.release(id),
    next: (id) => void sound.next(id).then((found) => heard.push(found ? [...found] : "end")),
  };
  for (const [name, ...values] of steps) {
    calls[name](...values);
    await new Promise((resolve) => setTimeout(resolve));
  }
  return heard;
}
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with bridge(tmp_path_factory.mktemp("node"), SCRIPT) as running:
        yield running


def heard(node: Node, *steps: tuple[Any, ...]) -> Any:
    return node.ask(steps)


def test_what_came_meanwhile_is_one_block(node: Node) -> None:
    assert heard(node, ("take", "a", 1, 2), ("take", "a", 3), ("next", "a")) == [[1, 2, 3]]


def test_who_waits_gets_the_next_block(node: Node) -> None:
    assert heard(node, ("next", "a"), ("take", "a", 1), ("next", "a"), ("take", "a", 2)) == [[1], [2]]


def test_the_end_comes_behind_what_was_recorded(node: Node) -> None:
    steps = [("take", "a", 1), ("end", "a"), ("take", "a", 2), ("next", "a"), ("next", "a")]
    assert heard(node, *steps) == [[1], "end"]
    assert heard(node, ("next", "a"), ("end", "a")) == ["end"]


def test_each_request_has_its_own(node: Node) -> None:
    assert heard(node, ("take", "a", 1), ("take", "b", 2), ("next", "b"), ("next", "a")) == [[2], [1]]


def test_what_comes_for_a_request_that_has_ended_is_dropped(node: Node) -> None:
    assert heard(node, ("next", "a"), ("release", "a"), ("take", "a", 1), ("end", "a"), ("next", "a")) == ["end", "end"]
