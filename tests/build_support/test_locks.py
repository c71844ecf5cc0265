"""One at a time: a second process waits for the first, says so, and goes on when that has ended."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from build_support import locks
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


def test_a_lock_names_its_holder_while_it_is_held(tmp_path: Path) -> None:
    with alone(tmp_path / "lock", "building"):
        assert (tmp_path / "lock").read_text() == str(os.getpid())
    assert (tmp_path / "lock").read_text() == ""


class Kernel:
    """Stands in for the system's locks: another process holds what is asked for until it is waited for."""

    LOCK_EX, LOCK_NB, LOCK_UN = 1, 2, 4

    def __init__(self, error: OSError | None = None) -> None:
        self.asked: list[int] = []
        self.error = error

    def flock(self, stream: Any, how: int) -> None:
        self.asked.append(how)
        if self.error:
            raise self.error
        if how & self.LOCK_NB:
            raise BlockingIOError


@pytest.mark.skipif(os.name == "nt", reason="other locks")
@pytest.mark.parametrize(("holder", "by"), [("4321", " (process 4321)"), ("", "")])
def test_who_waits_says_for_whom_once_and_then_holds_it(
    holder: str, by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kernel = Kernel()
    monkeypatch.setattr(locks, "fcntl", kernel)
    (tmp_path / "lock").write_text(holder)
    with alone(tmp_path / "lock", "fetching it"):
        assert capsys.readouterr().err == f"  Another run{by} is fetching it: waiting for it to end …\n"
        assert (tmp_path / "lock").read_text() == str(os.getpid())
    assert kernel.asked == [kernel.LOCK_EX | kernel.LOCK_NB, kernel.LOCK_EX, kernel.LOCK_UN]


@pytest.mark.skipif(os.name == "nt", reason="other locks")
def test_a_file_system_without_locks_keeps_nobody_from_building(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kernel = Kernel(OSError(errno.ENOLCK, "No locks available"))
    monkeypatch.setattr(locks, "fcntl", kernel)
    with alone(tmp_path / "lock", "building"):
        pass
    assert kernel.asked == [kernel.LOCK_EX | kernel.LOCK_NB, kernel.LOCK_UN]
    assert capsys.readouterr().err == ""
