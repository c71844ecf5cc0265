"""Collects the state of the queue, the breakers, the memory and the background work, each as one part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from orion_py.engine.scheduler import Background, queue_event
from orion_py.protocol.rows import BreakerRow, MemoryRow, PredictionRow, QueueRow, UpgradeRow
from orion_py.residency.manager import ModelManager
from orion_py.resilience.breakers import Breakers
from orion_py.resilience.request_queue import RequestQueue


@dataclass(frozen=True, slots=True)
class Resilience:
    """Parts of the status, as their rows."""

    _queue: RequestQueue
    _breakers: Breakers
    _manager: ModelManager
    _work: Background

    def breakers(self) -> dict[str, BreakerRow]:
        return self._breakers.metrics()

    def queue(self) -> QueueRow:
        return cast(QueueRow, queue_event(self._queue).model_dump(exclude={"v", "id", "type"}))

    def predictive(self) -> PredictionRow:
        return self._work.predictive.status()

    def upgrade(self) -> UpgradeRow:
        return self._work.upgrade.status()

    def memory(self) -> MemoryRow:
        return cast(MemoryRow, self._manager.memory().model_dump(exclude={"v", "id", "type", "evicted"}))
