"""A worker's run of tokens: what it tells when, and how it ends; with a model and a clock that are played."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.bridge_in_node import Node, bridge

SCRIPT = """
const { runTokens, RunInbox } = await import("./bridge/worker/inference/token-run.js");
const { BridgeError } = await import("./bridge/worker/errors.js");
const greedy = { temperature: 0, top_k: 0, top_p: 1, penalty: 1, seen: [], never: [], draws: [] };

/** A model that says 1 after 0, 2 after 1, …; each step takes `step` ms. */
async function ran({ count, ends = [], step = 5, stop = Infinity, fails = Infinity, code = "cancelled" }) {
  let now = 0;
  const calls = [];
  const told = [];
  const forward = async ([token], position) => {
    if (calls.length >= fails) throw new BridgeError(code, "played");
    now += step;
    calls.push([token, position]);
    const logits = new Float32Array(1000);
    logits[token + 1] = 1;
    return logits;
  };
  const outside = {
    tell: ({ tokens, ms }) => told.push([now, tokens, ms]),
    hear: async () => calls.length < stop,
    now: () => now,
  };
  const request = { token: 0, position: 7, count, ends, choice: greedy };
  try {
    const rest = await runTokens(forward, request, outside);
    return { calls, told, rest };
  } catch (cause) {
    return { calls, told, error: cause.code };
  }
}

async function heard({ first, last }) {
  const inbox = new RunInbox();
  const asked = inbox.next();
  for (const told of first) inbox.tell(told);
  if (last) inbox.end(last);
  else inbox.fail(new BridgeError("worker_died", "played"));
  const said = [JSON.parse(await asked)];
  while (!said.at(-1).over && !said.at(-1).error) {
    said.push(await inbox.next().then(JSON.parse, ({ code }) => ({ error: code })));
  }
  return said;
}

const answer = ({ what, ...given }) => (what === "inbox" ? heard(given) : ran(given));
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with bridge(tmp_path_factory.mktemp("bridge"), SCRIPT) as process:
        yield process


def tokens_of(found: dict[str, Any]) -> list[int]:
    told: list[int] = [token for _, tokens, _ in found["told"] for token in tokens]
    return told + found.get("rest", {"tokens": []})["tokens"]


def test_each_token_that_is_chosen_runs_next_behind_the_one_before_it(node: Node) -> None:
    found = node.ask({"count": 4})
    assert found["calls"] == [[0, 7], [1, 8], [2, 9], [3, 10]]
    assert tokens_of(found) == [1, 2, 3, 4]


def test_the_first_token_is_told_at_once_and_then_what_came_within_two_frames(node: Node) -> None:
    found = node.ask({"count": 15, "step": 5})
    assert [(at, len(tokens)) for at, tokens, _ in found["told"]] == [(5, 1), (35, 6), (65, 6)]
    assert tokens_of(found) == list(range(1, 16))


def test_tokens_that_are_slow_to_come_are_told_one_by_one(node: Node) -> None:
    found = node.ask({"count": 4, "step": 18})
    assert [len(tokens) for _, tokens, _ in found["told"]] == [1, 1, 1]


def test_the_time_that_is_told_is_all_that_the_steps_took(node: Node) -> None:
    found = node.ask({"count": 20, "step": 5})
    assert sum(ms for *_, ms in found["told"]) + found["rest"]["ms"] == 20 * 5


def test_it_ends_behind_an_end_token_which_is_told_too(node: Node) -> None:
    found = node.ask({"count": 50, "ends": [900, 3]})
    assert tokens_of(found) == [1, 2, 3]
    assert len(found["calls"]) == 3


@pytest.mark.parametrize("how", [{"stop": 3}, {"fails": 3, "code": "cancelled"}])
def test_a_stop_between_two_steps_or_in_the_middle_of_one_ends_it_with_what_there_is(node: Node, how: Any) -> None:
    found = node.ask({"count": 50, **how})
    assert tokens_of(found) == [1, 2, 3]
    assert "error" not in found


def test_what_came_before_a_failure_is_told(node: Node) -> None:
    found = node.ask({"count": 50, "fails": 3, "code": "worker_died"})
    assert (found["error"], tokens_of(found)) == ("worker_died", [1, 2, 3])


def test_who_asks_late_gets_all_that_was_told_at_once(node: Node) -> None:
    first = [{"tokens": [1], "ms": 5}, {"tokens": [2, 3], "ms": 9}]
    said = node.ask({"what": "inbox", "first": first, "last": {"tokens": [4], "ms": 2}})
    assert said == [{"tokens": [1, 2, 3, 4], "ms": 16, "over": True}]


def test_a_failure_comes_behind_what_was_told_before_it(node: Node) -> None:
    said = node.ask({"what": "inbox", "first": [{"tokens": [1], "ms": 5}], "last": None})
    assert said == [{"tokens": [1], "ms": 5, "over": False}, {"error": "worker_died"}]
