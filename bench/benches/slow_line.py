"""A first visit on a line of 20 Mbit/s: how soon after its bytes the first token comes.

A visitor opens the page and asks at once. Against it stands the time that the bytes need which the
visit downloaded up to the first token, at the line's speed. Beside it, without a page, an engine that
loads as it does (each part of the model is hashed, stored and laid out in memory while the next one
arrives) and one that is handed the model whole: all is downloaded first, and then loaded from a line
that is as fast as can be.
"""

from __future__ import annotations

from typing import Any

from playwright.sync_api import BrowserContext, Page

from bench.benches.generate import VARIANT
from bench.benches.load import QUESTION, WATCH
from bench.chromium import fresh_profile
from bench.context import Context
from bench.cpu import watching
from bench.figures import Contender, Outcome, limit, speedup
from build_support.server import Throttle
from orion_py.loading.manifest import parse_manifest

MBITS = 20.0
WANTED = 1.15
FIRST = "first token"


def run(context: Context) -> Outcome:
    visitor = Contender("visitor")
    arriving, whole = Contender("engine, while it arrives"), Contender("engine, all first")
    try:
        for number in range(context.rounds):
            for contender in (visitor, arriving, whole):
                context.settle(f"round {number + 1} of {context.rounds}: {contender.name}")
                context.server.log.clear()
                with fresh_profile(context.playwright) as browser:
                    if contender is visitor:
                        _visit(context, browser, visitor)
                    else:
                        _load(context, browser, contender, whole=contender is whole)
    finally:
        context.server.throttle = None
    return Outcome(
        "slow_line",
        [visitor, arriving, whole],
        [
            limit("first token over the time of the visit's bytes", visitor.series["over its bytes"], WANTED),
            speedup("loading while it arrives, against all first", arriving.series[FIRST], whole.series[FIRST], None),
        ],
        [f"a line of {MBITS:.0f} Mbit/s, nothing stored; asked at once: {QUESTION}"],
    )


def _visit(context: Context, browser: BrowserContext, contender: Contender) -> None:
    browser.add_init_script(path=WATCH)
    page = browser.new_page()
    context.server.throttle = Throttle(MBITS)
    with watching() as watch:
        page.goto(f"{context.url}orion/index.html?lang=en")
        page.locator("html[data-busy]").wait_for(state="attached")
        page.get_by_role("textbox", name="Message").fill(QUESTION)
        page.get_by_role("button", name="Send", exact=True).click()
        page.wait_for_function("() => orionWatch.times['first token']")
    ms: float = page.evaluate("() => orionWatch.times['first token']")
    _note(contender, ms, _sent(context), watch.foreign)


def _load(context: Context, browser: BrowserContext, contender: Contender, *, whole: bool) -> None:
    page = browser.new_page()
    page.goto(f"{context.url}pages/slow_line.html")
    page.evaluate("() => begin()")  # the engine itself isn't what is measured here
    context.server.log.clear()
    context.server.throttle = Throttle(MBITS)
    with watching() as watch:
        ms = _milliseconds(page, "urls => download(urls)", _urls(context)) if whole else 0.0
        if whole:
            context.server.throttle = None
        ms += _milliseconds(page, "query => firstToken(query)", QUESTION)
    contender.add(FIRST, "ms", ms, watch.foreign)


def _milliseconds(page: Page, script: str, value: Any) -> float:
    return float(page.evaluate(script, value))


def _note(contender: Contender, ms: float, sent: int, foreign: float | None) -> None:
    contender.add(FIRST, "ms", ms, foreign)
    contender.add("downloaded", "MB", sent / 1e6, foreign)
    contender.add("over its bytes", "x", over_its_bytes(ms, sent), foreign)


def over_its_bytes(ms: float, sent: int, megabits: float = MBITS) -> float:
    """``ms`` over the time that ``sent`` bytes need on the line."""
    return ms / 1000 / (sent * 8 / (megabits * 1e6))


def _sent(context: Context) -> int:
    return sum(request.bytes for request in context.server.requests())


def _urls(context: Context) -> list[str]:
    """The shards that the engine downloads, in its order."""
    manifest = parse_manifest((context.site / f"orion/models/{context.model}/manifest.json").read_text("utf-8"))
    shards = manifest.shards_for(manifest.variant(VARIANT))
    return [f"../orion/models/shards/{shard.sha256}" for shard in shards]
