"""Fault A1: the real pip installs what the lock says, whatever else an index offers; and says why it can't."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from build_support import environment
from build_support.errors import EnvironmentFailed
from tests.build_support.index import Index, borrow_pip, index, only

BACKEND = """
import zipfile

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    info = "clone-1.dist-info"
    name = "clone-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel_directory + "/" + name, "w") as archive:
        archive.writestr("clone.pth", "")
        archive.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: clone\\nVersion: 1\\n")
        archive.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr(info + "/RECORD", "")
    return name
"""
PROJECT = """
[project]
name = "clone"
version = "1"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[tool.setuptools]
"""


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    with index(tmp_path / "index", monkeypatch) as made:
        yield made


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone in a folder whose name isn't plain ASCII."""
    root = tmp_path / "un dossier à espaces, œuvré"
    root.mkdir()
    (root / "pyproject.toml").write_text(PROJECT)
    (root / "backend.py").write_text(BACKEND)
    monkeypatch.setattr(environment, "ROOT", root)
    monkeypatch.setattr(environment, "VENV", root / ".venv")
    monkeypatch.setattr(environment, "LOCK", root / "requirements.lock")
    monkeypatch.setattr(environment, "STAMP", root / ".venv" / ".orion-stamp")
    monkeypatch.setattr(environment, "inside", lambda: True)
    return root


@pytest.fixture
def interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A virtual environment of its own."""
    borrow_pip(monkeypatch)
    folder = tmp_path / "environment"
    venv.EnvBuilder().create(folder)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def lock(folder: Path, *lines: str) -> Path:
    path = folder / "requirements.lock"
    path.write_text("\n".join(lines) + "\n")
    return path


def installed(interpreter: Path, *names: str) -> list[str]:
    program = f"import {', '.join(names)}; print({', '.join(f'{name}.VERSION' for name in names)})"
    done = subprocess.run([interpreter, "-c", program], capture_output=True, text=True)
    return done.stdout.split()


def offer(packages: Index) -> list[str]:
    """A direct and an indirect dependency, and newer releases of both; returns the lines of the lock."""
    lines = [
        packages.add("direct", "1.0", ["indirect[more]>=1.0"]),
        packages.add("indirect", "1.0"),
    ]
    packages.add("direct", "2.0", ["indirect[more]>=2.0"])
    packages.add("indirect", "1.1", ["newcomer"])
    packages.add("indirect", "2.0", ["newcomer"])
    packages.add("newcomer", "3.0")
    return lines


def test_a_clean_machine_gets_the_locked_versions_though_the_index_has_newer_ones(clone: Path, packages: Index) -> None:
    lock(clone, *offer(packages))
    environment.enter(clone / "build.py", [])
    assert installed(environment.python(), "direct", "indirect") == ["1.0", "1.0"]
    fetched = [request.path for request in packages.server.requests("files/*")]
    assert sorted(fetched) == ["files/direct-1.0-py3-none-any.whl", "files/indirect-1.0-py3-none-any.whl"]
    assert environment._fresh(environment._key())


def test_an_environment_with_other_versions_is_brought_to_those_of_the_lock(
    tmp_path: Path, interpreter: Path, packages: Index
) -> None:
    lines = offer(packages)
    environment.install(lock(tmp_path, packages.add("direct", "2.0"), packages.add("indirect", "2.0")), interpreter)
    environment.install(lock(tmp_path, *lines), interpreter)
    assert installed(interpreter, "direct", "indirect") == ["1.0", "1.0"]


def test_settings_of_the_machine_dont_change_what_is_installed(
    tmp_path: Path, interpreter: Path, packages: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "constraints.txt").write_text("indirect==2.0\n")
    monkeypatch.setenv("PIP_CONSTRAINT", str(tmp_path / "constraints.txt"))
    monkeypatch.setenv("PIP_USER", "1")
    environment.install(lock(tmp_path, *offer(packages)), interpreter)
    assert installed(interpreter, "direct", "indirect") == ["1.0", "1.0"]


def failure(lock_file: Path, interpreter: Path) -> EnvironmentFailed:
    with pytest.raises(EnvironmentFailed) as found:
        environment.install(lock_file, interpreter)
    return found.value


def test_another_hash_is_said_and_nothing_is_installed(tmp_path: Path, interpreter: Path, packages: Index) -> None:
    lines = offer(packages)
    other = lines[0].rpartition(":")[0] + ":" + "0" * 64
    said = str(failure(lock(tmp_path, other, lines[1]), interpreter))
    assert "direct==1.0 has sha256 " in said
    assert "the lock names 0000000000000000…" in said
    assert "pip cache purge" in said
    assert installed(interpreter, "indirect") == []


def test_half_a_wheel_is_said_and_the_next_run_works(tmp_path: Path, interpreter: Path, packages: Index) -> None:
    lines = offer(packages)
    packages.server.faults.truncate("files/direct-1.0*", after=100, times=None)
    failed = failure(lock(tmp_path, *lines), interpreter)
    assert failed.reason is not None
    assert failed.reason.kind in ("broken_file", "wrong_hash", "no_network"), failed
    assert "run the command again" in failed.remedy
    packages.server.faults.clear()
    environment.install(lock(tmp_path, *lines), interpreter)
    assert installed(interpreter, "direct", "indirect") == ["1.0", "1.0"]


def test_a_name_that_isnt_there_is_no_missing_network(tmp_path: Path, interpreter: Path, packages: Index) -> None:
    offer(packages)
    failed = failure(lock(tmp_path, f"direct==9.9 --hash=sha256:{'0' * 64}"), interpreter)
    assert "No matching distribution found for direct==9.9" in failed.what
    assert "the Python package index doesn't have it" in failed.remedy


def test_without_a_network_that_is_what_is_said(
    tmp_path: Path, interpreter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only("http://127.0.0.1:9/simple/", monkeypatch)
    failed = failure(lock(tmp_path, f"direct==1.0 --hash=sha256:{'0' * 64}"), interpreter)
    assert "Connection refused" in failed.what or "connection" in failed.what.lower()
    assert failed.remedy.startswith("Connect to a network that reaches the Python package index")


def test_a_failed_start_leaves_nothing_half_made_and_the_next_run_works(
    clone: Path, packages: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    borrow_pip(monkeypatch)
    lines = offer(packages)
    lock(clone, *lines, f"nobody==1.0 --hash=sha256:{'0' * 64}")
    with pytest.raises(EnvironmentFailed, match="No matching distribution found for nobody"):
        environment.enter(clone / "build.py", [])
    assert not (clone / ".venv").exists()
    lock(clone, *lines)
    environment.enter(clone / "build.py", [])
    assert installed(environment.python(), "direct") == ["1.0"]


def test_two_runs_at_once_in_one_clone_make_one_environment(clone: Path) -> None:
    """The second waits for the first, finds the environment made, and makes none."""
    program = """
import sys
from pathlib import Path
from build_support import environment
root = Path(sys.argv[1])
environment.ROOT, environment.VENV = root, root / ".venv"
environment.LOCK, environment.STAMP = root / "requirements.lock", root / ".venv" / ".orion-stamp"
environment.inside = lambda: True
def make():
    print("making", flush=True)
    sys.stdin.readline()
    environment.python().parent.mkdir(parents=True)
    environment.python().touch()
    environment.STAMP.write_text(environment._key())
environment._make = make
environment.enter(root / "build.py", [])
print("through", flush=True)
"""
    lock(clone)
    command = [sys.executable, "-c", program, str(clone)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as first:  # type: ignore[call-overload]
        assert first.stdout.readline() == "making\n"
        with subprocess.Popen(command, **pipes) as second:  # type: ignore[call-overload]
            said = second.stderr.readline()
            assert f"Another run (process {first.pid}) is setting up the virtual environment: waiting" in said
            out, _ = first.communicate("go\n", timeout=60)
            assert out == "through\n"
            out, _ = second.communicate(timeout=60)
            assert out == "through\n", "it makes none of its own"
