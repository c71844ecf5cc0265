"""What a session hands to JavaScript, in real Pyodide."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from build_support import paths
from build_support.node import find

SCRIPT = Path(__file__).with_name("session_in_node.mjs")


def test_tokens_are_an_array_and_embeddings_are_floats_with_their_width() -> None:
    vendor = paths.DIST / "vendor"
    if not (vendor / "python" / "app.bin").is_file():
        pytest.fail("dist/ isn't built: python3 build.py build")
    command = [find().program, SCRIPT, paths.WEB / "bridge", vendor]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout.strip().splitlines()[-1])
    assert said["calls"] == [
        ["forward", "Array", [5, 6], 0],
        ["forwardEmbeddings", "Float32Array", [0, 1, 2, 3, 4, 5, 6, 7], 2, 2],
        ["forwardEmbeddings", "Float32Array", [2, 3, 4, 5], 2, 7],
    ]
    assert said["logits"] == [[1, 2, 3], [2, 2, 3], [3, 2, 3]]
