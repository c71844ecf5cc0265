"""The virtual environment: made when it has to be, left alone otherwise."""

from __future__ import annotations

import sys
from pathlib import Path

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
