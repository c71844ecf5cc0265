"""Schedules the queue, the breakers, and the work that is done while nothing is asked.

When nothing has run or waited for a moment the likely next model is brought in, and after a minute
the idle workers are asked whether they live.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

from orion_py.agents.factory import AgentFactory
from orion_py.background.gpu_trials import GpuTrials
from orion_py.background.prediction import PredictiveLoader
from orion_py.background.snapshot_keeper import SnapshotKeeper
from orion_py.background.updates import Updates
from orion_py.background.upgrade import BackgroundUpgrade
from orion_py.cancellation import CancelToken
from orion_py.config import EngineConfig
from orion_py.errors import OrionError
from orion_py.fetching.loader import ProgressiveLoader
from orion_py.ports import Ports
from orion_py.protocol import ENGINE_ID, BreakerEvent, Event, QueueEvent
from orion_py.protocol.rows import MemoryRow, QueueRow, Resilience
from orion_py.registry.models import ModelEntry, Registry
from orion_py.residency.manager import ModelManager
from orion_py.residency.saved_prefixes import SavedPrefixes
from orion_py.resilience.breaker_states import BreakerPolicy
from orion_py.resilience.breakers import Breakers
from orion_py.resilience.circuit_breaker import BreakerChange
from orion_py.resilience.request_queue import QueuePolicy, RequestQueue
from orion_py.storage.among_tabs import AmongTabs
from orion_py.telemetry.log import Logger
from orion_py.telemetry.metrics import Metrics

MOMENT_S = 1.0
MINUTE_S = 60.0


class BackgroundScheduler:
    """``start`` once the models are known; ``stop`` at the end. ``emit`` gets breaker, queue and
    prediction events."""

    def __init__(
        self, config: EngineConfig, ports: Ports, emit: Callable[[Event], None], log: Logger, metrics: Metrics
    ) -> None:
        self._ports, self._emit, self._log, self._metrics = ports, emit, log, metrics
        self.queue = RequestQueue(ports.clock, ports.sleep, on_change=self._queue_changed)
        self.breakers = Breakers(ports.clock, on_change=self._breaker_changed)
        self._predictive: PredictiveLoader | None = None
        self.upgrade: BackgroundUpgrade | None = None
        """Brings larger models and new versions in; there once the models are known."""
        self.updates: Updates | None = None
        self.trials: GpuTrials | None = None
        """Finds out where WebGPU is right and faster; there once the models are known."""
        self.prefixes: SavedPrefixes | None = None
        """The read prompts that are kept; there once the models are known."""
        self._snapshots: SnapshotKeeper | None = None
        self._manager: ModelManager | None = None
        self._among: AmongTabs | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._idling: asyncio.Task[None] | None = None
        self.configure(config)

    def configure(self, config: EngineConfig) -> None:
        """Takes effect with the next request."""
        self._config = config
        at_once = config.parallel_requests
        ordered, plain = QueuePolicy(at_once), QueuePolicy(at_once, limit=None, by_priority=False)
        self.queue.policy = ordered if config.enable_request_queue else plain
        self.breakers.enabled = config.enable_circuit_breaker
        self.breakers.adopt(BreakerPolicy(window_s=config.breaker_window_s, slow_call_s=config.slow_call_s))
        if self.upgrade is not None and self._manager is not None:
            self.upgrade.models.enabled = config.enable_full_models
            self.upgrade.models.waits = config.wait_for_larger_models
            if not config.enable_full_models:
                self.upgrade.stop()
                for model_id in self.upgrade.models.larger():
                    self.begin(partial(self.retire, model_id))
            self.schedule()

    async def start(
        self,
        manager: ModelManager,
        registry: Registry,
        agents: AgentFactory,
        loader: ProgressiveLoader,
        among: AmongTabs,
    ) -> None:
        """Recalls what earlier visits left."""

        def model_of(agent: str) -> ModelEntry | None:
            usable = registry.usable(agents.get(agent).models) if agent in agents.ids else ()
            return upgrade.models.quickest([registry.model(model_id) for model_id in usable])

        self._manager = manager
        updates = self.updates = Updates(manager, self._ports, registry, self._emit, self._between_turns)
        upgrade = self.upgrade = BackgroundUpgrade(
            manager,
            loader,
            updates,
            self.breakers,
            self._ports,
            registry,
            self._emit,
            lambda: self.queue.idle,
            await self._ports.runtime.device(),
        )
        upgrade.models.enabled = self._config.enable_full_models
        upgrade.models.waits = self._config.wait_for_larger_models
        upgrade.join(among)
        among.on_lead = self.schedule
        self._among = among
        await upgrade.recall()
        self._predictive = PredictiveLoader(
            manager, self.breakers, self._ports.settings, self._metrics, self._emit, model_of, lambda: self.queue.idle
        )
        self.trials = GpuTrials(manager, registry, self._ports, self._log, self._between_turns, lambda: self.queue.idle)
        self.prefixes = SavedPrefixes(manager, self._ports, self._log)
        self.begin(partial(self.prefixes.begin, agents.ids))
        self._snapshots = SnapshotKeeper(manager, self._ports, self._log, lambda: self.queue.idle)
        await self.breakers.recall(self._ports.settings)
        await self._predictive.recall()
        among.start()

    def on_model_needed(self, model_id: str) -> None:
        """A model is needed now: what was loaded on a guess is judged, and gives way."""
        self._give_way()
        if self._predictive is not None:
            self._predictive.on_model_needed(model_id)
        if self.upgrade is not None:
            self.upgrade.on_model_needed(model_id)

    async def on_answered(self, agent: str, model_id: str) -> None:
        """Learns who answered."""
        if self.upgrade is not None:
            await self.upgrade.on_answered(model_id)
        if self._predictive is not None and self._config.enable_predictive_loading:
            await self._predictive.on_answered(agent, model_id)

    def status(self) -> Resilience:
        return {
            "breakers": self.breakers.metrics(),
            "queue": cast(QueueRow, self._queue_event().model_dump(exclude={"v", "id", "type"})),
            "predictive": self._predictive.status() if self._predictive is not None else None,
            "hydration": self.upgrade.status() if self.upgrade is not None else None,
            "memory": cast(MemoryRow, self._manager.memory().model_dump(exclude={"v", "id", "type", "evicted"}))
            if self._manager
            else None,
        }

    def call_off(self) -> None:
        """Ends what was begun without being asked for and can be begun again."""
        if self.trials is not None:
            self.trials.stop()

    def _give_way(self) -> None:
        if self.trials is not None:
            self.trials.give_way()
        if self._snapshots is not None:
            self._snapshots.give_way()

    def stop(self) -> None:
        self.call_off()
        if self.upgrade is not None:
            self.upgrade.stop()
        for task in (*self._tasks, *([self._idling] if self._idling else [])):
            task.cancel()
        if self._among is not None:
            self._among.leave()
        self._manager = self._predictive = self.upgrade = self.trials = self._snapshots = None

    def _queue_changed(self) -> None:
        self._emit(self._queue_event())
        if not self.queue.idle:
            self._give_way()
        if self._idling is not None:
            self._idling.cancel()
            self._idling = None
        self.schedule()

    def schedule(self) -> None:
        """If nothing runs or waits: what there is to do then begins in a moment."""
        if self._idling is not None:
            self._idling.cancel()
            self._idling = None
        if self.queue.idle and self._manager is not None:
            self._idling = asyncio.ensure_future(self._idle())

    @asynccontextmanager
    async def _between_turns(self, cancel: CancelToken) -> AsyncIterator[None]:
        async with self.queue.slot("between-turns", cancel, priority=-10, alone=True):
            yield

    async def retire(self, model_id: str) -> None:
        """Gives a model's memory back once nothing is asked of it."""
        async with self._between_turns(CancelToken()):
            if self._manager is not None:
                await self._manager.unload(model_id)

    def _queue_event(self) -> QueueEvent:
        queue = self.queue
        return QueueEvent(id=ENGINE_ID, running=queue.running, waiting=queue.waiting, limit=queue.policy.limit)

    async def _idle(self) -> None:
        """Ends early, by being cancelled, when something is asked; what it began goes on beside."""
        await self._ports.sleep(MOMENT_S)
        if self._predictive is not None and self._config.enable_predictive_loading:
            self.begin(self._predictive.preload)
        if self.upgrade is not None:
            self.begin(self.upgrade.poll)
        if self.prefixes is not None:
            self.begin(self.prefixes.poll)
        if self._snapshots is not None:
            self.begin(self._snapshots.poll)
        self._try_gpu()
        await self._ports.sleep(MINUTE_S)
        if self._manager is not None:
            self.begin(self._manager.check_health)
        self._try_gpu()

    def _try_gpu(self) -> None:
        if self.trials is not None:
            self.begin(self.trials.poll)

    def _breaker_changed(self, change: BreakerChange) -> None:
        self._metrics.count(f"breaker.{change.state}")
        self._emit(
            BreakerEvent(
                id=ENGINE_ID,
                name=change.name,
                state=change.state,
                previous=change.previous,
                failures=change.failures,
                retry_in_s=round(change.retry_in_s, 3),
                cause=change.cause,
                slow_rate=change.slow_rate,
            )
        )
        self.begin(lambda: self.breakers.keep(self._ports.settings))

    def begin(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Runs ``work`` beside; it concerns nobody's request, so its failure is a log line."""

        async def watched() -> None:
            try:
                await work()
            except OrionError as error:
                self._log.warn("background work failed", code=error.code, message=error.message)

        task = asyncio.ensure_future(watched())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
