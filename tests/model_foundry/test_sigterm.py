"""A command that is told to end clears up, and ends what it began."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from model_foundry.sigterm import TERMINATED, terminated_by_exception
from tests.model_foundry.merging.tiny_parents import TinyParent

SLEEPS = """
import os, pathlib, signal, sys, time
if sys.argv[1].endswith("deaf.json"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(f"child {os.getpid()}", flush=True)
time.sleep(600)
"""

SPECIALISE = """
import sys
from pathlib import Path
from model_foundry import cli
from model_foundry.training import environment
environment.make = lambda say: Path(sys.executable)
environment.SCRIPTS = Path(sys.argv[1])
from model_foundry.training import specialise
run = specialise.run_script
specialise.run_script = lambda name, arguments, say: run(name, arguments, lambda line: print(line, flush=True))
sys.exit(cli.main(["specialise", *sys.argv[2:]]))
"""


def test_sigterm_is_an_exception_inside_and_what_it_was_outside() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as exit_, terminated_by_exception():
        signal.raise_signal(signal.SIGTERM)
    assert exit_.value.code == TERMINATED == 143
    assert signal.getsignal(signal.SIGTERM) is before


def test_another_thread_than_the_main_one_goes_without() -> None:
    seen: list[bool] = []

    def work() -> None:
        with terminated_by_exception():
            seen.append(signal.getsignal(signal.SIGTERM) is before)

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [True]


def test_specialise_that_is_terminated_ends_its_training_and_leaves_nothing(tmp_path: Path) -> None:
    base = TinyParent(seed=1).write(tmp_path / "base")
    (tmp_path / "corpus").mkdir()
    for index in range(24):
        (tmp_path / "corpus" / f"{index}.txt").write_text("the cat sat on the mat. " * 20)
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "lora.py").write_text(SLEEPS)
    out = tmp_path / "out"
    arguments = [str(tmp_path / "scripts"), str(base), "--corpus", str(tmp_path / "corpus"), "--out", str(out)]
    command = [sys.executable, "-c", SPECIALISE, *arguments, "--length", "16"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as foundry:
        assert foundry.stdout is not None
        child = int(foundry.stdout.readline().split()[1])
        assert alive(child)
        foundry.terminate()
        assert foundry.wait(30) == TERMINATED
    assert not alive(child)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "corpus", "scripts"]


def test_a_script_that_is_deaf_to_the_signal_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from model_foundry.training import environment

    (tmp_path / "lora.py").write_text(SLEEPS)
    monkeypatch.setattr(environment, "make", lambda say: Path(sys.executable))
    monkeypatch.setattr(environment, "SCRIPTS", tmp_path)
    monkeypatch.setattr(environment, "GRACE_SECONDS", 0.2)
    children: list[int] = []

    def say(line: str) -> None:
        children.append(int(line.split()[1]))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        environment.run_script("lora.py", ["deaf.json"], say)
    assert not alive(children[0])


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
