"""Programs that the build runs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from build_support.errors import BuildError, StepFailed
from build_support.progress import say


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    what: str,
    remedy: str = "",
    error: type[BuildError] = StepFailed,
) -> str:
    """Runs ``command`` quietly and returns its output.

    If it fails, prints the last lines that it printed and raises ``error`` with ``what`` and ``remedy``.
    """
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as failure:
        raise error(f"{what} ({failure}).", remedy) from failure
    if done.returncode != 0:
        for line in done.stdout.strip().splitlines()[-20:]:
            say(f"  | {line}")
        raise error(f"{what} ({Path(command[0]).name} ended with {done.returncode}).", remedy)
    return done.stdout


def show(command: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> int:
    """Runs ``command`` with its output going where ours goes; returns its exit code."""
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL
    ).returncode
