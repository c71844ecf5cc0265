"""Shards are read and verified before they are asked for, a limited number of bytes at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.bridge_in_node import Node, bridge

SCRIPT = """
import { createHash } from "node:crypto";
const { ReadAhead } = await import("./bridge/worker/storage/read-ahead.js");
const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

let reading = 0;
let sideBySide = 0;
function watched(blob) {
  blob.arrayBuffer = async () => {
    sideBySide = Math.max(sideBySide, reading += 1);
    await settle();
    reading -= 1;
    return Blob.prototype.arrayBuffer.call(blob);
  };
  return blob;
}

/** Shards "a", "b", … of so many bytes; what is asked for, in turn or at once, and what was read by then. */
async function answer({ sizes, takes, most, missing = [], damaged = [], together = false }) {
  const blobs = new Map();
  const names = new Map();
  const shards = Object.entries(sizes).map(([name, size]) => {
    const bytes = Buffer.alloc(size, name);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    names.set(sha256, name);
    if (damaged.includes(name)) bytes[0] ^= 1;
    if (!missing.includes(name)) blobs.set(sha256, watched(new Blob([bytes])));
    return { name, sha256, size };
  });
  sideBySide = 0;
  const read = [];
  let held = 0;
  let largest = 0;
  const ahead = new ReadAhead(shards, async (sha256) => {
    read.push(names.get(sha256));
    largest = Math.max(largest, held += blobs.get(sha256)?.size ?? 0);
    return blobs.get(sha256) ?? null;
  }, most);
  const take = async (name) => {
    const bytes = await ahead.take(shards.find((shard) => shard.name === name).sha256);
    held -= bytes?.length ?? 0;
    return bytes && Buffer.from(bytes).toString("latin1", 0, 1) + bytes.length;
  };
  if (together) return { got: await Promise.all(takes.map(take)), read: read.join(""), largest };
  const steps = [];
  for (const name of takes) {
    await settle();
    const before = read.join("");
    steps.push([before, await take(name)]);
  }
  await settle();
  return { steps, read: read.join(""), sideBySide };
}
"""
SIZES = {"a": 10, "b": 4, "c": 4, "d": 4}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with bridge(tmp_path_factory.mktemp("bridge"), SCRIPT) as process:
        yield process


def asked(node: Node, takes: str, most: int, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = node.ask({"sizes": SIZES, "takes": list(takes), "most": most} | more)
    return found


def test_what_comes_next_is_read_before_it_is_asked_for(node: Node) -> None:
    found = asked(node, "abcd", 100)
    assert found["steps"] == [["abcd", "a10"], ["abcd", "b4"], ["abcd", "c4"], ["abcd", "d4"]]
    assert found["read"] == "abcd"


def test_one_is_read_after_the_other_so_that_the_first_comes_first(node: Node) -> None:
    assert asked(node, "abcd", 100)["sideBySide"] == 1


def test_no_more_than_so_many_bytes_lie_there(node: Node) -> None:
    found = asked(node, "abcd", 9, sizes={"a": 4, "b": 4, "c": 4, "d": 4})
    assert found["steps"] == [["ab", "a4"], ["abc", "b4"], ["abcd", "c4"], ["abcd", "d4"]]


def test_while_the_largest_is_hashed_and_arranged_the_next_one_is_read_whatever_they_take(node: Node) -> None:
    sizes = {"a": 20, "b": 7, "c": 7, "d": 7, "e": 7, "f": 7}
    found = asked(node, "abcdef", 9, sizes=sizes)
    assert [step[0] for step in found["steps"]] == ["ab", "abcd", "abcde", "abcdef", "abcdef", "abcdef"]
    assert asked(node, "abcdef", 9, sizes=sizes, together=True)["largest"] <= 20 + 27 < sum(sizes.values())


def test_what_is_asked_for_out_of_turn_is_read_at_once(node: Node) -> None:
    found = asked(node, "dabc", 9)
    assert [step[1] for step in found["steps"]] == ["d4", "a10", "b4", "c4"]
    assert sorted(found["read"]) == list("abcd")


@pytest.mark.parametrize("why", ["missing", "damaged"])
def test_what_cannot_be_read_is_left_to_whoever_needs_it(node: Node, why: str) -> None:
    found = asked(node, "abcd", 9, **{why: ["a", "c"]})
    assert [step[1] for step in found["steps"]] == [None, "b4", None, "d4"]
    assert found["read"] == "abcd"


@pytest.mark.parametrize("order", ["abcdef", "fedcba", "bdafec"])
def test_all_that_are_asked_for_at_once_come_in_their_turn(node: Node, order: str) -> None:
    sizes = SIZES | {"e": 4, "f": 4}
    found = asked(node, order, 9, sizes=sizes, together=True)
    assert [got[0] for got in found["got"]] == list(order)
    # What is being handed over or was begun before anybody asked, and what may be read beside it.
    assert found["largest"] <= 14 + 12 < sum(sizes.values())


def test_a_shard_is_given_out_once(node: Node) -> None:
    assert [step[1] for step in asked(node, "aab", 100)["steps"]] == ["a10", None, "b4"]
