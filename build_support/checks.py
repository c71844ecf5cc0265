"""Runs the checks of ``build.py test``. Each part runs to its end, so that one run reports everything.

What a run leaves is in test-results/: JUnit XML and an HTML page of each run of pytest, the coverage, and
screenshots, console texts and Playwright traces of the end-to-end tests that failed.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from build_support import browser, node, paths
from build_support.coverage_floor import by_package, faults, table
from build_support.errors import UsageError
from build_support.processes import show
from build_support.progress import say
from build_support.slowest import slowest

PYTHON = Path(sys.executable)
RESULTS = paths.ROOT / "test-results"
COVERAGE = RESULTS / "coverage.json"
LIGHT_AT_ONCE = 3
"""Tests of the page wait more than they compute."""
MODEL_AT_ONCE = 2
"""An answer takes the cores for a second; starting browsers and reloading pages leaves them idle for much longer."""
MOST_ALONE = 5
"""So many failed tests are run once more, one by one."""


@dataclass(frozen=True)
class Wishes:
    """What a run of the tests is asked for.

    ``select`` is pytest's -k. ``missing`` lists the lines that no unit test reached,
    and counts the JavaScript that the end-to-end tests run. ``headed`` shows the
    browser. ``long`` adds the tests that are marked so, which take hours or need what CI hasn't.
    """

    select: str | None = None
    missing: bool = False
    headed: bool = False
    long: bool = False


def run(parts: list[str], wishes: Wishes) -> int:
    """Runs ``parts`` ("lint", "unit", "e2e") in this order; 0 if all of them pass, else 1."""
    known: dict[str, Callable[[Wishes], bool]] = {"lint": lambda _: lint(), "unit": unit, "e2e": end_to_end}
    shutil.rmtree(RESULTS, ignore_errors=True)
    results = {}
    for part in known:
        if part in parts:
            start = time.monotonic()
            say(f"== {part}")
            passed = known[part](wishes)
            results[part] = f"{part} {'passed' if passed else 'FAILED'} in {time.monotonic() - start:.0f} s"
    _tell_slowest()
    failed = any("FAILED" in result for result in results.values())
    pages = sorted(RESULTS.glob("*.html"))
    if failed and pages:
        say("What failed, with screenshots and traces: " + ", ".join(str(page) for page in pages))
    say("== " + ", ".join(results.values()))
    return 1 if failed else 0


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


def unit(wishes: Wishes) -> bool:
    """The unit tests, and whether they reach enough of the code. A chosen few needn't."""
    lines = ["--cov-report=term-missing:skip-covered"] if wishes.missing else ["--cov-report="]
    passed = pytest(
        "unit",
        "tests",
        "-n",
        "2",
        "--cov",
        *lines,
        f"--cov-report=json:{COVERAGE}",
        *_marked([], wishes),
        wishes=wishes,
    )
    if wishes.select or not COVERAGE.is_file():
        return passed
    packages = by_package(COVERAGE)
    for line in ["Covered by the unit tests:", *table(packages)]:
        say(line)
    wrong = faults(packages)
    for fault in wrong:
        say(f"error: {fault}")
    return passed and not wrong


def end_to_end(wishes: Wishes) -> bool:
    """The tests in a real browser. Those with the real model, or a second Python, come after the others, fewer at a
    time; the long ones go one by one."""
    browser.ensure()
    if wishes.headed:
        _needs_a_display()
    counting = [f"--js-coverage={RESULTS / 'js'}"] if wishes.missing else []
    if wishes.select or wishes.headed:
        chosen = pytest("e2e", "e2e", *_marked([], wishes), *counting, wishes=wishes)
        return _told(counting) and chosen
    groups = [
        ("e2e-light", "not model and not alone and not long", LIGHT_AT_ONCE),
        ("e2e-model", "(model or alone) and not long", MODEL_AT_ONCE),
        *([("e2e-long", "long", 1)] if wishes.long else []),
    ]
    passed = [
        pytest(
            name,
            "e2e",
            *_remembered(name),
            "-m",
            marks,
            "-n",
            str(at_once),
            "--dist",
            "loadfile",
            *counting,
            wishes=wishes,
        )
        or _passes_alone(name, marks, counting, wishes)
        for name, marks, at_once in groups
    ]
    return _told(counting) and all(passed)


def _passes_alone(name: str, marks: str, counting: list[str], wishes: Wishes) -> bool:
    """Whether the tests of ``name`` that failed pass while nothing runs beside them: a few of hundreds may fail because
    others took the cores. More than a few are no accident. What failed at first stays in the output."""
    kept = RESULTS / f"{name}-cache" / "v" / "cache" / "lastfailed"
    failed = sorted(json.loads(kept.read_text())) if kept.is_file() else []
    if not 0 < len(failed) <= MOST_ALONE:
        return False
    say("Failed beside others, and run once more alone:")
    for test in failed:
        say(f"  {test}")
    again = pytest(
        f"{name}-alone", "e2e", *_remembered(name), "--lf", "--lfnf=none", "-m", marks, *counting, wishes=wishes
    )
    say(f"{'Passed' if again else 'FAILED'} alone: {', '.join(failed)}")
    return again


def _remembered(name: str) -> list[str]:
    return ["-o", f"cache_dir={RESULTS / f'{name}-cache'}"]


def _told(counting: list[str]) -> bool:
    """Prints what V8 counted, if it did."""
    return not counting or show([PYTHON, "-m", "e2e.support.js_coverage", RESULTS / "js"], cwd=paths.ROOT) == 0


def pytest(name: str, folder: str, *arguments: str, wishes: Wishes) -> bool:
    """One run of pytest over ``folder``; finding no test counts as a failure."""
    chosen = ["-k", wishes.select] if wishes.select else []
    shown = ["--headed"] if wishes.headed and folder == "e2e" else []
    reports = [f"--junitxml={RESULTS / name}.xml", f"--html={RESULTS / name}.html", "--self-contained-html"]
    command: list[str | Path] = [
        PYTHON,
        "-m",
        "pytest",
        folder,
        *arguments,
        *chosen,
        *shown,
        *reports,
        f"--output={RESULTS / name}",
    ]
    return show(command, cwd=paths.ROOT, env=node.find().env()) == 0


def _marked(marks: list[str], wishes: Wishes) -> list[str]:
    """pytest's -m for ``marks``, and for the long tests only if they are wished for."""
    marks = marks if wishes.long else [*marks, "not long"]
    return ["-m", " and ".join(marks)] if marks else []


def _needs_a_display() -> None:
    """Raises UsageError where no window can be opened."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise UsageError("--headed opens windows, and there is no display here.", "Run it without, or under xvfb-run.")


def _tell_slowest() -> None:
    rows = slowest(sorted(RESULTS.glob("*.xml")))
    if rows:
        say("The slowest tests:")
    for seconds, name in rows:
        say(f"  {seconds:6.1f} s  {name}")
