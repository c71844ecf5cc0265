"""Measures memory before a model is loaded, while it is, and after it was unloaded, ten times, on either runner; and of
those models that see and hear which the site has.

A page with an engine worker loads the model (the first time over the loopback interface, then from
IndexedDB), has it answer a short question and unloads it again. After each unloading the renderer's
memory should be what it was when the engine was ready and nothing had been loaded yet. What a first answer
leaves for good (numpy, and Python's code as the browser compiles it when it first runs) counts against that;
the growth since the first unloading shows beside it what each load adds. Where Python starts from a snapshot, as at any
second visit, it has numpy from the beginning: that start is measured beside the first one's. Of the senses all are
loaded, looked with and unloaded. Memory is read twice: as the unloading leaves it, and once JavaScript's garbage was
collected, which the browser does automatically only when it wants memory. The second tells what is really lost and has
the verdict; the first what the system sees until then.

The page runs alone: programs that drive a browser have it record every body that a page fetches, so
a download would stand here as the engine's. It stops at each mark because the server lets it wait.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Mapping
from pathlib import Path

from bench.chromium import new_profile, opened, unattended, visit
from bench.context import Context
from bench.figures import Contender, Outcome, Target
from bench.memory import Memory, settled
from bench.snapshot import until_kept
from build_support.errors import StepFailed
from build_support.server import Fault, StaticServer

CYCLES = 10
WANTED_PERCENT = 10.0
STEP_LIMIT_S = 240.0
EAGER = "--enable-blink-features=ForceEagerMeasureMemory"
"""Measuring, and so collecting, happens at once and not at some time in the next seconds."""
MARK = "pages/mark.json"
RUNNERS = {"kernel": WANTED_PERCENT, "onnxruntime": None}
"""What computes, and how much the renderer may grow at most."""
STARTS = {"bytecode": "first visit", "snapshot": "second visit"}
"""What Python begins with, and which visit begins so."""


def run(context: Context) -> Outcome:
    contenders, targets = [], []
    found, notes = senses(context.site / "orion"), []
    asked: list[tuple[str, dict[str, str], float | None]] = [
        (runner, {"model": context.model, "runner": runner}, wanted) for runner, wanted in RUNNERS.items()
    ]
    if found:
        asked.append(("senses", {"senses": ",".join(found)}, WANTED_PERCENT))
    for what, query, wanted in asked:
        for start, which in STARTS.items():
            contender = Contender(f"engine worker, {query.get('senses', what)}, {which}", enough=1)
            contenders.append(contender)
            targets += _measured(context, contender, f"{what}, {which}", {**query, "start": start}, wanted)
    if not found:
        notes.append("The site has no models that see or hear: python3 build.py build --models lite,vision,speech")
    return Outcome("memory", contenders, targets, notes)


def senses(site: Path) -> list[str]:
    """The ids of the graph models that the built ``site`` has."""
    entries: list[dict[str, str]] = json.loads((site / "models.json").read_text("utf-8")).get("senses", [])
    return [entry["id"] for entry in entries if (site / entry["manifest"]).is_file()]


def _measured(
    context: Context, contender: Contender, what: str, query: Mapping[str, str], wanted: float | None
) -> list[Target]:
    context.settle(f"{CYCLES} loads, {what}")
    before, left, kept = _cycles(context, contender, query)
    return [
        growth(f"{what}, renderer: growth over all unloads, garbage collected", before, kept, wanted),
        growth(f"{what}, renderer: the same as the unloading leaves it", before, left, None),
        growth(f"{what}, renderer: growth since the first unload, garbage collected", kept[0], kept[1:], wanted),
    ]


def _cycles(context: Context, contender: Contender, asked: Mapping[str, str]) -> tuple[float, list[float], list[float]]:
    """The renderer's memory before anything was loaded, and after each unloading: at once, and collected."""
    query = urllib.parse.urlencode({"cycles": CYCLES, **asked})
    with new_profile() as profile:
        if asked["start"] == "snapshot":
            _first_visit(context, profile)
        left, kept, before = _visited(context, contender, f"{context.url}pages/memory.html?{query}", profile)
    context.server.faults.clear()
    context.server.log.clear()
    return before, left, kept


def _first_visit(context: Context, profile: str) -> None:
    """To the page itself, until the next start's snapshot is there."""
    with visit(context.playwright, profile) as browser, opened(browser, f"{context.url}orion/index.html") as page:
        until_kept(page)


def _visited(context: Context, contender: Contender, url: str, profile: str) -> tuple[list[float], list[float], float]:
    left: list[float] = []
    kept: list[float] = []
    mark = context.server.faults.hold(MARK)
    with unattended(url, profile, EAGER):
        before, mark = _at(mark, context.server)
        _note(contender, "before", before)
        for _ in range(CYCLES):
            loaded, mark = _at(mark, context.server)
            _note(contender, "loaded", loaded)
            unloaded, mark = _at(mark, context.server)
            _note(contender, "unloaded", unloaded)
            left.append(unloaded.renderer)
            collected, mark = _at(mark, context.server)
            _note(contender, "unloaded and collected", collected)
            kept.append(collected.renderer)
    return left, kept, before.renderer


def _at(mark: Fault, server: StaticServer) -> tuple[Memory, Fault]:
    """The memory when the page has come to ``mark``, and its next one. Raises StepFailed if it doesn't come."""
    if not mark.reached.wait(STEP_LIMIT_S):
        failures = [urllib.parse.unquote(request.path) for request in server.requests("pages/failed/*")]
        raise StepFailed(f"the page for memory stopped: {'; '.join(failures) or 'it takes too long'}")
    memory = settled()
    following = server.faults.hold(MARK)
    mark.release()
    return memory, following


def _note(contender: Contender, when: str, memory: Memory) -> None:
    """Memory isn't a matter of who else computes: the samples count as undisturbed."""
    contender.add(f"renderer, {when}", "MiB", memory.renderer, 0.0)
    contender.add(f"whole browser, {when}", "MiB", memory.browser, 0.0)


def growth(title: str, before: float, after: list[float], wanted: float | None) -> Target:
    """The worst of ``after`` against ``before``, in percent; less than before counts as no growth."""
    return Target(title, max(0.0, max(after) / before - 1) * 100, wanted, False, "%", False)
