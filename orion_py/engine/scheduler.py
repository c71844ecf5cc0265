"""Starts background work while nothing is asked, and stops it when something is.

When nothing has run or waited for a moment the likely next model is brought in, and after a minute
the idle workers are asked whether they live.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from orion_py.background.gpu_trials import GpuTrials
from orion_py.background.prediction import PredictiveLoader
from orion_py.background.snapshot_keeper import SnapshotKeeper
from orion_py.background.updates import BetweenTurns, Updates
from orion_py.background.upgrade import BackgroundUpgrade
from orion_py.cancellation import CancelToken
from orion_py.config import EngineConfig
from orion_py.engine.bus import Kinds
from orion_py.engine.tasks import BackgroundTasks
from orion_py.ports import Ports
from orion_py.protocol import ENGINE_ID, Event, PredictionEvent, QueueEvent, UpgradeEvent
from orion_py.residency.manager import ModelManager
from orion_py.residency.saved_prefixes import SavedPrefixes
from orion_py.resilience.breaker_states import BreakerPolicy
from orion_py.resilience.breakers import Breakers
from orion_py.resilience.request_queue import QueuePolicy, RequestQueue
from orion_py.storage.among_tabs import AmongTabs

MOMENT_S = 1.0
MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Background:
    """What nobody waits for."""

    updates: Updates
    upgrade: BackgroundUpgrade
    """Brings larger models and new versions in."""
    predictive: PredictiveLoader
    trials: GpuTrials
    """Finds out where WebGPU is right and faster."""
    prefixes: SavedPrefixes
    """The read prompts that are kept."""
    snapshots: SnapshotKeeper


class BackgroundScheduler:
    """Subscribes to the bus: the queue's events tell it when something is asked. ``stop`` at the end."""

    kinds: ClassVar[Kinds] = (QueueEvent, UpgradeEvent, PredictionEvent)

    def __init__(
        self,
        config: EngineConfig,
        ports: Ports,
        queue: RequestQueue,
        breakers: Breakers,
        manager: ModelManager,
        work: Background,
        tasks: BackgroundTasks,
        among: AmongTabs,
    ) -> None:
        self._config, self._ports, self._queue, self._breakers = config, ports, queue, breakers
        self._manager, self._work, self._tasks, self._among = manager, work, tasks, among
        self._idling: asyncio.Task[None] | None = None
        self._stopped = False
        among.on_lead = self.schedule
        self._apply(config)

    def configure(self, config: EngineConfig) -> None:
        """Takes effect with the next request."""
        self._config = config
        self._apply(config)
        upgrade = self._work.upgrade
        if not config.enable_full_models:
            upgrade.stop()
            for model_id in upgrade.models.larger():
                self._tasks.begin(partial(self.retire, model_id))
        self.schedule()

    def _apply(self, config: EngineConfig) -> None:
        at_once = config.parallel_requests
        ordered, plain = QueuePolicy(at_once), QueuePolicy(at_once, limit=None, by_priority=False)
        self._queue.policy = ordered if config.enable_request_queue else plain
        self._breakers.enabled = config.enable_circuit_breaker
        self._breakers.adopt(BreakerPolicy(window_s=config.breaker_window_s, slow_call_s=config.slow_call_s))
        self._work.upgrade.models.enabled = config.enable_full_models
        self._work.upgrade.models.waits = config.wait_for_larger_models

    def __call__(self, event: Event) -> None:
        match event:
            case QueueEvent():
                self._queue_changed()
            case UpgradeEvent(state="ready") | PredictionEvent(state="done"):
                self.schedule()  # a model came in the background: there may be something to find out about it
            case _:
                pass

    def on_model_needed(self, model_id: str) -> None:
        """Takes notice that a model is needed now: a predicted load is scored, and yields."""
        if self._stopped:
            return
        self._give_way()
        self._work.predictive.on_model_needed(model_id)
        self._work.upgrade.on_model_needed(model_id)

    async def on_answered(self, agent: str, model_id: str) -> None:
        """Learns who answered."""
        if self._stopped:
            return
        await self._work.upgrade.on_answered(model_id)
        if self._config.enable_predictive_loading:
            await self._work.predictive.on_answered(agent, model_id)

    def call_off(self) -> None:
        """Cancels unasked work that can be started again."""
        self._work.trials.stop()

    def _give_way(self) -> None:
        self._work.trials.give_way()
        self._work.snapshots.give_way()

    def stop(self) -> None:
        self._stopped = True
        self.call_off()
        self._work.upgrade.stop()
        self._tasks.stop()
        self._rest()
        self._among.leave()

    def _queue_changed(self) -> None:
        if not self._queue.idle and not self._stopped:
            self._give_way()
        self.schedule()

    def _rest(self) -> None:
        if self._idling is not None:
            self._idling.cancel()
            self._idling = None

    def schedule(self) -> None:
        """Starts pending background work in a moment, if no request runs or waits."""
        self._rest()
        if self._queue.idle and not self._stopped:
            self._idling = asyncio.ensure_future(self._idle())

    async def retire(self, model_id: str) -> None:
        """Frees a model's memory once no request uses it."""
        async with between_turns(self._queue)(CancelToken()):
            await self._manager.unload(model_id)

    async def _idle(self) -> None:
        """Ends early, by being cancelled, when something is asked; what it began goes on beside."""
        work, begin = self._work, self._tasks.begin
        await self._ports.sleep(MOMENT_S)
        if self._config.enable_predictive_loading:
            begin(work.predictive.preload)
        begin(work.upgrade.poll)
        begin(work.prefixes.poll)
        begin(work.snapshots.poll)
        begin(work.trials.poll)
        await self._ports.sleep(MINUTE_S)
        begin(self._manager.check_health)
        begin(work.trials.poll)


def queue_event(queue: RequestQueue) -> QueueEvent:
    return QueueEvent(id=ENGINE_ID, running=queue.running, waiting=queue.waiting, limit=queue.policy.limit)


def between_turns(queue: RequestQueue) -> BetweenTurns:
    """Waits for a moment in which nothing is answered."""

    @asynccontextmanager
    async def alone(cancel: CancelToken) -> AsyncIterator[None]:
        async with queue.slot("between-turns", cancel, priority=-10, alone=True):
            yield

    return alone
