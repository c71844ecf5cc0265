"""The checks of ``build.py test``. Each part runs to its end, so one run tells everything."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from build_support import browser, node, paths
from build_support.processes import show
from build_support.progress import say

PYTHON = Path(sys.executable)
LIGHT_AT_ONCE = 3
"""Tests of the page wait more than they compute."""


def run(parts: list[str], *, coverage: bool = False, select: str | None = None) -> int:
    """Runs ``parts`` ("lint", "unit", "e2e") in this order; 0 if all of them pass, else 1."""
    known: dict[str, Callable[[], bool]] = {
        "lint": lint,
        "unit": lambda: pytest("tests", "-n", "2", *_coverage(coverage), select=select),
        "e2e": lambda: end_to_end(select),
    }
    results = {}
    for part in known:
        if part in parts:
            start = time.monotonic()
            say(f"== {part}")
            passed = known[part]()
            results[part] = f"{part} {'passed' if passed else 'FAILED'} in {time.monotonic() - start:.0f} s"
    say("== " + ", ".join(results.values()))
    return 1 if any("FAILED" in result for result in results.values()) else 0


def lint() -> bool:
    """ruff, mypy and tsc; all are run, whatever the first says."""
    system = node.find()
    node.install_packages(system)
    tsc = paths.NODE_MODULES / "typescript" / "bin" / "tsc"
    commands: list[list[str | Path]] = [
        [PYTHON, "-m", "ruff", "check", "."],
        [PYTHON, "-m", "ruff", "format", "--check", "."],
        [PYTHON, "-m", "mypy"],
        [system.program, tsc, "--noEmit", "-p", "tsconfig.json"],
        [system.program, tsc, "--noEmit", "-p", "tsconfig.workers.json"],
    ]
    results = []
    for command in commands:
        say("$ " + " ".join(str(part).replace(f"{paths.ROOT}/", "") for part in command[1:]))
        results.append(show(command, cwd=paths.ROOT, env=system.env()) == 0)
    return all(results)


def pytest(folder: str, *arguments: str, select: str | None = None) -> bool:
    """One run of pytest over ``folder``; finding no test counts as a failure."""
    chosen = ["-k", select] if select else []
    return show([PYTHON, "-m", "pytest", folder, *arguments, *chosen], cwd=paths.ROOT, env=node.find().env()) == 0


def end_to_end(select: str | None = None) -> bool:
    """The tests in a real browser. Those with the real model go one by one: each takes both cores, and
    two models whose threads wait for each other take longer than one after the other."""
    browser.ensure()
    if select:
        return pytest("e2e", select=select)
    light = pytest("e2e", "-m", "not model", "-n", str(LIGHT_AT_ONCE), "--dist", "loadfile")
    return pytest("e2e", "-m", "model") and light


def _coverage(wanted: bool) -> list[str]:
    return ["--cov", "--cov-report=term-missing:skip-covered"] if wanted else []
