"""Makes the virtual environment with the locked packages. Standard library only.

``enter`` returns only inside the environment: elsewhere it makes it, if need be, and starts the same
command again there.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

from build_support.errors import EnvironmentFailed
from build_support.locks import alone
from build_support.paths import ROOT, VENV
from build_support.processes import run
from build_support.progress import Step, step
from model_foundry import failures

LOCK = ROOT / "requirements.lock"
STAMP = VENV / ".orion-stamp"
INDEX = "the Python package index"


def python() -> Path:
    """The interpreter of the virtual environment."""
    return VENV / "Scripts" / "python.exe" if os.name == "nt" else VENV / "bin" / "python"


def inside() -> bool:
    """Whether this interpreter is that of the virtual environment."""
    return Path(sys.prefix).resolve() == VENV.resolve()


def enter(script: Path, arguments: list[str]) -> None:
    """Goes on inside the virtual environment with all packages there. Raises EnvironmentFailed."""
    if not _fresh(_key()):
        # Two that start at once in one clone: the second waits, and finds the environment made.
        with alone(ROOT / ".cache" / "setup.lock", "setting up the virtual environment"):
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
    made = _version(python()) is None or _unfinished().exists()
    try:
        if made:
            _create()
        install(LOCK, python())
        with step("Installing orion and foundry"):
            run(
                [*_pip(python()), "--no-deps", "--no-build-isolation", "--no-index", "--editable", ROOT],
                env=pip_environment(),
                what="orion and foundry can't be installed into the virtual environment",
                folder=ROOT,
                error=EnvironmentFailed,
            )
        STAMP.write_text(_key())
    except BaseException:
        if made:  # half an environment is of no use to anybody
            shutil.rmtree(VENV, ignore_errors=True)
        raise
    finally:
        if not VENV.exists() or STAMP.exists():
            _unfinished().unlink(missing_ok=True)


def install(lock: Path, interpreter: Path) -> None:
    """Installs exactly what ``lock`` says beside ``interpreter``: nothing is resolved, every hash is checked.

    Raises EnvironmentFailed.
    """
    named = lock.relative_to(ROOT) if lock.is_relative_to(ROOT) else lock
    count = len(re.findall(r"^[A-Za-z0-9][^\s=]*==", lock.read_text(), re.MULTILINE))
    with step("Installing the locked Python packages") as shown:
        run(
            [*_pip(interpreter), "--no-deps", "--require-hashes", "--only-binary=:all:", "-r", lock],
            env=pip_environment(),
            what=f"The Python packages of {named} can't be installed",
            place=INDEX,
            folder=interpreter.parent.parent,
            error=EnvironmentFailed,
            on_line=counting(shown, count),
        )


def counting(shown: Step, total: int) -> Callable[[str], None]:
    """Shows how many of ``total`` packages pip has come to, from the lines that it prints."""
    seen = 0

    def hear(line: str) -> None:
        nonlocal seen
        if line.startswith(("Collecting ", "Requirement already satisfied: ")):
            seen += 1
            shown.update("collecting packages", min(seen, total), total)
        elif line.startswith("Installing collected packages"):
            shown.update("unpacking them")

    return hear


def pip_environment() -> dict[str, str]:
    """Variables for pip: against settings of the machine that would install elsewhere or other versions. Which
    index is asked stays the machine's affair. Without a second try pip doesn't say that a host didn't answer.
    """
    asked = os.environ.get("PIP_RETRIES", "")
    retries = max(1, int(asked)) if asked.isdigit() else 5
    return {
        "PIP_USER": "0",
        "PIP_REQUIRE_VIRTUALENV": "0",
        "PIP_CONSTRAINT": os.devnull,
        "PIP_RETRIES": str(retries),
    }


def _pip(interpreter: Path) -> list[str | Path]:
    return [interpreter, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--progress-bar=off"]


def _unfinished() -> Path:
    """There while an environment is being made: one that was left by a killed run isn't trusted."""
    return VENV.parent / ".cache" / "venv.unfinished"


def _create() -> None:
    with step(f"Making the virtual environment in {VENV}"):
        try:
            import venv

            _unfinished().parent.mkdir(exist_ok=True)
            _unfinished().touch()
            venv.EnvBuilder(with_pip=True, clear=VENV.exists()).create(VENV)
        except (OSError, ImportError, subprocess.CalledProcessError) as error:
            printed = getattr(error, "output", None)
            said = printed.decode(errors="replace") if isinstance(printed, bytes) else str(printed or "")
            reason = failures.diagnose(said) if said.strip() else failures.of_error(error)
            raise EnvironmentFailed(
                f"The virtual environment can't be made: {reason.line.rstrip('.') or error}.",
                reason.remedy(folder=ROOT) or "On Debian and Ubuntu install python3-venv, then run the command again.",
                reason,
            ) from error


def _version(interpreter: Path) -> str | None:
    """Like "3.11", or None if ``interpreter`` doesn't run or is too old."""
    program = "import sys, pip; print('%d.%d' % sys.version_info[:2]); sys.exit(sys.version_info < (3, 11))"
    try:
        done = subprocess.run([interpreter, "-c", program], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
