"""What the bench of the loop detector compares, and what it refuses to compare."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Error

from bench.benches.loops import MOST, PAIRS, measure, targets_for
from bench.figures import Contender


class Job:
    """Python takes 4 % of a step, half of it beside the model, where the detector takes half a percent more."""

    def __init__(self, **changes: Any) -> None:
        self.asked: list[dict[str, Any]] = []
        self.changes = changes

    def run(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(asked)
        watched = asked["options"]["cut_loops"]
        figures = {"python_percent": 2.0, "beside_percent": 2.5 if watched else 2.0, "text": "said", "completion": 160}
        return figures | (self.changes if watched else {})


@contextmanager
def idle() -> Iterator[SimpleNamespace]:
    yield SimpleNamespace(foreign=0.0)


def both() -> dict[bool, Contender]:
    return {False: Contender("without"), True: Contender("with")}


def test_both_ways_take_turns_and_the_difference_is_the_figure() -> None:
    job, contenders = Job(), both()
    measure(job, "Tell me a story.", contenders, idle)  # type: ignore[arg-type]
    assert [asked["options"]["cut_loops"] for asked in job.asked] == [False, True] * (1 + PAIRS)
    target = targets_for(contenders)[0]
    assert (target.value, target.wanted, target.met, target.noisy) == (pytest.approx(0.5), MOST, True, False)


def test_another_seed_is_measured_where_the_answer_looped() -> None:
    class Loops(Job):
        def run(self, asked: dict[str, Any]) -> dict[str, Any]:
            looped = asked["options"]["seed"] == 1 and asked["options"]["cut_loops"]
            return super().run(asked) | ({"text": "cut"} if looped else {})

    job, contenders = Loops(), both()
    measure(job, "Tell me a story.", contenders, idle)  # type: ignore[arg-type]
    assert [asked["options"]["seed"] for asked in job.asked] == [1, 1, *[2] * (2 + 2 * PAIRS)]
    assert len(contenders[True].series["Python's work"].samples) == PAIRS


@pytest.mark.parametrize("changes", [{"text": "said said"}, {"completion": 3}])
def test_where_every_answer_looped_or_was_too_short_there_is_an_error_and_no_figure(changes: dict[str, Any]) -> None:
    contenders = both()
    with pytest.raises(Error):
        measure(Job(**changes), "Tell me a story.", contenders, idle)  # type: ignore[arg-type]
    assert not contenders[True].series
    assert targets_for(contenders) == []
