"""Traces the page's main thread: how long its tasks ran on the processor, whatever else the machine did meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

CATEGORIES = ["toplevel", "__metadata"]
TASKS = ("ThreadControllerImpl::RunTask", "RunTask")
MAIN = "CrRendererMain"
LIMIT_S = 60.0


@dataclass(slots=True)
class Longest:
    """``ms``: of the task that had the processor longest; 0 until the trace is read."""

    ms: float = 0.0


@contextmanager
def traced(page: Page) -> Iterator[Longest]:
    """Traces what happens inside; what it gives is filled in at the end. Raises RuntimeError where no trace comes."""
    found = Longest()
    session = page.context.new_cdp_session(page)
    events: list[Mapping[str, Any]] = []
    ended: list[object] = []
    session.on("Tracing.dataCollected", lambda message: events.extend(message["value"]))
    session.on("Tracing.tracingComplete", ended.append)
    config = {"includedCategories": CATEGORIES, "excludedCategories": ["*"]}
    session.send("Tracing.start", {"transferMode": "ReportEvents", "traceConfig": config})
    try:
        yield found
    finally:
        session.send("Tracing.end")
        end = time.monotonic() + LIMIT_S
        while not ended and time.monotonic() < end:
            page.wait_for_timeout(50)
    if not ended:
        raise RuntimeError(f"The browser gave no trace within {LIMIT_S:.0f} s.")
    found.ms = longest_ms(events)


def longest_ms(events: Iterable[Mapping[str, Any]]) -> float:
    """The most processor time of one task on a page's main thread, in ms. ``events``: in the trace event format, whose
    ``tdur`` is a thread's processor time in µs (Trace Event Format, "Complete Events"). Raises RuntimeError where
    there is no such task."""
    events = list(events)
    named = (event for event in events if event.get("name") == "thread_name")
    mains = {(event["pid"], event["tid"]) for event in named if event["args"]["name"] == MAIN}
    tasks = (event for event in events if event.get("name") in TASKS and (event["pid"], event["tid"]) in mains)
    longest = max((event["tdur"] / 1000 for event in tasks if "tdur" in event), default=None)
    if longest is None:
        raise RuntimeError("The trace has no task of a page's main thread.")
    return longest
