"""One at a time: a second process waits for the first, says so, and goes on when that has ended."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from build_support.locks import alone

PROGRAM = """
import sys
from pathlib import Path
from build_support.locks import alone
with alone(Path(sys.argv[1]), "building"):
    print("in", flush=True)
    sys.stdin.readline()
"""
PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}


def start(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM, str(path)], **PIPES)  # type: ignore[call-overload, no-any-return]


def test_the_second_waits_and_says_for_whom(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "lock"
    with start(path) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "in\n"
        with start(path) as second:
            assert second.stdout is not None
            assert second.stderr is not None
            said = second.stderr.readline()
            assert said == f"  Another run (process {first.pid}) is building: waiting for it to end …\n"
            first.communicate("\n", timeout=60)
            assert second.stdout.readline() == "in\n"
            assert second.communicate("\n", timeout=60)[1] == ""


def test_a_holder_that_is_killed_holds_no_longer(tmp_path: Path) -> None:
    with start(tmp_path / "lock") as first:
        assert first.stdout is not None
        first.stdout.readline()
        first.kill()
    with alone(tmp_path / "lock", "building"):
        pass


def test_a_process_doesnt_wait_for_itself(tmp_path: Path) -> None:
    with alone(tmp_path / "lock", "building"):
        with alone(tmp_path / "lock", "building"):
            pass
    with start(tmp_path / "lock") as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "in\n"
        other.communicate("\n", timeout=60)


def test_an_error_inside_gives_the_lock_back(tmp_path: Path) -> None:
    try:
        with alone(tmp_path / "lock", "building"):
            raise ValueError
    except ValueError:
        pass
    with start(tmp_path / "lock") as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "in\n"
        other.communicate("\n", timeout=60)
