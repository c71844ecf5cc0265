"""Defines the life of one request as a table of states.

::

    idle → validating → routing → loading_agent → inferencing → success → idle
                           ↑↓           ↑↓             ↑↓
                           └──────── fallback ─────────┘
    loading_agent → routing: a recording was heard, and what it says is routed like any question
    inferencing → loading_agent: a skill asks a model once more
    every busy state → error | cancelled → idle

``fallback`` is a step down the ladder (another backend, a smaller model, the keyword router);
the request goes on from there. Any other move raises IllegalTransition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from orion_py.errors import IllegalTransition
from orion_py.protocol import StateName

TRANSITIONS: Mapping[StateName, frozenset[StateName]] = {
    "idle": frozenset({"validating"}),
    "validating": frozenset({"routing", "error", "cancelled"}),
    "routing": frozenset({"loading_agent", "inferencing", "fallback", "error", "cancelled"}),
    "loading_agent": frozenset({"inferencing", "routing", "fallback", "error", "cancelled"}),
    "inferencing": frozenset({"loading_agent", "success", "fallback", "error", "cancelled"}),
    "fallback": frozenset({"routing", "loading_agent", "inferencing", "error", "cancelled"}),
    "success": frozenset({"idle"}),
    "error": frozenset({"idle"}),
    "cancelled": frozenset({"idle"}),
}
TERMINAL: frozenset[StateName] = frozenset({"success", "error", "cancelled"})
BUSY: frozenset[StateName] = frozenset(TRANSITIONS) - TERMINAL - {"idle"}

_SPAN: Mapping[StateName, tuple[int, int]] = {
    "validating": (2, 5),
    "routing": (5, 10),
    "loading_agent": (10, 60),
    "inferencing": (60, 99),
    "success": (100, 100),
}
"""Where progress stands when a state begins and when it is all done, in percent."""


@dataclass(frozen=True, slots=True)
class Transition:
    """``ms``: time spent in ``previous``."""

    previous: StateName
    state: StateName
    ms: float
    progress: int


class StateMachine:
    """``clock`` in seconds, monotonic. ``on_transition`` runs after each move, at once."""

    def __init__(self, clock: Callable[[], float], on_transition: Callable[[Transition], None] | None = None) -> None:
        self._clock = clock
        self._on_transition = on_transition
        self._state: StateName = "idle"
        self._entered = clock()
        self._progress = 0
        self._timings: dict[str, float] = {}

    @property
    def state(self) -> StateName:
        return self._state

    def is_busy(self) -> bool:
        return self._state in BUSY

    def progress(self) -> int:
        """0 to 100; within one run it never falls, and 100 means success."""
        return self._progress

    def timings(self) -> dict[str, float]:
        """Milliseconds spent in each busy state of this run (or the last), the present one included."""
        timings = dict(self._timings)
        if self.is_busy():
            timings[self._state] = timings.get(self._state, 0.0) + self._elapsed_ms()
        return timings

    def to(self, state: StateName) -> None:
        """Moves to ``state``. Raises IllegalTransition, and then stays where it was."""
        previous = self._state
        if state not in TRANSITIONS[previous]:
            raise IllegalTransition(f"from {previous} there is no way to {state}", previous=previous, state=state)
        ms = self._elapsed_ms()
        if previous == "idle":
            self._timings = {}
        elif previous in BUSY:
            self._timings[previous] = self._timings.get(previous, 0.0) + ms
        self._state = state
        self._entered = self._clock()
        self._progress = 0 if state == "idle" else max(self._progress, _SPAN.get(state, (0, 0))[0])
        if self._on_transition is not None:
            self._on_transition(Transition(previous, state, ms, self._progress))

    def advance(self, fraction: float) -> int:
        """How much of the present state is done, 0 to 1, as progress; returns ``progress()``."""
        start, end = _SPAN.get(self._state, (0, 0))
        inside = min(max(fraction, 0.0), 1.0)
        self._progress = max(self._progress, start + int((end - start) * inside))
        return self._progress

    def _elapsed_ms(self) -> float:
        return (self._clock() - self._entered) * 1000.0
