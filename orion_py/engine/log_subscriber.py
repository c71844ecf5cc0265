"""Writes a log record for each event that the log keeps, and posts the log's records as events on request."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from orion_py.engine.bus import Kinds
from orion_py.protocol import (
    ENGINE_ID,
    BreakerEvent,
    Event,
    FallbackEvent,
    LogEvent,
    MemoryEvent,
    PredictionEvent,
    RevisionEvent,
    RouterEvent,
    StateEvent,
    UpgradeEvent,
)
from orion_py.telemetry.log import Logger


class LogSubscriber:
    """Subscribes to the bus. Records of a request carry its id."""

    kinds: ClassVar[Kinds] = (
        FallbackEvent,
        StateEvent,
        BreakerEvent,
        PredictionEvent,
        UpgradeEvent,
        RevisionEvent,
        MemoryEvent,
        RouterEvent,
    )

    def __init__(self, log: Logger) -> None:
        self._log = log
        self._memory = 0
        """Bytes in use, as last written."""
        self._upgrade: tuple[str, ...] = ()
        """The step of a background download that was last written."""

    def __call__(self, event: Event) -> None:
        match event:
            case FallbackEvent():
                step = {"step": event.kind, "source": event.from_, "to": event.to, "code": event.reason_code}
                self._of(event).warn("fallback", **step)
            case StateEvent():
                self._of(event).debug("state", previous=event.previous, state=event.state, ms=round(event.ms, 2))
            case BreakerEvent():
                self._log.warn("breaker", name=event.name, state=event.state, failures=event.failures)
            case PredictionEvent():
                self._log.info("prediction", model=event.model, agent=event.agent, state=event.state)
            case UpgradeEvent():
                self._upgraded(event)
            case RevisionEvent():
                self._log.info("loop", request=event.id, again=event.again)
            case MemoryEvent():
                self._remembered(event)
            case RouterEvent(loading=False):
                self._log.info("router", name=event.name, corrections=event.corrections)
            case _:
                pass

    def _of(self, event: Event) -> Logger:
        """With the request that the event concerns, if it is one."""
        return self._log if event.id == ENGINE_ID else self._log.child(request=event.id)

    def _upgraded(self, event: UpgradeEvent) -> None:
        """Each step once: the events of one step are its progress."""
        step = (event.model, event.version, event.state, event.reason_code)
        if step != self._upgrade:
            self._upgrade = step
            self._log.info("upgrade", model=event.model, state=event.state, code=event.reason_code)

    def _remembered(self, event: MemoryEvent) -> None:
        if event.evicted:
            self._log.info("evicted", models=event.evicted, used_bytes=event.used_bytes)
        if event.used_bytes != self._memory:
            self._memory = event.used_bytes
            models = [each.model for each in event.models]
            self._log.memory("models", event.used_bytes, budget_bytes=event.budget_bytes, models=models)


class LogFeed:
    """While the configuration or somebody who listens wants it, the log keeps DEBUG records too, and each record is an
    event as well."""

    def __init__(self, log: Logger, emit: Callable[[LogEvent], None]) -> None:
        self._log, self._emit = log, emit
        self._verbose = self._followed = False
        self._unfollow: Callable[[], None] | None = None

    def configure(self, verbose: bool) -> None:
        self._verbose = verbose
        self._switch(self._verbose or self._followed)

    def follow(self, on: bool) -> None:
        self._followed = on
        self._switch(self._verbose or self._followed)

    def stop(self) -> None:
        self._verbose = self._followed = False
        self._switch(False)

    def _switch(self, on: bool) -> None:
        if on and self._unfollow is None:
            self._log.verbose = True
            self._unfollow = self._log.subscribe(lambda record: self._emit(LogEvent(id=ENGINE_ID, record=record)))
        elif not on and self._unfollow is not None:
            self._log.verbose = False
            self._unfollow()
            self._unfollow = None
