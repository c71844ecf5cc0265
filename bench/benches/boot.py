"""Measures the engine's start, from its worker's to an engine that can route, beside stock Pyodide's.

Both start the same Python engine from the same origin; they differ in how Pyodide comes up. Stock is
its documented way: loadPyodide, loadPackage of numpy and pydantic from files beside it, sources compiled
at import. Each round is a Chromium with a fresh profile, in which each contender boots once for the first
time and then warm, taking turns. Then the page itself is opened, so that its service worker keeps the files and an
idle moment the snapshot, and ORION boots from that; its engine has to say that it did. By then the model is stored,
too, and an engine brings it into memory while Python starts, as at any second visit. Beside that stands the start
alone: stock Pyodide's engine has no model to bring.
"""

from __future__ import annotations

from playwright.sync_api import BrowserContext

from bench.chromium import fresh_profile, opened
from bench.context import Context
from bench.cpu import watching
from bench.figures import Contender, Outcome, speedup
from bench.snapshot import until_kept

CONTENDERS = {"orion": "ORION", "stock": "stock Pyodide, loadPackage"}
SNAPSHOT = "ORION, from a snapshot"
ALONE = "ORION, from a snapshot, no model meanwhile"
WARM = 2
"""Warm boots a round; one before them isn't counted, it fills the browser's code cache."""
RETRIES = 3
WANTED = 3.0
WANTED_SNAPSHOT = 8.0


def run(context: Context) -> Outcome:
    contenders = {key: Contender(name) for key, name in CONTENDERS.items()}
    snapshot, alone = Contender(SNAPSHOT), Contender(ALONE)
    for number in range(context.rounds):
        context.settle(f"round {number + 1} of {context.rounds}")
        order = list(contenders) if number % 2 == 0 else list(reversed(contenders))
        with fresh_profile(context.playwright) as browser:
            for key in order:
                _boot(context, browser, key, contenders[key], "first")
            for key in order:
                _boot(context, browser, key, None, "")
            for _ in range(WARM):
                for key in order:
                    _boot(context, browser, key, contenders[key], "warm")
            _until_kept(context, browser)
            _boot(context, browser, "orion", None, "")
            for _ in range(WARM):
                _boot(context, browser, "orion", snapshot, "warm", "snapshot")
                _boot(context, browser, "orion", alone, "warm", "snapshot", ahead=False)
    ours, stock = contenders["orion"], contenders["stock"]
    targets = [
        speedup(f"engine ready, {metric}, against stock Pyodide", ours.series[metric], stock.series[metric], WANTED)
        for metric in ("first", "warm")
    ]
    title = "engine ready, from a snapshot, against stock Pyodide"
    targets.append(speedup(title, snapshot.series["warm"], stock.series["warm"], WANTED_SNAPSHOT))
    targets.append(speedup(f"{title}, no model meanwhile", alone.series["warm"], stock.series["warm"], None))
    return Outcome("boot", [*contenders.values(), snapshot, alone], targets)


def _until_kept(context: Context, browser: BrowserContext) -> None:
    """A visit that ends once the next start's snapshot is there."""
    with opened(browser, f"{context.url}orion/index.html") as page:
        until_kept(page)


def _boot(
    context: Context,
    browser: BrowserContext,
    key: str,
    contender: Contender | None,
    metric: str,
    begins: str = "bytecode",
    *,
    ahead: bool = True,
) -> None:
    """One boot; a warm one that was disturbed is done again, a first one can't be. ``ahead``: the last visit's model
    comes into memory meanwhile. Raises RuntimeError where ORION's began with something else than ``begins``."""
    for _ in range(1 + (RETRIES if metric == "warm" else 0)):
        with opened(browser, f"{context.url}pages/boot.html") as page:
            page.wait_for_function("() => 'boot' in globalThis")
            with watching() as watch:
                answer = page.evaluate("([which, ahead]) => boot(which, ahead)", [key, ahead])
        if contender is None:
            return
        if key == "orion" and answer["began"] != begins:
            raise RuntimeError(f"the engine began with {answer['began']}, not with {begins}")
        contender.facts = {"version": answer["version"]}
        contender.add(metric, "ms", answer["ms"], watch.foreign)
        if watch.quiet or watch.foreign is None:
            return
