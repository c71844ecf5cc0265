"""What blocked the main thread is told by stage."""

from __future__ import annotations

from bench.benches.load import blocked

TIMES = {"engine started": 500.0, "first token": 3000.0}


def test_each_stage_has_its_longest_task() -> None:
    blocks = [
        {"start": 100.0, "ms": 90.0},
        {"start": 600.0, "ms": 55.0},
        {"start": 2000.0, "ms": 70.0},
        {"start": 3500.0, "ms": 51.0},
    ]
    assert dict(blocked(TIMES, blocks)) == {"page start": 90.0, "loading": 70.0, "streaming": 51.0}


def test_a_stage_without_long_tasks_has_none() -> None:
    assert dict(blocked(TIMES, [])) == {"page start": 0.0, "loading": 0.0, "streaming": 0.0}
