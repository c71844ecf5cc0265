"""Programs that the build runs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from build_support.errors import StepFailed


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    what: str,
    remedy: str = "",
    error: type[StepFailed] | type[Exception] = StepFailed,
) -> str:
    """Runs ``command`` quietly and returns its output.

    Raises ``error`` (a BuildError class) with ``what``, the last lines that the program printed, and
    ``remedy``.
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
        raise error(f"{what}: {failure}.", remedy) from failure
    if done.returncode != 0:
        tail = "\n".join(done.stdout.strip().splitlines()[-12:])
        raise error(f"{what} (exit code {done.returncode}):\n{tail}\n", remedy)
    return done.stdout


def show(command: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> int:
    """Runs ``command`` with its output going where ours goes; returns its exit code."""
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL
    ).returncode
