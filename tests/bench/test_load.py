"""What blocked the main thread is told by stage; visits are compared between visitors."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.benches.load import (
    BEFORE,
    NOW,
    ON_ORT,
    STAGES,
    VISITS,
    WITH_PANEL,
    Visitor,
    blocked,
    choosing,
    keeps_snapshots,
    targets_for,
)
from bench.figures import Contender

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


def visits(*visitors: tuple[Visitor, float]) -> dict[str, Contender]:
    made = {}
    for visitor, ms in visitors:
        for which, factor in zip(VISITS, (2.0, 1.0), strict=True):
            contender = Contender(visitor.visit(which))
            for _ in range(3):
                contender.add("first token", "ms", ms * factor, 0.0)
                for stage in (*STAGES, WITH_PANEL):
                    contender.add(f"blocked, {stage}", "ms", 40.0, 0.0)
            made[contender.name] = contender
    return made


def test_both_visits_are_compared_with_the_earlier_build_and_with_onnxruntime() -> None:
    found = {t.title: t for t in targets_for(visits((NOW, 2000.0), (ON_ORT, 5000.0), (BEFORE, 7600.0)))}
    assert found["second visit: page opened to first token"].met
    second = found["second visit: first token, times sooner than with before"]
    first = found["first visit: first token, times sooner than with before"]
    assert (second.value, second.wanted, first.wanted) == (pytest.approx(3.8), 3.0, 2.0)
    onnx = found["second visit: first token, times sooner than with onnxruntime"]
    assert (onnx.value, onnx.wanted) == (pytest.approx(2.5), None)


def test_without_an_earlier_build_nothing_is_said_of_one() -> None:
    titles = [target.title for target in targets_for(visits((NOW, 2000.0), (ON_ORT, 5000.0)))]
    assert not [title for title in titles if "before" in title]
    assert len([title for title in titles if "longest task" in title]) == 2 * (len(STAGES) + 1)


def test_a_runner_is_chosen_where_the_settings_keep_it() -> None:
    script = choosing("onnxruntime")
    assert "'orion.preferences'" in script
    assert '{"engine": {"runner": "onnxruntime"}}' in script


def test_a_build_without_snapshots_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "bridge" / "worker").mkdir(parents=True)
    assert not keeps_snapshots(tmp_path)
    (tmp_path / "bridge" / "worker" / "snapshot").mkdir()
    assert keeps_snapshots(tmp_path)
