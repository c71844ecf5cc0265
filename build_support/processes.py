"""Runs programs for the build."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from build_support.errors import BuildError, StepFailed
from build_support.progress import say
from model_foundry.failures import diagnose, of_error

SHOWN = 20
"""Lines that are repeated of what a failed program printed."""


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    what: str,
    remedy: str = "",
    place: str = "",
    folder: Path | None = None,
    error: type[BuildError] = StepFailed,
    on_line: Callable[[str], None] | None = None,
) -> str:
    """Runs ``command`` quietly and returns its output; ``on_line`` hears each line as it comes.

    If it fails, prints the last lines that it printed and raises ``error``: ``what``, the program's own
    reason, and the remedy that fits that reason. ``place`` names what the program asks for files, ``folder``
    where it writes; ``remedy`` is for reasons that nobody knows.
    """
    name = Path(command[0]).name
    lines: list[str] = []
    try:
        with subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        ) as process:
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    lines.append(line)
                    if on_line:
                        on_line(line)
            except BaseException:  # we are being stopped: it would work on for nobody
                process.kill()
                raise
    except OSError as failure:
        reason = of_error(failure)
        raise error(f"{what}: {reason.line}.", reason.remedy(folder=folder) or remedy, reason) from failure
    printed = "".join(lines)
    if process.returncode != 0:
        for line in printed.strip().splitlines()[-SHOWN:]:
            say(f"  | {line}")
        reason = diagnose(printed, process.returncode)
        ended = f"{name} ended with {process.returncode}"
        why = f"{reason.line.rstrip('.')} ({ended})" if reason.line else ended
        raise error(f"{what}: {why}.", reason.remedy(place or "the network", folder) or remedy, reason)
    return printed


def show(command: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> int:
    """Runs ``command`` with its output going where ours goes; returns its exit code."""
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL
    ).returncode
