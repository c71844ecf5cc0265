"""The virtual environment, with the locked packages in it. Standard library only.

``enter`` returns only inside the environment: elsewhere it makes it, if need be, and starts the same
command again there.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

from build_support.errors import EnvironmentFailed
from build_support.paths import ROOT, VENV
from build_support.processes import run
from build_support.progress import step

LOCK = ROOT / "requirements.lock"
STAMP = VENV / ".orion-stamp"


def python() -> Path:
    """The interpreter of the virtual environment."""
    return VENV / "Scripts" / "python.exe" if os.name == "nt" else VENV / "bin" / "python"


def inside() -> bool:
    """Whether this interpreter is that of the virtual environment."""
    return Path(sys.prefix).resolve() == VENV.resolve()


def enter(script: Path, arguments: list[str]) -> None:
    """Goes on inside the virtual environment with all packages there. Raises EnvironmentFailed."""
    if not _fresh(_key()):
        _make()
    if inside():
        return
    command = [str(python()), str(script), *arguments]
    sys.stdout.flush()
    if os.name == "nt":
        raise SystemExit(subprocess.run(command).returncode)
    os.execv(command[0], command)


def _key() -> str:
    """What the environment depends on: the lock, what pyproject.toml says about the project, the interpreter."""
    with (ROOT / "pyproject.toml").open("rb") as stream:
        project = tomllib.load(stream)
    described = json.dumps([project["project"], project["build-system"], project["tool"]["setuptools"]], sort_keys=True)
    try:
        interpreter = (VENV / "pyvenv.cfg").read_bytes()  # changes when the environment is made anew
    except OSError:
        interpreter = b""
    text = LOCK.read_bytes() + described.encode() + interpreter + str(ROOT).encode()
    return hashlib.sha256(text).hexdigest()


def _fresh(key: str) -> bool:
    try:
        return STAMP.read_text() == key and python().exists()
    except OSError:
        return False


def _make() -> None:
    STAMP.unlink(missing_ok=True)
    if _version(python()) is None:
        with step(f"Making the virtual environment in {VENV}"):
            try:
                venv.EnvBuilder(with_pip=True, clear=VENV.exists()).create(VENV)
            except (OSError, subprocess.CalledProcessError) as error:
                raise EnvironmentFailed(
                    f"The virtual environment can't be made: {error}.",
                    "On Debian and Ubuntu install python3-venv, then run the command again.",
                ) from error
    pip: list[str | Path] = [python(), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    with step("Installing the locked Python packages"):
        run(
            [*pip, "--no-deps", "--require-hashes", "--only-binary=:all:", "-r", LOCK],
            what="The Python packages can't be installed",
            remedy="Connect to a network that reaches the Python package index and run the command again.",
            error=EnvironmentFailed,
        )
        run(
            [*pip, "--no-deps", "--no-build-isolation", "--no-index", "--editable", ROOT],
            what="orion and foundry can't be installed into the virtual environment",
            error=EnvironmentFailed,
        )
    STAMP.write_text(_key())


def _version(interpreter: Path) -> str | None:
    """Like "3.11", or None if ``interpreter`` doesn't run or is too old."""
    program = "import sys, pip; print('%d.%d' % sys.version_info[:2]); sys.exit(sys.version_info < (3, 11))"
    try:
        done = subprocess.run([interpreter, "-c", program], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
