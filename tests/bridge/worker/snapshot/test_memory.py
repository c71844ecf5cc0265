"""The memory of a snapshot as it is kept: nothing of it is lost, whatever lay where it is laid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.bridge_in_node import Node, bridge

HEADER = 64
BLOCK = 1 << 14
PIECE = 1 << 22
SCRIPT = """
const { pack, sumOf, unpack } = await import("./bridge/worker/snapshot/memory.js");
const equal = (one, other) => Buffer.compare(one, other) === 0;

/** Packs a memory that holds something in these runs only, and lays it where other things were. */
function answer({ header, size, runs }) {
  const memory = new Uint8Array(header + size);
  new Uint32Array(memory.buffer, 0, 2).set([7, header]);
  memory[header - 1] = 9;
  const heap = memory.subarray(header);
  for (const [place, bytes] of runs) for (let at = place; at < place + bytes; at += 1) heap[at] = at % 251 + 1;
  const { pieces, memory: packed } = pack(memory.buffer);
  let begin = 0;
  const buffers = pieces.map(({ bytes }) => packed.slice(begin, (begin += bytes)));
  const into = new Uint8Array(size).fill(255);
  unpack(into, pieces, buffers);
  return {
    right: equal(into, heap) && equal(new Uint8Array(buffers[0]), memory.subarray(0, header)),
    summed: pieces.every(({ sum }, index) => sum === sumOf(buffers[index])),
    kept: packed.byteLength,
    pieces: pieces.map(({ bytes }) => bytes),
    runs: pieces.map(({ runs }) => runs.length),
  };
}
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with bridge(tmp_path_factory.mktemp("bridge"), SCRIPT) as process:
        yield process


def packed(node: Node, size: int, runs: list[tuple[int, int]]) -> dict[str, Any]:
    found: dict[str, Any] = node.ask({"header": HEADER, "size": size, "runs": runs})
    return found


@pytest.mark.parametrize(
    ("size", "runs"),
    [
        (4 * BLOCK, []),
        (4 * BLOCK, [(0, 4 * BLOCK)]),
        (4 * BLOCK, [(0, 1)]),
        (4 * BLOCK, [(4 * BLOCK - 1, 1)]),
        (8 * BLOCK, [(BLOCK - 1, 2), (5 * BLOCK, 1)]),
        (4 * BLOCK + 20, [(4 * BLOCK + 16, 4)]),
        (3 * PIECE, [(0, 3 * PIECE)]),
        (3 * PIECE, [(PIECE // 2, PIECE), (2 * PIECE, BLOCK)]),
    ],
)
def test_whatever_lay_there_becomes_what_was_packed(node: Node, size: int, runs: list[tuple[int, int]]) -> None:
    said = packed(node, size, runs)
    assert said["right"]
    assert said["summed"]
    assert sum(said["pieces"]) == said["kept"]


def test_blocks_of_zeros_are_left_out_and_neighbours_are_one_run(node: Node) -> None:
    said = packed(node, 64 * BLOCK, [(0, 2 * BLOCK), (10 * BLOCK + 5, 1)])
    assert said["kept"] == HEADER + 3 * BLOCK
    assert said["runs"] == [0, 2]


def test_pieces_are_of_a_few_megabytes_each(node: Node) -> None:
    said = packed(node, 3 * PIECE, [(0, 3 * PIECE)])
    assert said["pieces"] == [HEADER, PIECE, PIECE, PIECE]
