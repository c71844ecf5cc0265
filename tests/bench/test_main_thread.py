"""Tests of the main thread's trace."""

from __future__ import annotations

from typing import Any

import pytest

from bench.main_thread import longest_ms

NAMES = [
    {"name": "thread_name", "pid": 7, "tid": 1, "args": {"name": "CrRendererMain"}},
    {"name": "thread_name", "pid": 7, "tid": 2, "args": {"name": "DedicatedWorker thread"}},
    {"name": "thread_name", "pid": 8, "tid": 1, "args": {"name": "CrBrowserMain"}},
]


def task(pid: int, tid: int, ms: float, **more: Any) -> dict[str, Any]:
    return {"name": "RunTask", "ph": "X", "pid": pid, "tid": tid, "tdur": ms * 1000, **more}


def test_the_longest_task_is_a_pages_by_its_processor_time() -> None:
    others = [task(7, 2, 400), task(8, 1, 300), {"name": "RunTask", "pid": 7, "tid": 1}]
    assert longest_ms([*NAMES, *others, task(7, 1, 14, dur=290_000), task(7, 1, 11)]) == 14


def test_what_lies_inside_a_task_is_no_task() -> None:
    assert longest_ms([*NAMES, task(7, 1, 20), task(7, 1, 40, name="Layout")]) == 20


def test_a_trace_without_a_pages_tasks_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="no task"):
        longest_ms([*NAMES, task(7, 2, 4)])
