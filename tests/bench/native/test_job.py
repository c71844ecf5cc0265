"""A native contender is asked as pages are, and its failures are told."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.native import job
from bench.native.job import NativeFailed, NativeJob

ECHO = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if asked["options"].get("fail"):
        answer = {"error": "it can't be loaded"}
    elif asked["options"].get("end"):
        break
    else:
        answer = {"result": asked}
    print(json.dumps(answer), flush=True)
"""


@pytest.fixture
def echo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NativeJob:
    script = tmp_path / "contender.py"
    script.write_text(ECHO)
    monkeypatch.setattr(job, "CONTENDER", script)
    return NativeJob(Path(sys.executable), tmp_path / "weights")


def test_it_is_given_the_file_among_the_weights(echo: NativeJob, tmp_path: Path) -> None:
    with echo as native:
        asked = native.prepare("native", {"gguf": "q4_1.gguf", "threads": 2})
        assert asked == {
            "method": "prepare",
            "options": {"gguf": str(tmp_path / "weights" / "q4_1.gguf"), "threads": 2},
        }
        assert native.run()["method"] == "run"


def test_what_it_says_went_wrong_is_raised(echo: NativeJob) -> None:
    with echo as native, pytest.raises(NativeFailed, match="it can't be loaded"):
        native.run({"fail": True})


def test_a_process_that_ends_is_told(echo: NativeJob) -> None:
    with echo as native:
        with pytest.raises(NativeFailed, match="ended"):
            native.run({"end": True})
        with pytest.raises(NativeFailed, match="ended"):
            native.run()


def test_nothing_is_asked_before_it_was_started(echo: NativeJob) -> None:
    with pytest.raises(NativeFailed, match="wasn't started"):
        echo.run()
