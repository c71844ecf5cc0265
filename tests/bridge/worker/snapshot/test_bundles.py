"""The bundles of a Python that began with a snapshot are read behind its start, and are in memory once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bridge_in_node import Node, bridge

SCRIPT = """
const { readBehind } = await import("./bridge/worker/snapshot/bundles.js");

/** Has them looked for before, while or after they are read behind the start; what was read, and what is still held. */
async function answer({ looks }) {
  const read = [];
  let begin = () => {};
  let arrive = () => {};
  const quiet = new Promise((resolve) => { begin = resolve; });
  const arriving = new Promise((resolve) => { arrive = resolve; });
  const blobs = ["site", "app"].map((name) => ({
    name, arrayBuffer: () => { read.push(`${name} behind`); return arriving.then(() => name); },
  }));
  const bundles = readBehind(blobs, quiet, ({ name }) => { read.push(`${name} at once`); return name; });
  const settle = () => new Promise((resolve) => setTimeout(resolve));
  const steps = { begins: begin, arrives: arrive, looks: () => { read.push(bundles().join("+")); } };
  for (const step of looks) {
    steps[step]();
    await settle();
  }
  return read;
}
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with bridge(tmp_path_factory.mktemp("bridge"), SCRIPT) as process:
        yield process


BEHIND, AT_ONCE, GIVEN = ["site behind", "app behind"], ["site at once", "app at once"], ["site+app"]


@pytest.mark.parametrize(
    ("looks", "read"),
    [
        (["begins", "arrives", "looks"], [*BEHIND, *GIVEN]),
        (["looks", "begins", "arrives"], [*AT_ONCE, *GIVEN]),
        (["begins", "looks", "arrives"], [*BEHIND, *AT_ONCE, *GIVEN]),
        # Given away once, they aren't held for another look.
        (["begins", "arrives", "looks", "looks"], [*BEHIND, *GIVEN, *AT_ONCE, *GIVEN]),
        (["begins", "looks", "arrives", "looks"], [*BEHIND, *AT_ONCE, *GIVEN, *AT_ONCE, *GIVEN]),
    ],
)
def test_they_are_read_behind_the_start_or_when_they_are_looked_for_and_held_once(
    node: Node, looks: list[str], read: list[str]
) -> None:
    assert node.ask({"looks": looks}) == read
