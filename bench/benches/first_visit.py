"""Measures what a first visit downloads, file by file: up to the first token, and after it.

A visitor opens the page on 20 Mbit/s and asks at once, as in ``slow_line``. After the first token the connection
runs at full speed, and the bench waits for all automatic downloads. It counts bodies as they are sent: this
server compresses nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from playwright.sync_api import BrowserContext

from bench.benches.load import QUESTION, WATCH
from bench.benches.slow_line import MBITS
from bench.chromium import fresh_profile
from bench.context import Context
from bench.downloads import File, by_kind, lines, shard_titles, tally
from bench.figures import Contender, Outcome
from build_support.server import Request, StaticServer, Throttle

SHOWN = 40
"""Files with a line of their own."""
STILL_S = 12.0
"""When nothing was downloaded for so long, all automatic downloads are done."""
LIMIT_S = 240.0
SITE = "orion/"


def run(context: Context) -> Outcome:
    context.settle("a first visit")
    context.server.log.clear()
    try:
        with fresh_profile(context.playwright) as browser:
            moment = _visit(context, browser)
            files = tally(of_site(context.server.requests()), moment)
    finally:
        context.server.throttle = None
    contender = Contender("first visit", enough=1)
    contender.facts = {"files": [{"path": file.path, "before": file.before, "after": file.after} for file in files]}
    # Bytes are no matter of who else computes: the samples count as undisturbed.
    for metric, count in (
        ("up to the first token", sum(file.before for file in files)),
        ("after it", sum(file.after for file in files)),
    ):
        contender.add(metric, "MB", count / 1e6, 0.0)
    return Outcome("first_visit", [contender], [], notes_for(files, shard_titles(context.site / "orion" / "models")))


def notes_for(files: list[File], titles: dict[str, str]) -> list[str]:
    """The files, the largest first, and what they belong to."""
    head = "MB up to the first token, and after it:"
    return [
        head,
        *lines(files, titles, SHOWN),
        "By what they belong to:",
        *lines(by_kind(files), {}, len(files), "kinds"),
    ]


def of_site(requests: list[Request]) -> list[Request]:
    """Those for the site, by their paths in it."""
    return [
        request._replace(path=request.path.removeprefix(SITE)) for request in requests if request.path.startswith(SITE)
    ]


def _visit(context: Context, browser: BrowserContext) -> float:
    """When the first token came, in seconds since the epoch."""
    browser.add_init_script(path=WATCH)
    page = browser.new_page()
    context.server.throttle = Throttle(MBITS)
    page.goto(f"{context.url}orion/index.html?lang=en")
    page.locator("html[data-busy]").wait_for(state="attached")
    page.get_by_role("textbox", name="Message").fill(QUESTION)
    page.get_by_role("button", name="Send", exact=True).click()
    page.wait_for_function("() => orionWatch.times['first token']")
    ms, opened = page.evaluate("() => [orionWatch.times['first token'], performance.timeOrigin / 1000]")
    context.server.throttle = None
    wait_until_still(context.server)
    return float(opened + ms / 1000)


def wait_until_still(
    server: StaticServer, sleep: Callable[[float], None] = time.sleep, now: Callable[[], float] = time.time
) -> None:
    """Returns once no answer has ended for ``STILL_S``, or after about ``LIMIT_S``."""
    started = now()
    while now() - started < LIMIT_S:
        last = max((request.ended for request in server.requests()), default=started)
        if now() - max(last, started) >= STILL_S:
            return
        sleep(1.0)
