"""Defines a circuit breaker's three states and the moves between them, without clock, listeners or I/O.

::

    Closed ── too many failures, or too many slow calls ──▶ Open
       ▲                                                      │ reset_s later
       └── enough probes succeed ── HalfOpen ◀────────────────┘
                                        └── a probe fails ──▶ Open

States are values. ``now`` is in seconds, from any monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

StateName = Literal["closed", "open", "half_open"]
Cause = Literal["failures", "slow"]
"""Why a breaker opened: calls failed, or they took too long."""


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When to open, and when to try again.

    ``failures`` in a row open it at once. Besides that, of the last ``window`` calls (with
    ``window_s``: those of the last so many seconds among them), once there are ``minimum_calls``,
    a share of ``failure_rate`` failures or ``slow_rate`` calls longer than ``slow_call_s`` seconds
    (None: no call is slow) opens it too. After ``reset_s`` seconds up to ``probes`` calls at a time
    may try, and ``probes`` successes close it.
    """

    failures: int = 3
    reset_s: float = 30.0
    window: int = 20
    window_s: float | None = None
    minimum_calls: int = 6
    failure_rate: float = 0.5
    slow_call_s: float | None = None
    slow_rate: float = 0.8
    probes: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    at: float
    failed: bool
    slow: bool
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Closed:
    """Calls pass. ``outcomes``: the window, oldest first."""

    outcomes: tuple[Outcome, ...] = ()
    in_a_row: int = 0
    name: StateName = "closed"


@dataclass(frozen=True, slots=True)
class Open:
    """No call passes before ``until``. ``failures``: how many in a row, or in the window, led here;
    with the cause "slow" it may be none."""

    until: float
    failures: int
    name: StateName = "open"
    cause: Cause = "failures"


@dataclass(frozen=True, slots=True)
class HalfOpen:
    """``running`` probes are under way, ``succeeded`` did."""

    failures: int
    running: int = 0
    succeeded: int = 0
    name: StateName = "half_open"
    cause: Cause = "failures"


State = Closed | Open | HalfOpen


def at(state: State, now: float) -> State:
    """What the passing of time makes of ``state``."""
    if isinstance(state, Open) and now >= state.until:
        return HalfOpen(state.failures, cause=state.cause)
    return state


def admits(state: State, policy: BreakerPolicy) -> bool:
    """Whether one more call may start."""
    if isinstance(state, HalfOpen):
        return state.running < policy.probes
    return isinstance(state, Closed)


def entered(state: State) -> State:
    """A call starts that ``admits`` let in."""
    return replace(state, running=state.running + 1) if isinstance(state, HalfOpen) else state


def left(state: State) -> State:
    """A call that had entered is over, whatever came of it."""
    return replace(state, running=max(0, state.running - 1)) if isinstance(state, HalfOpen) else state


def succeeded(state: State, policy: BreakerPolicy, now: float, seconds: float = 0.0) -> State:
    """A call that took ``seconds`` succeeded. A latecomer of an open breaker changes nothing."""
    slow = policy.slow_call_s is not None and seconds > policy.slow_call_s
    if isinstance(state, HalfOpen):
        if slow:
            return Open(now + policy.reset_s, state.failures, cause="slow")
        successes = state.succeeded + 1
        return Closed() if successes >= policy.probes else replace(state, succeeded=successes)
    if isinstance(state, Closed):
        return _judged(state, policy, now, Outcome(now, failed=False, slow=slow, seconds=seconds), 0)
    return state


def failed(state: State, policy: BreakerPolicy, now: float, seconds: float = 0.0) -> State:
    """A call failed after ``seconds``. A latecomer of an open breaker changes nothing."""
    if isinstance(state, HalfOpen):
        return Open(now + policy.reset_s, state.failures + 1)
    if isinstance(state, Closed):
        slow = policy.slow_call_s is not None and seconds > policy.slow_call_s
        outcome = Outcome(now, failed=True, slow=slow, seconds=seconds)
        return _judged(state, policy, now, outcome, state.in_a_row + 1)
    return state


def recent(outcomes: tuple[Outcome, ...], policy: BreakerPolicy, now: float) -> tuple[Outcome, ...]:
    """The outcomes that still count."""
    if policy.window_s is not None:
        outcomes = tuple(o for o in outcomes if now - o.at <= policy.window_s)
    return outcomes[-policy.window :]


def _judged(state: Closed, policy: BreakerPolicy, now: float, outcome: Outcome, in_a_row: int) -> State:
    outcomes = recent((*state.outcomes, outcome), policy, now)
    failures = sum(o.failed for o in outcomes)
    if in_a_row >= policy.failures:
        return Open(now + policy.reset_s, in_a_row)
    if len(outcomes) >= policy.minimum_calls:
        slow = sum(o.slow for o in outcomes)
        if failures >= policy.failure_rate * len(outcomes):
            return Open(now + policy.reset_s, failures)
        if slow >= policy.slow_rate * len(outcomes):
            return Open(now + policy.reset_s, failures, cause="slow")
    return Closed(outcomes, in_a_row)
