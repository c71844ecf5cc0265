"""What a session hands to JavaScript, in real Pyodide."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from build_support import paths
from build_support.node import find

SCRIPT = Path(__file__).with_name("session_in_node.mjs")


@pytest.fixture(scope="module")
def said() -> dict[str, Any]:
    vendor = paths.DIST / "vendor"
    if not (vendor / "python" / "app.bin").is_file():
        pytest.fail("dist/ isn't built: python3 build.py build")
    command = [find().program, SCRIPT, paths.WEB / "bridge", vendor]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout.strip().splitlines()[-1])
    return found


def test_tokens_are_an_array_and_embeddings_are_floats_with_their_width(said: dict[str, Any]) -> None:
    assert said["calls"] == [
        ["forward", "Array", [5, 6], 0],
        ["forwardEmbeddings", "Float32Array", [0, 1, 2, 3, 4, 5, 6, 7], 2, 2, None],
        ["forwardEmbeddings", "Float32Array", [2, 3, 4, 5], 2, 7, None],
        ["forwardEmbeddings", "Float32Array", [2, 3], 2, 9, [1, 2, 0, 0, 0, 0, 0, 1]],
    ]
    assert said["logits"] == [[1, 2, 3], [2, 2, 3], [3, 2, 3], [4, 2, 3]]


def test_a_run_of_tokens_is_asked_for_whole_and_told_in_pieces(said: dict[str, Any]) -> None:
    choice = {"temperature": 0.7, "top_k": 40, "top_p": 0.95, "penalty": 1.1, "seen": [4, 5], "never": [2]}
    draws = [0.25, 0.5, 1 / 3]
    assert said["runs"] == [
        {"token": 5, "position": 9, "count": 3, "ends": [2], "choice": {**choice, "draws": draws}},
    ]
    assert said["told"] == [[[7], 0.005], [[8, 9], 0.006]]


def test_tensors_of_every_type_go_over_and_come_back_the_same(said: dict[str, Any]) -> None:
    request, handed = said["graph"]
    assert (request["session"], request["want"]) == ("s", ["x"])
    assert request["inputs"][:2] == [["x", "float32", [2, 3]], ["ids", "int64", [1, 2]]]
    assert handed == [
        ["Float32Array", [0, 1, 2, 3, 4, 5]],
        ["BigInt64Array", [7, -8]],
        ["Int32Array", [3]],
        ["Uint8Array", [255]],
        ["Uint8Array", [1, 0]],
        ["Float32Array", []],
        ["Float32Array", [2.5]],
    ]
    assert [row[:3] for row in said["tensors"]] == request["inputs"]
    assert all(row[3] for row in said["tensors"])
