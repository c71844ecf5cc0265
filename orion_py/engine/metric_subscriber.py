"""Counts events in the engine's metrics."""

from __future__ import annotations

from typing import ClassVar

from orion_py.engine.bus import Kinds
from orion_py.protocol import BreakerEvent, Event, RevisionEvent
from orion_py.telemetry.metrics import Metrics


class MetricSubscriber:
    """Subscribes to the bus."""

    kinds: ClassVar[Kinds] = (RevisionEvent, BreakerEvent)

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def __call__(self, event: Event) -> None:
        match event:
            case RevisionEvent():
                self._metrics.count("loops")
            case BreakerEvent():
                self._metrics.count(f"breaker.{event.state}")
            case _:
                pass
