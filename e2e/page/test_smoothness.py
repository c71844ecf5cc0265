"""The main thread is never held for more than 50 ms while a model loads and an answer streams.

Counted is the thread's own time, from Chromium's trace: on a busy machine a task's length on the
clock says more about the other processes than about the page.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from e2e.page import assembled
from e2e.page.conftest import Visit

pytestmark = pytest.mark.alone

LONGEST_MS = 50
CATEGORIES = ["toplevel", "devtools.timeline"]


def busiest(trace: bytes) -> list[float]:
    """CPU ms of the renderer's main thread per task, longest first."""
    events: list[dict[str, Any]] = json.loads(trace)["traceEvents"]
    main = {
        (e["pid"], e["tid"]) for e in events if e["name"] == "thread_name" and e["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        e.get("tdur", 0) / 1000
        for e in events
        if e.get("ph") == "X" and e["name"].endswith("RunTask") and (e["pid"], e["tid"]) in main
    ]
    return sorted(tasks, reverse=True)


def test_loading_and_a_flood_of_tokens_leave_the_page_responsive(
    chromium: Browser, visit: Callable[..., Visit], folder: Path
) -> None:
    assembled.scenario(folder, bytesPerSecond=60e6, tickMs=8, shards=24)
    page = visit()
    page.open()
    chromium.start_tracing(page=page.page, categories=CATEGORIES)
    page.ask("flood me")  # the load is under way; then some 2,000 pieces at 2,000 a second
    page.state("success")
    tasks = busiest(chromium.stop_tracing())
    print("busiest main-thread tasks while loading and streaming, ms:", [round(task, 1) for task in tasks[:5]])
    assert page.answer.locator(".answer").inner_text().count("Three ways to say it") == 12
    assert len(tasks) > 100
    assert tasks[0] < LONGEST_MS


def test_a_long_conversation_comes_back_without_a_jolt(chromium: Browser, page: Visit) -> None:
    page.ask_and_wait("flood me")
    page.ask_and_wait("Another that reverses")
    chromium.start_tracing(page=page.page, categories=CATEGORIES)
    page.page.reload()
    page.wait()
    page.page.wait_for_timeout(500)
    tasks = busiest(chromium.stop_tracing())
    print("busiest main-thread tasks of a warm visit, ms:", [round(task, 1) for task in tasks[:5]])
    assert tasks[0] < LONGEST_MS
