from __future__ import annotations

import json
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.errors import Cancelled, CircuitOpen, InvalidConfig, WorkerDied
from orion_py.resilience.breaker_states import BreakerPolicy
from orion_py.resilience.circuit_breaker import BreakerChange, CircuitBreaker
from tests.tiny import Clock


def breaker(clock: Clock | None = None, changes: list[BreakerChange] | None = None, **policy) -> CircuitBreaker:
    heard = changes if changes is not None else []
    return CircuitBreaker(
        "model:x",
        clock or Clock(),
        BreakerPolicy(**policy),
        counts=lambda error: not isinstance(error, Cancelled),
        on_change=heard.append,
    )


def fail(b: CircuitBreaker, times: int = 1) -> None:
    for _ in range(times):
        b.failure(WorkerDied())


def test_three_failures_in_a_row_open_it_and_nothing_passes() -> None:
    b = breaker()
    fail(b, 2)
    assert b.state == "closed"
    fail(b)
    assert b.state == "open"
    assert not b.admits()
    with pytest.raises(CircuitOpen) as caught:
        with b.entered():
            raise AssertionError("not reached")
    assert caught.value.detail == {"name": "model:x", "retry_in_s": 30.0}
    assert caught.value.retryable


def test_a_success_between_failures_starts_the_count_anew() -> None:
    b = breaker(minimum_calls=100)
    fail(b, 2)
    b.success()
    fail(b, 2)
    assert b.state == "closed"


def test_it_half_opens_when_its_time_has_passed_and_a_success_closes_it() -> None:
    clock, changes = Clock(), []
    b = breaker(clock, changes)
    fail(b, 3)
    clock.now = 29.9
    assert b.state == "open"
    assert b.retry_in_s == pytest.approx(0.1)
    clock.now = 30.0
    assert b.state == "half_open"
    b.success()
    assert b.state == "closed"
    assert [(c.previous, c.state, c.failures, c.retry_in_s) for c in changes] == [
        ("closed", "open", 3, 30.0),
        ("open", "half_open", 3, 0.0),
        ("half_open", "closed", 0, 0.0),
    ]


def test_a_failure_while_half_open_opens_it_again_for_the_whole_time() -> None:
    clock = Clock()
    b = breaker(clock)
    fail(b, 3)
    clock.now = 31.0
    with b.entered():
        fail(b)
    assert b.state == "open"
    assert b.retry_in_s == 30.0


def test_only_so_many_probes_run_at_a_time() -> None:
    clock = Clock()
    b = breaker(clock, probes=2)
    fail(b, 3)
    clock.now = 30.0
    with b.entered(), b.entered():
        assert not b.admits()
    assert b.admits()
    b.success()
    assert b.state == "half_open"
    b.success()
    assert b.state == "closed"


def test_a_users_stop_is_no_failure_and_no_success() -> None:
    b = breaker()
    for _ in range(5):
        b.failure(Cancelled())
    fail(b, 2)
    b.failure(Cancelled())
    fail(b)
    assert b.state == "open"
    assert b.metrics()["ignored"] == 6


def test_a_failure_rate_opens_it_once_there_are_enough_calls() -> None:
    b = breaker(failures=100, minimum_calls=6, failure_rate=0.5)
    for _ in range(2):
        fail(b)
        b.success()
    b.success()
    assert b.state == "closed"
    fail(b)
    assert b.state == "open"


def test_calls_that_are_too_slow_too_often_open_it() -> None:
    b = breaker(minimum_calls=4, slow_call_s=5.0, slow_rate=0.5)
    for seconds in (1.0, 6.0, 1.0):
        b.success(seconds)
    assert b.state == "closed"
    assert b.metrics()["slow_rate"] == pytest.approx(1 / 3)
    b.success(7.0)
    assert b.state == "open"


def test_a_probe_that_is_slow_keeps_it_open() -> None:
    clock = Clock()
    b = breaker(clock, slow_call_s=5.0)
    fail(b, 3)
    clock.now = 30.0
    b.success(6.0)
    assert b.state == "open"


def test_a_time_window_forgets_what_is_old() -> None:
    clock = Clock()
    b = breaker(clock, failures=100, window_s=10.0, minimum_calls=3, failure_rate=0.5)
    fail(b, 2)
    clock.now = 11.0
    b.success()
    b.success()
    fail(b)
    assert b.state == "closed"
    assert b.metrics()["failure_rate"] == pytest.approx(1 / 3)


def test_a_latecomer_of_an_open_breaker_changes_nothing() -> None:
    b = breaker()
    fail(b, 3)
    b.success()
    fail(b)
    assert b.state == "open"
    assert b.retry_in_s == 30.0


def test_metrics_count_everything_that_happened() -> None:
    b = breaker()
    b.success()
    fail(b, 3)
    with pytest.raises(CircuitOpen):
        with b.entered():
            pass
    expected = {"state": "open", "successes": 1, "failures": 3, "rejected": 1, "opened": 1, "ignored": 0}
    assert expected.items() <= b.metrics().items()


def test_what_one_visit_knew_the_next_goes_on_from() -> None:
    clock = Clock()
    b = breaker(clock)
    fail(b, 3)
    clock.now = 12.0
    kept = json.loads(json.dumps(b.export()))
    later = Clock()
    later.now = 1000.0
    again = breaker(later)
    again.restore(kept)
    assert again.state == "open"
    assert again.retry_in_s == pytest.approx(18.0)


def test_failures_before_a_visit_count_after_it_but_open_nothing_by_themselves() -> None:
    b = breaker()
    fail(b, 2)
    again = breaker()
    again.restore(json.loads(json.dumps(b.export())) | {"failures": 99})
    assert again.state == "closed"
    fail(again)
    assert again.state == "open"


def test_a_state_that_was_tampered_with_cannot_shut_it_for_good() -> None:
    b = breaker()
    b.restore({"state": "open", "failures": 3, "retry_in_s": 1e300})
    assert b.retry_in_s == 30.0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
NEAR_MISSES = st.fixed_dictionaries(
    {"state": st.sampled_from(["open", "closed", "half_open", 1]), "failures": JSON, "retry_in_s": JSON},
    optional={"outcomes": st.lists(st.tuples(JSON, JSON, JSON).map(list), max_size=30) | JSON},
)


@given(JSON | NEAR_MISSES)
def test_whatever_is_restored_is_refused_or_makes_a_breaker_that_works(kept: object) -> None:
    clock = Clock()
    b = breaker(clock)
    try:
        b.restore(kept)
    except InvalidConfig:
        assert b.state == "closed"
    clock.now = 31.0
    assert b.admits()
    b.metrics()
    json.dumps(b.export(), allow_nan=False)


class Reference:
    """The breaker said once more, as plainly as can be: no rates, no values, one flag at a time."""

    def __init__(self, failures: int, reset: float) -> None:
        self.failures, self.reset, self.last = failures, reset, deque(maxlen=failures)
        self.opened: float | None = None

    def state(self, now: float) -> str:
        if self.opened is None:
            return "closed"
        return "open" if now < self.opened + self.reset else "half_open"

    def success(self, now: float) -> None:
        if self.state(now) == "half_open":
            self.opened = None
            self.last.clear()
        elif self.state(now) == "closed":
            self.last.append(True)

    def failure(self, now: float) -> None:
        if self.state(now) == "half_open":
            self.opened = now
        elif self.state(now) == "closed":
            self.last.append(False)
            if list(self.last) == [False] * self.failures:
                self.opened = now
                self.last.clear()


@given(
    st.integers(1, 4),
    st.integers(1, 20),
    st.lists(st.sampled_from(["success", "failure", "cancel"]) | st.integers(0, 15), max_size=60),
)
def test_it_does_what_the_reference_does(failures: int, reset: int, steps: list[str | int]) -> None:
    clock = Clock()
    b = breaker(clock, failures=failures, reset_s=float(reset), minimum_calls=10_000)
    reference = Reference(failures, float(reset))
    for step in steps:
        if isinstance(step, int):
            clock.now += step
        elif step == "success":
            b.success()
            reference.success(clock.now)
        elif step == "failure":
            fail(b)
            reference.failure(clock.now)
        else:
            b.failure(Cancelled())
        assert b.state == reference.state(clock.now)
        assert b.admits() == (reference.state(clock.now) != "open")


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(2, 10), st.integers(1, 10))
def test_the_rate_is_that_of_the_window(calls: list[bool], window: int, minimum: int) -> None:
    b = breaker(failures=10_000, window=window, minimum_calls=minimum, failure_rate=0.5)
    last: deque[bool] = deque(maxlen=window)
    for failed in calls:
        fail(b) if failed else b.success()
        last.append(failed)
        should_open = len(last) >= minimum and sum(last) * 2 >= len(last)
        assert (b.state == "open") == should_open
        if should_open:
            return
