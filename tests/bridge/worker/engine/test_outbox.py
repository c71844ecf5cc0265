"""What Python sends within one turn of the event loop is one message to the page, and nothing waits longer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bridge_in_node import Node, bridge

SCRIPT = """
const { Outbox } = await import("./bridge/worker/engine/outbox.js");

/** Sends each turn's texts; what was posted when, by turns. */
async function answer({ turns, flushed }) {
  if (flushed) {
    const order = [];
    const outbox = new Outbox((texts) => order.push(texts));
    outbox.send("before");
    outbox.flush();
    order.push("sound");
    await new Promise((resolve) => setTimeout(resolve));
    return order;
  }
  let turn = 0;
  const posted = [];
  const outbox = new Outbox((texts) => posted.push([turn, texts]));
  for (const texts of turns) {
    turn += 1;
    await new Promise((resolve) => setTimeout(() => {
      for (const text of texts) outbox.send(text);
      resolve();
    }));
  }
  return posted;
}
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with bridge(tmp_path_factory.mktemp("bridge"), SCRIPT) as process:
        yield process


def test_texts_of_one_turn_travel_together_and_one_alone_as_it_is(node: Node) -> None:
    posted = node.ask({"turns": [["a"], [], ["b", "c", "d"], ["e"]]})
    assert posted == [[1, "a"], [3, ["b", "c", "d"]], [4, "e"]]


def test_what_isnt_a_text_comes_after_the_texts_before_it_and_nothing_is_posted_twice(node: Node) -> None:
    assert node.ask({"flushed": True}) == ["before", "sound"]
