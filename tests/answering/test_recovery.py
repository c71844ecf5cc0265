"""What is tried after which error while a model answers: row by row, and what holds for all of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py import errors
from orion_py.answering.recovery import REPLACEMENTS, Plan, Recovery, Situation, next_attempt
from orion_py.errors import (
    BackendUnavailable,
    Cancelled,
    CircuitOpen,
    DeviceLost,
    DownloadFailed,
    GoldenMismatch,
    InferenceTimeout,
    InvalidManifest,
    OrionError,
    OutOfMemory,
    RuntimeFailure,
    TooLarge,
    WorkerDied,
)
from orion_py.resilience.remedies import REMEDIES, AnswerRemedy

PLAN = Plan(("big", "tiny"))
LAST = Plan(("tiny",))
OPENING = Situation()
COMPUTING = Situation(computing=True)
SPEAKING = Situation(computing=True, spoke=True)
RUNGS = 3
"""Of the ladder below the one that fails."""


class Device:
    """Answers what the executor would find out: a ladder of so many rungs, and an earlier version or none."""

    def __init__(self, rungs: int = 0, versions: int = 0) -> None:
        self.rungs, self.versions = rungs, versions

    def applies(self, remedy: AnswerRemedy) -> bool:
        if remedy == "next_rung":
            self.rungs -= 1
            return self.rungs >= 0
        if remedy == "earlier_version":
            self.versions -= 1
            return self.versions >= 0
        return True


def recover(plan: Plan, error: OrionError, situation: Situation, device: Device) -> Recovery | None:
    """As ``ModelAnswer._recover``."""
    while (recovery := next_attempt(plan, error, situation)) is not None:
        if device.applies(recovery.remedy):
            return recovery
        situation = replace(situation, useless=situation.useless | {recovery.remedy})
    return None


def tried(plan: Plan, error: OrionError, situation: Situation, device: Device | None = None) -> list[str]:
    """The remedies against one error that comes again and again."""
    device, remedies = device or Device(), list[str]()
    while (recovery := recover(plan, error, situation, device)) is not None and len(remedies) < 30:
        remedies.append(recovery.remedy)
        plan = recovery.plan
    return remedies


@pytest.mark.parametrize("error", [WorkerDied("gone"), InferenceTimeout("silent")])
def test_a_worker_that_died_or_was_silent_is_replaced_by_its_like_then_another_model_answers(error: OrionError) -> None:
    each = ["new_worker"] * REPLACEMENTS
    assert tried(PLAN, error, COMPUTING, Device(RUNGS)) == [*each, "next_model", *each], "the ladder isn't to blame"
    assert tried(PLAN, error, SPEAKING, Device(RUNGS)) == each, "what was said is gone on with, or nothing is"


@pytest.mark.parametrize("error", [RuntimeFailure("unreachable"), DeviceLost("gone")])
def test_what_fails_to_compute_goes_on_by_the_next_rung_then_in_new_workers(error: OrionError) -> None:
    below = ["next_rung"] * RUNGS + ["new_worker"] * REPLACEMENTS
    assert tried(LAST, error, COMPUTING, Device(RUNGS)) == below
    assert tried(PLAN, error, SPEAKING, Device(RUNGS)) == below


def test_rows_that_were_restored_are_suspected_before_what_computes() -> None:
    recovery = recover(PLAN, RuntimeFailure("unreachable"), replace(SPEAKING, restored=True), Device(RUNGS))
    assert recovery is not None
    assert recovery.remedy == "new_worker"


@pytest.mark.parametrize("error", [RuntimeFailure("unreachable"), WorkerDied("gone")])
def test_a_model_whose_breaker_opened_is_left_at_once(error: OrionError) -> None:
    assert tried(PLAN, error, replace(SPEAKING, blamed=True), Device(RUNGS)) == []
    assert tried(PLAN, error, replace(COMPUTING, blamed=True), Device(RUNGS)) == ["next_model"]


def test_out_of_memory_goes_down_the_ladder_and_never_tries_the_same_again() -> None:
    below = ["next_rung"] * RUNGS
    assert tried(PLAN, OutOfMemory("full"), SPEAKING, Device(RUNGS)) == below
    assert tried(PLAN, OutOfMemory("full"), COMPUTING, Device(RUNGS)) == [*below, "next_model"]
    assert tried(PLAN, OutOfMemory("full"), OPENING, Device(RUNGS)) == ["next_model"], "its load tried them all"


@pytest.mark.parametrize("error", [BackendUnavailable("none"), GoldenMismatch("wrong")])
def test_what_would_end_in_the_same_way_is_not_tried_again(error: OrionError) -> None:
    assert tried(PLAN, error, COMPUTING, Device(RUNGS)) == ["next_model"]


def test_a_version_that_fails_is_rolled_back_before_another_model_answers_and_once() -> None:
    assert tried(PLAN, RuntimeFailure("broke"), OPENING, Device(versions=1)) == ["earlier_version", "next_model"]
    assert tried(LAST, RuntimeFailure("broke"), OPENING, Device(versions=9)) == ["earlier_version"]
    assert tried(PLAN, RuntimeFailure("broke"), SPEAKING, Device(versions=1))[REPLACEMENTS:] == []
    assert tried(PLAN, DownloadFailed("no network"), OPENING, Device(versions=1)) == ["next_model"], "not its fault"


@pytest.mark.parametrize(
    "error", [DownloadFailed("404"), TooLarge("never"), CircuitOpen("later"), InvalidManifest("bad")]
)
def test_a_model_that_can_not_be_opened_leaves_the_answer_to_the_next(error: OrionError) -> None:
    assert tried(PLAN, error, OPENING) == ["next_model"]
    assert tried(PLAN, error, replace(OPENING, spoke=True)) == [], "its tokens are others"
    assert tried(LAST, error, OPENING) == []


def test_another_model_is_tried_as_if_it_were_the_first() -> None:
    worn = Plan(("big", "tiny"), workers=0, settled=True)
    assert next_attempt(worn, WorkerDied("gone"), COMPUTING) == Recovery("next_model", Plan(("tiny",)))


def test_when_the_time_is_up_the_answer_ends_with_what_there_is_and_a_stop_ends_it() -> None:
    late = replace(SPEAKING, time_up=True)
    assert next_attempt(PLAN, Cancelled(), late) == Recovery("keep_text", replace(PLAN, ended=True))
    assert next_attempt(replace(PLAN, ended=True), Cancelled(), late) is None
    assert next_attempt(PLAN, Cancelled(), SPEAKING) is None
    assert next_attempt(PLAN, Cancelled(), OPENING) is None


@pytest.mark.parametrize("error", [errors.ContextOverflow("full"), errors.NothingAllowed("no token"), OrionError("?")])
def test_other_errors_end_the_answer(error: OrionError) -> None:
    assert tried(PLAN, error, COMPUTING, Device(RUNGS, versions=1)) == []


KINDS = st.sampled_from([kind for kind, against in REMEDIES if against.answer])
SITUATIONS = st.builds(Situation, *[st.booleans()] * 5)


@given(
    st.lists(st.tuples(KINDS, SITUATIONS), min_size=60, max_size=60),
    st.integers(1, 4),
    st.integers(0, 4),
    st.integers(0, 3),
)
def test_every_answer_ends_whatever_fails_and_nothing_is_tried_twice(
    failures: list[tuple[type[OrionError], Situation]], models: int, rungs: int, versions: int
) -> None:
    plan, device = Plan(tuple("abcd"[:models])), Device(rungs, versions)
    attempts = [(plan, device.rungs)]
    for kind, situation in failures:
        recovery = recover(plan, kind("again"), situation, device)
        if recovery is None:
            break
        if situation.spoke:
            assert recovery.plan.models == plan.models, "no other model goes on with what was said"
        plan = recovery.plan
        attempts.append((plan, max(device.rungs, 0)))
    else:
        raise AssertionError(f"{len(attempts)} attempts and no end")
    assert len(set(attempts)) == len(attempts), "each attempt has less left than the one before"
