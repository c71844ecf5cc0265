"""Measures a first visit on a 20 Mbit/s connection: how soon after its bytes the first token comes.

A visitor opens the page and asks at once. Against it stands the time that the bytes need which the
visit downloaded up to the first token, at the connection's speed; beside it, how long after the model's last
byte the token came.

Without a page, an engine that is up loads its model as it does: each part is hashed, stored and laid out
in memory while the next one arrives. Against it, one that is handed all first: the very files that the
former asked for come over the same line as they are, and then it loads them
from a line that is as fast as can be.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import Any

from playwright.sync_api import BrowserContext, Page

from bench.benches.load import QUESTION, WATCH
from bench.chromium import fresh_profile
from bench.context import Context
from bench.cpu import watching
from bench.figures import Contender, Outcome, limit, speedup
from bench.kernel import manifest_of
from build_support.server import Request, Throttle

MBITS = 20.0
WANTED = 1.07
FIRST, MOVED, OVER, AFTER = "first token", "downloaded", "over its bytes", "after the last byte"


def run(context: Context) -> Outcome:
    visitor = Contender("visitor")
    arriving, whole = Contender("engine, while it arrives"), Contender("engine, all first")
    try:
        for number in range(context.rounds):
            paths: list[str] = []
            for contender in (visitor, arriving, whole):
                context.settle(f"round {number + 1} of {context.rounds}: {contender.name}")
                context.server.log.clear()
                with fresh_profile(context.playwright) as browser:
                    if contender is visitor:
                        _visit(context, browser, visitor)
                    elif contender is arriving:
                        paths = _load(context, browser, arriving)
                    else:
                        _load_downloaded(context, browser, whole, paths)
    finally:
        context.server.throttle = None
    return Outcome(
        "slow_line",
        [visitor, arriving, whole],
        [
            limit("first token over the time of the visit's bytes", visitor.series[OVER], WANTED),
            speedup("loading while it arrives, against all first", arriving.series[FIRST], whole.series[FIRST], None),
        ],
        [
            f"a line of {MBITS:.0f} Mbit/s, nothing stored; asked at once: {QUESTION}",
            f"both engines move the same files over it: {arriving.series[MOVED].median:.1f} and "
            f"{whole.series[MOVED].median:.1f} MB",
        ],
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
    moved = with_bodies(context.server.requests())
    ms, opened = page.evaluate("() => [orionWatch.times['first token'], performance.timeOrigin / 1000]")
    # The router comes right behind the model: its parts aren't what the token waited for.
    _note(contender, ms, moved, last_byte(moved, _shards(context)), opened + ms / 1000, watch.foreign)


def _load(context: Context, browser: BrowserContext, contender: Contender) -> list[str]:
    """The paths of all that it downloaded for its model."""
    page = _engine(context, browser)
    with watching() as watch:
        asked = time.time()
        ms = _milliseconds(page, "query => firstToken(query)", QUESTION)
    moved = with_bodies(context.server.requests())
    _note(contender, ms, moved, last_byte(moved, _shards(context)), asked + ms / 1000, watch.foreign)
    return list(dict.fromkeys(request.path for request in moved))


def _load_downloaded(context: Context, browser: BrowserContext, contender: Contender, paths: list[str]) -> None:
    page = _engine(context, browser)
    with watching() as watch:
        downloading = _milliseconds(page, "urls => download(urls)", [f"../{path}" for path in paths])
        moved = with_bodies(context.server.requests())
        context.server.throttle = None
        loading = _milliseconds(page, "query => firstToken(query)", QUESTION)
    _note(contender, downloading + loading, moved, 0.0, loading / 1000, watch.foreign)


def _engine(context: Context, browser: BrowserContext) -> Page:
    """A page whose engine is up, which isn't what is measured here; from now on the connection is slow."""
    page = browser.new_page()
    page.goto(f"{context.url}pages/slow_line.html")
    page.evaluate("() => begin()")
    context.server.log.clear()
    context.server.throttle = Throttle(MBITS)
    return page


def _milliseconds(page: Page, script: str, value: Any) -> float:
    return float(page.evaluate(script, value))


def _note(
    contender: Contender, ms: float, moved: list[Request], last: float, token: float, foreign: float | None
) -> None:
    """``last`` and ``token``: when the last byte and the first token came, in seconds on one clock."""
    sent = sum(request.bytes for request in moved)
    contender.add(FIRST, "ms", ms, foreign)
    contender.add(MOVED, "MB", sent / 1e6, foreign)
    contender.add(OVER, "x", over_its_bytes(ms, sent), foreign)
    contender.add(AFTER, "ms", (token - last) * 1000, foreign)


def over_its_bytes(ms: float, sent: int, megabits: float = MBITS) -> float:
    """``ms`` over the download time of ``sent`` bytes."""
    return ms / 1000 / (sent * 8 / (megabits * 1e6))


def with_bodies(requests: Sequence[Request]) -> list[Request]:
    """Those that moved bytes: what the browser had and only revalidated took no bandwidth."""
    return [request for request in requests if request.bytes]


def last_byte(requests: Sequence[Request], names: Collection[str]) -> float:
    """When the last of the files called ``names`` was there, in seconds since the epoch. Raises ValueError
    where none was sent."""
    return max(request.ended for request in requests if request.path.rsplit("/", 1)[-1] in names)


def _shards(context: Context) -> frozenset[str]:
    """What the parts of the model are called that an engine may download."""
    return frozenset(shard.sha256 for shard in manifest_of(context.site / "orion", context.model).shards)
