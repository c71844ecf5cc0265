"""Finds the environment with torch and mergekit in the cache, or makes it there with pip, once."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from model_foundry.errors import FoundryError
from model_foundry.failures import diagnose, of_error

REQUIREMENTS = Path(__file__).parent / "requirements.lock"
"""Every package with its exact version and its hashes: installed as it is, nothing is resolved."""
SCRIPTS = Path(__file__).parent / "scripts"
GRACE_SECONDS = 5
"""What a script that is to end gets before it is killed."""


def folder() -> Path:
    """Where the environment is or would be; each set of requirements and each Python has its own."""
    from platformdirs import user_cache_dir

    override = os.environ.get("ORION_CACHE")
    cache = Path(override).expanduser() if override else Path(user_cache_dir("orion-inference", appauthor=False))
    key = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:16]
    return cache / "mergekit" / key


def python() -> Path | None:
    """Its interpreter, or None where the environment isn't made."""
    home = folder()
    found = _interpreter(home)
    return found if found.exists() and not _unfinished(home).exists() else None


def make(say: Callable[[str], None]) -> Path:
    """Its interpreter; makes the environment if necessary. Raises FoundryError where pip can't."""
    existing = python()
    if existing:
        return existing
    home = folder()
    lock = FileLock(home.parent.parent / "locks" / f"mergekit-{home.name}")
    try:
        Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
        home.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            say(f"another run is making {home}: waiting for it to end")
            lock.acquire()
    except OSError as error:
        reason = of_error(error)
        raise FoundryError(f"{home} can't be made: {reason.line}. {reason.remedy(folder=home.parent)}") from error
    try:
        return python() or _make(home, say)
    finally:
        lock.release()


def _make(home: Path, say: Callable[[str], None]) -> Path:
    say(f"installing torch and mergekit into {home} (some gigabytes, once)")
    # Virtual environments can't be moved: it is made where it stays, and taken away if that fails.
    unfinished = _unfinished(home)
    unfinished.touch()
    try:
        venv.EnvBuilder(with_pip=True, clear=True).create(home)
        pip = [str(_interpreter(home)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        exactly = ["--no-deps", "--require-hashes", "--only-binary=:all:"]
        _checked([*pip, *exactly, "-r", str(REQUIREMENTS)], "the packages of model_foundry/training/requirements.lock")
    except OSError as error:
        shutil.rmtree(home, ignore_errors=True)
        reason = of_error(error)
        raise FoundryError(f"{home} can't be made: {reason.line}. {reason.remedy(folder=home.parent)}") from error
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    finally:
        unfinished.unlink(missing_ok=True)
    return _interpreter(home)


def run_script(name: str, arguments: Sequence[str | Path], say: Callable[[str], None]) -> None:
    """Runs a file of ``scripts`` in the environment; each line that it prints goes to ``say``.

    The script has no network and no code but its own: hubs are switched off. It ends when we are
    stopped. Raises FoundryError.
    """
    interpreter = make(say)
    command = [str(interpreter), "-I", str(SCRIPTS / name), *map(str, arguments)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    last = ""
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                last = line.strip() or last
                say(line.rstrip())
        except BaseException:  # we are being stopped, or ``say`` failed: its work is no longer wanted
            _end(process)
            raise
    if process.returncode:
        raise FoundryError(f"{name} ended with {process.returncode}: {last}")


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _unfinished(home: Path) -> Path:
    """There while ``home`` is being made: what a killed run left isn't taken for an environment."""
    return home.with_name(f"{home.name}.unfinished")


def _checked(command: Sequence[str], what: str) -> None:
    # Settings of the machine that would install elsewhere or other versions don't count.
    environment = {**os.environ, "PIP_USER": "0", "PIP_CONSTRAINT": os.devnull}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = diagnose(done.stdout + done.stderr, done.returncode)
        remedy = reason.remedy("the Python package index", folder())
        raise FoundryError(f"{what} can't be installed: {reason.line or 'no reason given'}. {remedy}".strip())


def _interpreter(home: Path) -> Path:
    return home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
