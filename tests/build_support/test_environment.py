"""The virtual environment: made when it has to be, left alone otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from build_support import environment
from build_support.errors import EnvironmentFailed

PROJECT = """
[project]
name = "{}"
[build-system]
[tool.setuptools]
[tool.ruff]
"""


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone without an environment; whatever would install into it is noted and not run."""
    (tmp_path / "pyproject.toml").write_text(PROJECT.format("x"))
    (tmp_path / "requirements.lock").write_text("a==1")
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(environment, "LOCK", tmp_path / "requirements.lock")
    monkeypatch.setattr(environment, "STAMP", tmp_path / ".venv" / ".orion-stamp")
    return tmp_path


def pretend_made(clone: Path) -> None:
    environment.python().parent.mkdir(parents=True, exist_ok=True)
    environment.python().touch()
    environment.STAMP.write_text(environment._key())


def test_an_environment_that_was_made_from_this_lock_is_fresh(clone: Path) -> None:
    assert not environment._fresh(environment._key())
    pretend_made(clone)
    assert environment._fresh(environment._key())


@pytest.mark.parametrize(
    ("name", "text", "fresh"),
    [
        ("requirements.lock", "a==2", False),
        ("pyproject.toml", '[project]\nname="y"\n[build-system]\n[tool.setuptools]\n', False),
        (
            "pyproject.toml",
            '[project]\nname="x"\n[build-system]\n[tool.setuptools]\n[tool.ruff]\nline-length=9\n',
            True,
        ),
    ],
    ids=["another lock", "another project", "other lint rules"],
)
def test_what_makes_an_environment_stale(clone: Path, name: str, text: str, fresh: bool) -> None:
    pretend_made(clone)
    (clone / name).write_text(text)
    assert environment._fresh(environment._key()) is fresh


def test_a_failed_installation_leaves_no_stamp_and_is_tried_again(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> str:
        raise EnvironmentFailed("no network")

    monkeypatch.setattr(environment, "_version", lambda interpreter: "3.11")
    monkeypatch.setattr(environment, "run", fail)
    for _ in range(2):
        with pytest.raises(EnvironmentFailed):
            environment.enter(clone / "build.py", [])
        assert not environment.STAMP.exists()


def test_an_interpreter_that_doesnt_run_has_no_version(clone: Path) -> None:
    assert environment._version(clone / "python") is None
    assert environment._version(Path(sys.executable)) == f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def entered(clone: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is started inside the environment, in place of starting it; making it is noted too."""
    done: list[Any] = []

    def make() -> None:
        done.append("made")
        pretend_made(clone)

    def start(command: Sequence[str]) -> SimpleNamespace:
        done.append(list(command))
        return SimpleNamespace(returncode=4)

    monkeypatch.setattr(environment, "_make", make)
    monkeypatch.setattr(os, "execv", lambda program, command: done.append((program, list(command))))
    monkeypatch.setattr(subprocess, "run", start)
    return done


def test_outside_the_same_command_goes_on_inside_and_the_environment_is_made_once(
    clone: Path, entered: list[Any]
) -> None:
    inner = str(environment.python())
    for _ in range(2):
        environment.enter(clone / "build.py", ["serve", "--port", "0"])
    started = (inner, [inner, str(clone / "build.py"), "serve", "--port", "0"])
    assert entered == ["made", started, started]


def test_inside_nothing_is_started(clone: Path, entered: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(clone / ".venv"))
    environment.enter(clone / "build.py", [])
    assert entered == ["made"]


def test_an_environment_that_another_run_made_while_we_waited_isnt_made_again(
    clone: Path, entered: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = iter([False, True])
    monkeypatch.setattr(environment, "_fresh", lambda key: next(fresh))
    environment.enter(clone / "build.py", [])
    assert "made" not in entered


@pytest.mark.parametrize(
    ("error", "said", "remedy"),
    [
        (ImportError("No module named 'ensurepip'"), "No module named 'ensurepip'", "install python3-venv"),
        (
            subprocess.CalledProcessError(1, "python", output=b"OSError: [Errno 28] No space left on device\n"),
            "No space left on device",
            "Free some space in ",
        ),
        (subprocess.CalledProcessError(1, "python"), "returned non-zero exit status 1", "install python3-venv"),
    ],
)
def test_an_environment_that_cant_be_made_says_why_and_leaves_nothing(
    clone: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str, remedy: str
) -> None:
    def fail(builder: venv.EnvBuilder, folder: Path) -> None:
        folder.mkdir()
        raise error

    monkeypatch.setattr(venv.EnvBuilder, "create", fail)
    with pytest.raises(EnvironmentFailed, match=r"The virtual environment can't be made: .*") as failure:
        environment.enter(clone / "build.py", [])
    assert said in failure.value.what
    assert remedy in failure.value.remedy
    assert not environment.VENV.exists()
    assert not environment._unfinished().exists()
