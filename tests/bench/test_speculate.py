"""What the bench of speculation compares, and what it refuses to compare."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Error

from bench.benches.speculate import GAIN, NO_LOSS, PAIRS, TASKS, measure, targets_for
from bench.figures import Contender


class Job:
    """Answers at 30 tokens a second, and at 60 with speculation."""

    def __init__(self, **changes: Any) -> None:
        self.asked: list[dict[str, Any]] = []
        self.changes = changes

    def run(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(asked)
        ahead = asked["options"]["speculation"]
        figures = {
            "decode_tps": 60.0 if ahead else 30.0,
            "text": "said",
            "completion": 160,
            "drafted": 9,
            "accepted": 8,
        }
        return figures | (self.changes if ahead else {})


@contextmanager
def idle() -> Iterator[SimpleNamespace]:
    yield SimpleNamespace(foreign=0.0)


def both() -> tuple[Contender, Contender]:
    return Contender("without"), Contender("with")


def test_both_ways_take_turns_after_a_run_that_warms_the_cache() -> None:
    job, (without, ahead) = Job(), both()
    measure(job, TASKS[0], without, ahead, idle)  # type: ignore[arg-type]
    assert [asked["options"]["speculation"] for asked in job.asked] == [False, *[False, True] * PAIRS]
    assert len({asked["query"] for asked in job.asked}) == 1
    assert (without.series["decode"].median, ahead.series["decode"].median) == (30.0, 60.0)
    assert ahead.facts == {"completion": 160, "drafted": 9, "accepted": 8}


def test_an_answer_that_differs_is_an_error_and_no_figure() -> None:
    without, ahead = both()
    with pytest.raises(Error, match="isn't the same"):
        measure(Job(text="said otherwise"), TASKS[0], without, ahead, idle)  # type: ignore[arg-type]
    assert not ahead.series


def test_an_answer_too_short_to_be_timed_is_an_error() -> None:
    with pytest.raises(Error, match="ended after 3 tokens"):
        measure(Job(completion=3), TASKS[0], *both(), idle)  # type: ignore[arg-type]


def test_repeated_text_has_to_gain_and_chat_must_not_lose() -> None:
    contenders = {}
    for task in TASKS:
        contenders[task.name, False], contenders[task.name, True] = both()
        measure(Job(), task, contenders[task.name, False], contenders[task.name, True], idle)  # type: ignore[arg-type]
    targets = targets_for(contenders)
    assert [target.value for target in targets] == [pytest.approx(2.0)] * len(TASKS)
    assert [target.wanted for target in targets] == [GAIN, GAIN, NO_LOSS, NO_LOSS]
