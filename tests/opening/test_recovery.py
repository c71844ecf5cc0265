"""What is tried after which error while a model is opened: row by row, and what holds for all of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py import errors
from orion_py.errors import (
    DownloadFailed,
    GoldenMismatch,
    InvalidManifest,
    OrionError,
    OutOfMemory,
    QuotaExceeded,
    RuntimeFailure,
    StorageUnavailable,
    WorkerDied,
)
from orion_py.manifest.variants import Variant
from orion_py.opening.ladder import Attempt
from orion_py.opening.recovery import LEAST_CONTEXT, Plan, Recovery, Situation, next_attempt
from orion_py.resilience.remedies import REMEDIES


def wasm(name: str) -> Variant:
    return Variant.model_construct(
        id=name, engine="onnxruntime", backend="wasm", exact=False, cache_bits=16, plain=False
    )


FAST, SLOW, LAST = Attempt(wasm("fast"), 2), Attempt(wasm("fast"), 1), Attempt(wasm("other"), 1)
PLAN = Plan((FAST, SLOW, LAST), 2048, admitted=True)
ON_LAST = replace(PLAN, rungs=(LAST,))
ONLINE = Situation()


def tried(plan: Plan, error: OrionError, situation: Situation = ONLINE) -> list[str]:
    """The remedies against one error that comes again and again."""
    remedies = []
    while (recovery := next_attempt(plan, error, situation)) is not None and len(remedies) < 20:
        remedies.append(recovery.remedy)
        plan = replace(recovery.plan, admitted=True)
        if recovery.remedy == "shorter_context":
            plan = replace(plan, rungs=PLAN.rungs)
        if recovery.remedy == "store_in_memory":
            situation = replace(situation, in_memory=True)
    return remedies


def test_out_of_memory_ends_what_idles_then_steps_down_then_halves_the_context() -> None:
    rung = ["evict_idle", "next_rung", "evict_idle", "next_rung", "evict_idle"]
    assert tried(PLAN, OutOfMemory("full")) == [*rung, "shorter_context", *rung, "shorter_context", *rung]


def test_what_was_not_admitted_ends_no_idle_model_once_more() -> None:
    recovery = next_attempt(replace(PLAN, admitted=False), OutOfMemory("full"), ONLINE)
    assert recovery is not None
    assert recovery.remedy == "next_rung"


def test_a_context_is_never_halved_below_the_least() -> None:
    assert next_attempt(replace(ON_LAST, context=LEAST_CONTEXT, evicted=True), OutOfMemory("full"), ONLINE) is None
    recovery = next_attempt(replace(ON_LAST, context=LEAST_CONTEXT + 2, evicted=True), OutOfMemory("full"), ONLINE)
    assert recovery is not None
    assert recovery.plan.context == LEAST_CONTEXT


@pytest.mark.parametrize("error", [QuotaExceeded("full"), StorageUnavailable("off")])
def test_what_can_not_be_stored_stays_in_memory_once(error: OrionError) -> None:
    assert next_attempt(PLAN, error, ONLINE) == Recovery("store_in_memory", PLAN)
    assert next_attempt(PLAN, error, Situation(in_memory=True)) is None


@pytest.mark.parametrize("error", [WorkerDied("gone"), GoldenMismatch("wrong"), RuntimeFailure("failed")])
def test_what_fails_to_compute_steps_down_to_the_last_rung(error: OrionError) -> None:
    assert tried(PLAN, error) == ["next_rung", "next_rung"]


def test_a_download_that_failed_leaves_what_lies_here_whole_then_another_version() -> None:
    offline = Situation(model_here=False, whole_here=frozenset({"other"}))
    recovery = next_attempt(PLAN, DownloadFailed("no network"), offline)
    assert recovery is not None
    assert (recovery.remedy, recovery.plan.rungs) == ("next_rung", (LAST,))
    assert tried(PLAN, DownloadFailed("no network"), Situation(model_here=False)) == ["another_version"]
    assert tried(replace(PLAN, settled=True), DownloadFailed("gone"), Situation(model_here=False)) == []


def test_a_runner_that_can_not_be_fetched_leaves_the_other_runners() -> None:
    recovery = next_attempt(PLAN, DownloadFailed("no network"), Situation(model_here=True))
    assert recovery is not None
    assert recovery.plan.rungs == (LAST,), "with one thread it would be fetched again"


def test_the_failures_of_the_rungs_that_were_left_are_kept() -> None:
    recovery = next_attempt(PLAN, RuntimeFailure("broke"), ONLINE)
    assert recovery is not None
    assert recovery.plan.failures == (f"{FAST.label}: broke",)


@pytest.mark.parametrize("error", [InvalidManifest("bad"), errors.ShardCorrupt("bad"), errors.Cancelled()])
def test_other_errors_end_the_load(error: OrionError) -> None:
    assert next_attempt(PLAN, error, ONLINE) is None


KINDS = st.sampled_from([kind for kind, against in REMEDIES if against.load])


@given(st.lists(KINDS, min_size=40, max_size=60), st.booleans(), st.booleans())
def test_every_load_ends_whatever_fails(kinds: list[type[OrionError]], here: bool, in_memory: bool) -> None:
    # Each remedy uses something up: rungs, idle models, the disk, the context, the version.
    plan, situation, steps = PLAN, Situation(in_memory, here, frozenset({"other"})), 0
    for kind in kinds:
        recovery = next_attempt(plan, kind("again"), situation)
        if recovery is None:
            return
        steps, plan = steps + 1, replace(recovery.plan, admitted=True)
        if recovery.remedy in ("shorter_context", "another_version"):
            plan = replace(plan, rungs=PLAN.rungs)
        if recovery.remedy == "store_in_memory":
            situation = replace(situation, in_memory=True)
    raise AssertionError(f"{steps} steps and no end")
