"""Pauses calls to what keeps failing, and probes it later.

The rules are ``breaker_states``; here are the clock, the listeners, the counts, and what is kept
from one visit to the next.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from orion_py.errors import CircuitOpen, InvalidConfig, OrionError
from orion_py.protocol.rows import BreakerRow
from orion_py.resilience import breaker_states as states
from orion_py.resilience.breaker_states import BreakerPolicy, Cause, Closed, HalfOpen, Open, Outcome, State, StateName
from orion_py.telemetry.metrics import percentile

Judge = Callable[[OrionError], bool]
"""Whether an error counts as a failure: a user's Stop doesn't."""


@dataclass(frozen=True, slots=True)
class BreakerChange:
    """A move to another state. ``retry_in_s``: seconds until it half-opens, 0 unless open. ``cause``: why
    it isn't closed, None where it is. ``slow_rate``: the share of slow calls that it had seen, None where
    it had seen none."""

    name: str
    state: StateName
    previous: StateName
    failures: int
    retry_in_s: float
    cause: Cause | None = None
    slow_rate: float | None = None


Listener = Callable[[BreakerChange], None]


class CircuitBreaker:
    """``clock`` in seconds, monotonic. ``on_change`` hears of each move, at once; ``on_count`` of each count."""

    def __init__(
        self,
        name: str,
        clock: Callable[[], float],
        policy: BreakerPolicy | None = None,
        *,
        counts: Judge = lambda error: True,
        on_change: Listener = lambda change: None,
        on_count: Callable[[], None] = lambda: None,
    ) -> None:
        self.name, self.policy = name, policy or BreakerPolicy()
        self._clock, self._counts, self._on_change, self._on_count = clock, counts, on_change, on_count
        self._now: State = Closed()
        self._totals = {"successes": 0, "failures": 0, "slow": 0, "ignored": 0, "rejected": 0, "opened": 0}

    @property
    def state(self) -> StateName:
        return self._present().name

    @property
    def retry_in_s(self) -> float:
        """Seconds until a probe may try; 0 unless open."""
        state = self._present()
        return max(0.0, state.until - self._clock()) if isinstance(state, Open) else 0.0

    @property
    def cause(self) -> Cause | None:
        """Why it isn't closed; None where it is."""
        state = self._present()
        return None if isinstance(state, Closed) else state.cause

    def admits(self) -> bool:
        """Whether a call may start now."""
        return states.admits(self._present(), self.policy)

    @contextmanager
    def entered(self, *, though_slow: bool = False) -> Iterator[None]:
        """Around a call. Says nothing of its outcome: that is for ``success`` and ``failure``, which
        may come several times, or not at all. ``though_slow``: a slow call is better than none, so only
        failures keep it out. Raises CircuitOpen."""
        if not self.admits() and not (though_slow and self.cause == "slow"):
            self._count("rejected")
            raise self.refusal()
        self._move(states.entered(self._now))
        try:
            yield
        finally:
            self._move(states.left(self._now))

    def refusal(self) -> CircuitOpen:
        """The error that says how long this stays open."""
        seconds = self.retry_in_s
        what = "answered too slowly" if self.cause == "slow" else "failed too often"
        return CircuitOpen(
            f"{self.name} {what} and is left alone for {math.ceil(seconds)} s.",
            name=self.name,
            retry_in_s=round(seconds, 3),
        )

    def success(self, seconds: float = 0.0) -> None:
        """A call that took ``seconds`` succeeded."""
        self._count("successes", slow=self._is_slow(seconds))
        self._move(states.succeeded(self._present(), self.policy, self._clock(), seconds))

    def failure(self, error: OrionError, seconds: float = 0.0) -> None:
        """A call ended in ``error`` after ``seconds``; what is nobody's fault is counted as ignored."""
        if not self._counts(error):
            self._count("ignored")
            return
        self._count("failures", slow=self._is_slow(seconds))
        self._move(states.failed(self._present(), self.policy, self._clock(), seconds))

    def metrics(self) -> BreakerRow:
        """The state and its cause, totals since the start, what counts as slow, and of the window the
        failure and slow-call rates and the percentiles of the calls' seconds (None when it is empty)."""
        state = self._present()
        window = states.recent(state.outcomes, self.policy, self._clock()) if isinstance(state, Closed) else ()
        return {
            "state": state.name,
            "cause": self.cause,
            "retry_in_s": round(self.retry_in_s, 3),
            "slow_call_s": self.policy.slow_call_s,
            "p50_s": percentile([o.seconds for o in window], 50),
            "p95_s": percentile([o.seconds for o in window], 95),
            "failure_rate": sum(o.failed for o in window) / len(window) if window else None,
            "slow_rate": sum(o.slow for o in window) / len(window) if window else None,
            **cast(BreakerRow, self._totals),
        }

    def export(self) -> dict[str, Any]:
        """What another visit needs, as plain JSON. Times are ages, since clocks don't outlive a visit."""
        state, now = self._present(), self._clock()
        if isinstance(state, Closed):
            rows = [[round(now - o.at, 3), o.failed, o.slow, round(o.seconds, 3)] for o in state.outcomes]
            return {"state": state.name, "failures": state.in_a_row, "outcomes": rows}
        return {
            "state": state.name,
            "failures": state.failures,
            "retry_in_s": round(self.retry_in_s, 3),
            "cause": state.cause,
        }

    def restore(self, kept: Any) -> None:
        """Goes on from what ``export`` gave, silently. Raises InvalidConfig where it isn't that."""
        self._now = _read(kept, self.policy, self._clock())

    def _present(self) -> State:
        self._move(states.at(self._now, self._clock()))
        return self._now

    def _move(self, state: State) -> None:
        previous, self._now = self._now, state
        if previous.name == state.name:
            return
        self._totals["opened"] += state.name == "open"
        failures = state.in_a_row if isinstance(state, Closed) else state.failures
        cause = None if isinstance(state, Closed) else state.cause
        calls = previous.outcomes if isinstance(previous, Closed) else ()
        slow = sum(o.slow for o in calls) / len(calls) if calls else None
        self._on_change(BreakerChange(self.name, state.name, previous.name, failures, self.retry_in_s, cause, slow))

    def _count(self, what: str, *, slow: bool = False) -> None:
        self._totals[what] += 1
        self._totals["slow"] += slow
        self._on_count()

    def _is_slow(self, seconds: float) -> bool:
        return self.policy.slow_call_s is not None and seconds > self.policy.slow_call_s


def _read(kept: Any, policy: BreakerPolicy, now: float) -> State:
    if not isinstance(kept, dict):
        raise InvalidConfig("breaker: isn't an object", path="(top)")
    failures = int(_number(kept, "failures", 1_000_000))
    state = kept.get("state")
    cause: Cause = "slow" if kept.get("cause") == "slow" else "failures"
    if state == "open":
        return Open(now + _number(kept, "retry_in_s", policy.reset_s), failures, cause=cause)
    if state == "half_open":
        return HalfOpen(failures, cause=cause)
    if state != "closed":
        raise InvalidConfig("breaker: state: is none of closed, open, half_open", path="state")
    rows = kept.get("outcomes")
    if not isinstance(rows, list):
        raise InvalidConfig("breaker: outcomes: isn't a list", path="outcomes")
    outcomes = tuple(_outcome(row, now) for row in rows[-policy.window :])
    return Closed(outcomes, min(failures, policy.failures - 1))


def _outcome(row: Any, now: float) -> Outcome:
    match row:
        case [int() | float() as age, bool() as failed, bool() as slow, *more] if 0 <= age < 1e9:
            match more:
                case []:  # from before calls were timed
                    return Outcome(now - age, failed, slow)
                case [int() | float() as seconds] if not isinstance(seconds, bool) and 0 <= seconds < 1e9:
                    return Outcome(now - age, failed, slow, seconds)
    raise InvalidConfig("breaker: outcomes: a row isn't [age, failed, slow, seconds]", path="outcomes")


def _number(kept: dict[str, Any], key: str, most: float) -> float:
    """A number from 0 to ``most``; what is larger becomes ``most``."""
    value = kept.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise InvalidConfig(f"breaker: {key}: isn't a number from 0", path=key)
    return min(value, most)
