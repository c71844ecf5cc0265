"""Full, the real one, comes in behind Lite while a person types: what the page's main thread does meanwhile.

``python3 build.py test long e2e -k test_full`` runs it. Tasks are judged by the processor's time that they took: on a
machine whose cores are all busy, any task waits.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page

from e2e.support.larger import serving_with
from e2e.support.person import Person
from e2e.support.site import DIST
from e2e.support.waiting import until
from e2e.support.web import Web

FULL = "qwen2.5-coder-0.5b-instruct"
PATIENCE_S = 300.0
MOST_MS = 50.0
CATEGORIES = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"]
MAIN = "CrRendererMain"

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        not (DIST / "models" / FULL / "manifest.json").is_file(),
        reason="dist/ was built without Full: python3 build.py build --models lite,full",
    ),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    yield from serving_with(FULL, tmp_path_factory.mktemp("larger"))


@contextmanager
def traced(page: Page) -> Iterator[list[dict[str, Any]]]:
    """The browser's trace events of the block, once it has ended (the Trace Event Format)."""
    browser, events, ended = page.context.browser, [], []  # type: ignore[var-annotated]
    cdp = page.context.new_cdp_session(page) if browser is None else browser.new_browser_cdp_session()
    cdp.on("Tracing.dataCollected", lambda part: events.extend(part["value"]))
    cdp.on("Tracing.tracingComplete", lambda _: ended.append(True))
    cdp.send("Tracing.start", {"transferMode": "ReportEvents", "traceConfig": {"includedCategories": CATEGORIES}})
    yield events
    cdp.send("Tracing.end")
    until(page, "the trace is here", lambda: bool(ended))


def main_tasks_ms(events: list[dict[str, Any]]) -> list[float]:
    """The processor's time of each task of the page's main thread, in milliseconds: ``tdur``, the thread's own."""
    threads = {(e["pid"], e["tid"]) for e in events if e["name"] == "thread_name" and e["args"]["name"] == MAIN}
    found: dict[int, list[float]] = {}
    for event in events:
        if event["name"] == "RunTask" and (event["pid"], event["tid"]) in threads and "tdur" in event:
            found.setdefault(event["pid"], []).append(event["tdur"] / 1000)
    return max(found.values(), key=len)  # other renderers have next to nothing to do


def test_no_task_of_the_page_is_long_while_full_downloads_and_is_readied(newcomer: Person) -> None:
    newcomer.opens()
    newcomer.waits_for_the_model()
    line = newcomer.page.locator("#upgrade")
    with traced(newcomer.page) as events:
        newcomer.asks("What is the capital of France?").succeeds()
        until(newcomer.page, "Full is on its way", lambda: "is here" in line.inner_text() or line.is_visible())
        began = time.monotonic()
        while "is here: it answers" not in line.inner_text():
            newcomer.message.press_sequentially("Tell me about the sea. ", delay=90)
            assert time.monotonic() - began < PATIENCE_S, line.inner_text()
    tasks = main_tasks_ms(events)
    assert len(tasks) > 1000, "the trace holds the page's tasks"
    assert max(tasks) < MOST_MS
