"""Memory before a model is loaded, while it is, and after it was unloaded, ten times over.

An engine worker is driven through its protocol. It loads the model, answers a short question and unloads
it again; after each unloading the renderer's memory should be what it was before the first load, which
is taken once the engine is ready and the shards are stored.
"""

from __future__ import annotations

from bench.benches.generate import MODEL
from bench.chromium import fresh_profile, opened
from bench.context import Context
from bench.figures import Contender, Outcome, Target
from bench.memory import settled

CYCLES = 10
WANTED_PERCENT = 10.0
QUESTION = {"query": "Say hello.", "history": [], "options": {"max_tokens": 8, "temperature": 0}}
ASK = "([type, fields]) => ask(type, fields)"


def run(context: Context) -> Outcome:
    contender = Contender("engine worker")
    after: list[float] = []
    context.settle(f"{CYCLES} loads")
    with fresh_profile(context.playwright) as browser, opened(browser, f"{context.url}pages/engine-page.html") as page:
        page.wait_for_function("() => 'ask' in globalThis")
        page.evaluate(ASK, ["initialize", {"config": {"backend": "wasm"}, "locale": "en"}])
        fresh = settled().renderers
        page.evaluate(ASK, ["preload", {"model": MODEL}])
        page.evaluate(ASK, ["unload", {"model": MODEL}])
        before = settled().renderers
        for _ in range(CYCLES):
            page.evaluate(ASK, ["preload", {"model": MODEL}])
            page.evaluate(ASK, ["infer", QUESTION])
            loaded = settled()
            page.evaluate(ASK, ["unload", {"model": MODEL}])
            unloaded = settled()
            after.append(unloaded.renderers)
            # Memory isn't a matter of who else computes.
            contender.add("loaded", "MiB", loaded.renderers, 0.0)
            contender.add("unloaded", "MiB", unloaded.renderers, 0.0)
            contender.add("whole browser, loaded", "MiB", loaded.browser, 0.0)
            contender.add("whole browser, unloaded", "MiB", unloaded.browser, 0.0)
    contender.facts = {"fresh_mib": fresh, "before_mib": before}
    contender.add("engine alone", "MiB", fresh, 0.0)
    contender.add("before", "MiB", before, 0.0)
    contender.series["before"].enough = contender.series["engine alone"].enough = 1
    growth = max(value / before - 1 for value in after) * 100
    since_fresh = max(value / fresh - 1 for value in after) * 100
    targets = [
        Target(f"most growth in {CYCLES} loads and unloads", growth, WANTED_PERCENT, False, "%", False),
        Target(
            "most growth since the engine was ready, nothing loaded yet", since_fresh, WANTED_PERCENT, False, "%", False
        ),
    ]
    return Outcome("memory", [contender], targets)


def _growth(title: str, before: float, after: list[float]) -> Target:
    """The worst of ``after`` against ``before``, in percent; less than before counts as no growth."""
    return Target(title, max(0.0, max(after) / before - 1) * 100, WANTED_PERCENT, False, "%", False)
