"""A Python that begins with the memory of an earlier one, under Node: the same code as in a browser's worker."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from build_support import paths
from build_support.node import find

SCRIPT = Path(__file__).with_name("snapshot_in_node.mjs")


@pytest.fixture(scope="module")
def said() -> Any:
    vendor = paths.DIST / "vendor"
    if not (vendor / "python" / "app.bin").is_file():
        pytest.fail("dist/ isn't built: python3 build.py build")
    command = [find().program, SCRIPT, paths.WEB / "bridge", vendor]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.strip().splitlines()[-1])


def test_each_life_says_what_the_one_says_that_it_was_made_of(said: Any) -> None:
    assert said["woken"] == [said["made"]] * 2


def test_chance_differs_from_life_to_life(said: Any) -> None:
    assert len(set(said["lives"])) == 2


def test_the_memory_that_it_was_given_is_not_held_beside_its_own(said: Any) -> None:
    assert (said["held"], said["alive"]) == (0, 42)


def test_a_damaged_one_is_refused_and_never_begun_with(said: Any) -> None:
    assert {name: answer for name, answer in said["damaged"].items() if not answer.startswith("refused: ")} == {}
    assert len(said["damaged"]) == 10


def test_what_of_the_memory_holds_nothing_is_not_kept(said: Any) -> None:
    assert said["packed"]["kept"] < 0.8 * said["packed"]["heap"]
