"""Fewer threads compute while another program has one of their cores, and all of them again when it is gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from tests.bridge_in_node import Node, bridge

SCRIPT = """
const { Pace } = await import("./bridge/pace.js");

/** Phases of steps: what one takes with 1, 2, … threads, with so much noise; behind a prompt where that is said. */
function answer({ threads, phases }) {
  const pace = new Pace(threads);
  let seed = 7;
  const chance = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  let rows = 128;
  return phases.map(({ steps, times, noise = 0, prompt = false, slope = 0, at = rows }) => {
    rows = at;
    if (prompt) pace.begins();
    return Array.from({ length: steps }, (_, step) => {
      const used = pace.threads;
      pace.took(times[used - 1] * (1 + noise * chance()) * (1 + slope * step), rows++);
      return used;
    });
  });
}
"""
QUIET = [9.0, 5.2]
BUSY = [9.0, 12.0]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with bridge(tmp_path_factory.mktemp("bridge"), SCRIPT) as process:
        yield process


def used(node: Node, threads: int, *phases: dict[str, object]) -> list[list[int]]:
    found: list[list[int]] = node.ask({"threads": threads, "phases": phases})
    return found


def mean(times: Sequence[float], counts: Sequence[int]) -> float:
    return sum(times[count - 1] for count in counts) / len(counts)


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_on_a_quiet_machine_all_threads_compute_all_the_time(node: Node, noise: float) -> None:
    [counts] = used(node, 2, {"steps": 3000, "times": QUIET, "noise": noise})
    assert set(counts) == {2}


def test_a_context_that_grows_is_no_neighbour(node: Node) -> None:
    [counts] = used(node, 2, {"steps": 1800, "times": QUIET, "slope": 1 / 1800})
    assert set(counts) == {2}


def test_a_conversation_that_is_longer_at_once_is_no_neighbour(node: Node) -> None:
    quiet, far = {"steps": 64, "times": QUIET}, {"steps": 300, "times": [14.6, 8.9], "at": 1500, "prompt": True}
    assert set(used(node, 2, quiet, far)[1]) == {2}


def test_beside_a_busy_neighbour_steps_take_little_longer_than_with_one_thread(node: Node) -> None:
    _, beside = used(node, 2, {"steps": 64, "times": QUIET}, {"steps": 64, "times": BUSY, "noise": 0.4, "prompt": True})
    assert mean(BUSY, beside) < 9.0 * 1.06


def test_once_the_neighbour_is_gone_all_threads_compute_again(node: Node) -> None:
    phases = ({"steps": 64, "times": QUIET}, {"steps": 2000, "times": BUSY}, {"steps": 300, "times": QUIET})
    counts = used(node, 2, *phases)
    assert counts[2][-1] == 2
    assert counts[1].count(2) < 2000 * 0.05


def test_a_new_prompt_tries_all_threads_at_once(node: Node) -> None:
    phases = (
        {"steps": 64, "times": QUIET},
        {"steps": 500, "times": BUSY},
        {"steps": 64, "times": QUIET, "prompt": True},
    )
    assert used(node, 2, *phases)[2] == [2] * 64


def test_a_step_that_is_slow_with_fewer_threads_too_keeps_them(node: Node) -> None:
    # A processor that got hot, say: every step takes twice as long.
    _, hot = used(node, 2, {"steps": 64, "times": QUIET}, {"steps": 1000, "times": [18.0, 10.4]})
    assert hot[-1] == 2
    assert hot.count(1) < 1000 * 0.05


def test_of_many_threads_one_makes_way(node: Node) -> None:
    quiet, busy = [32.0, 16.0, 10.7, 8.0], [32.0, 16.0, 10.7, 20.0]
    _, beside = used(node, 4, {"steps": 64, "times": quiet}, {"steps": 400, "times": busy})
    assert beside.count(3) > 400 * 0.85
    assert min(beside) >= 2


def test_one_thread_is_one_thread(node: Node) -> None:
    assert set(used(node, 1, {"steps": 50, "times": [5.0], "noise": 3.0, "prompt": True})[0]) == {1}
