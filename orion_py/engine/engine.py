"""OrionInferenceEngine: from a question to a streamed answer.

One request at a time decodes; the others wait in order. Everything that happens on the way is an
event (``subscribe``), and every answer says how it came about.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Literal, cast

from orion_py.agents.custom import CustomAgents
from orion_py.agents.factory import AgentFactory
from orion_py.answering.ability import switched_off
from orion_py.answering.coded import CodeRuns
from orion_py.answering.deadline import Deadline
from orion_py.answering.measures import Measures
from orion_py.answering.reading_ahead import Draft, ReadingAhead
from orion_py.answering.request import RequestRun
from orion_py.answering.services import Request, Services
from orion_py.background.site_growth import SiteGrowth
from orion_py.background.site_registry import site_registry
from orion_py.background.updates import Updates
from orion_py.background.upgrade import BackgroundUpgrade
from orion_py.background.webgpu_report import webgpu_report
from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.config import EngineConfig, merge, preset, preset_for
from orion_py.engine.other_tabs import SHARED, OtherTabs
from orion_py.engine.scheduler import BackgroundScheduler
from orion_py.engine.telemetry_counts import all_codes, count_answer, count_event, count_failure
from orion_py.errors import Cancelled, EngineClosed, LoadError, OrionError, RuntimeFailure, StorageUnavailable
from orion_py.external.added_models import AddedModels
from orion_py.fetching.loader import ProgressiveLoader
from orion_py.memory.offers import offered
from orion_py.ports import Ports, with_own
from orion_py.protocol import (
    ENGINE_ID,
    AgentDefinition,
    AgentEvent,
    BreakerEvent,
    Event,
    FallbackEvent,
    HydrationEvent,
    InferOptions,
    LogEvent,
    MemoryEvent,
    PredictionEvent,
    ProgressEvent,
    ReadAhead,
    Response,
    RevisionEvent,
    RouterEvent,
    RouterStatus,
    SiteEvent,
    StateEvent,
    TokenEvent,
)
from orion_py.protocol.rows import FallbackRow, Resilience, VersionRow, WebgpuRow
from orion_py.protocol.vocabulary import CodeEnd, PresetName
from orion_py.registry.models import ModelEntry, Registry, RouterEntry
from orion_py.residency.manager import ModelManager
from orion_py.residency.saved_prefixes import SavedPrefixes
from orion_py.routing.service import RouterService
from orion_py.runtime.segments import Embeddings
from orion_py.runtime.tokenizer import ChatMessage
from orion_py.safety.guard import Guard, InputGuard
from orion_py.safety.validation import validate_query
from orion_py.storage.among_tabs import AmongTabs
from orion_py.storage.forgiving import ForgivingSettings
from orion_py.storage.tabs import Hall
from orion_py.telemetry.log import Logger
from orion_py.telemetry.metrics import Metrics
from orion_py.telemetry.telemetry import Telemetry

Listener = Callable[[Event], None]

FALLBACKS_KEPT = 10
ROUTER_WAIT_S = 0.5
"""Between looks whether models still load, before the router's own load begins."""


class OrionInferenceEngine:
    """``initialize`` first; ``infer`` or ``stream`` as often as wanted; ``shutdown`` last."""

    def __init__(self, config: EngineConfig, ports: Ports, logger: Logger, registry_path: str = "models.json") -> None:
        tabs = ports.tabs or Hall().tab()
        # What can't be kept is said once, and fails nothing.
        ports = with_own(ports, ForgivingSettings(ports.settings, self._on_unkept, self._on_written), tabs)
        self._among = AmongTabs(tabs, ports.new_seed())
        self._config, self._ports, self._registry_path = config, ports, registry_path
        self.log, self.metrics = logger, Metrics()
        self._measures = Measures(self.metrics, ports.clock, self._emit, lambda: self._config.slow_call_s)
        self.telemetry = Telemetry(ports.settings, codes=all_codes())
        self._listeners: list[Listener] = []
        self._load_listeners: list[Callable[[ProgressEvent], None]] = []
        self._requests: dict[str, CancelToken] = {}
        self._count = self._memory_logged = 0
        self._hydration_logged: tuple[str, ...] = ()
        self.device_class = ""
        """As the registry's recommendations name it: a preset's name, by default the one that fits the device."""
        self._fallbacks: deque[FallbackEvent] = deque(maxlen=FALLBACKS_KEPT)
        self._open = False
        self._guard: Guard = InputGuard()
        self._background: set[asyncio.Future[None]] = set()
        self._router_cancel = CancelToken()
        self._router_task: asyncio.Future[None] | None = None
        self._router_awaited = False
        self._unfollow: Callable[[], None] | None = None
        self._watching: asyncio.Future[None] | None = None
        self._answered: str | None = None
        """The agent that answered last."""
        self._scheduler = BackgroundScheduler(config, ports, self._emit, logger, self.metrics)
        self._ahead = ReadingAhead(self._quickest_of)

    @property
    def config(self) -> EngineConfig:
        return self._config

    @property
    def registry(self) -> Registry:
        return self._registry

    @property
    def agents(self) -> AgentFactory:
        return self._agents

    @property
    def models(self) -> ModelManager:
        return self._manager

    def resilience(self) -> Resilience:
        return self._scheduler.status()

    @property
    def fallbacks(self) -> list[FallbackRow]:
        """The last steps down, the latest last, with their reasons."""
        return [cast(FallbackRow, event.model_dump(exclude={"v", "type"})) for event in self._fallbacks]

    async def webgpu(self) -> list[WebgpuRow]:
        """As ``webgpu_report``, for what is in memory now."""
        return await webgpu_report(self._config, self._device, self._manager)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Calls ``listener`` with every event. Returns what takes it back."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _emit(self, event: Event) -> None:
        if isinstance(event, FallbackEvent):
            self._fallbacks.append(event)
            step = {"step": event.kind, "source": event.from_, "to": event.to, "code": event.reason_code}
            self._log_of(event).warn("fallback", **step)
        elif isinstance(event, StateEvent):
            self._log_of(event).debug("state", previous=event.previous, state=event.state, ms=round(event.ms, 2))
        elif isinstance(event, BreakerEvent):
            self.log.warn("breaker", name=event.name, state=event.state, failures=event.failures)
        elif isinstance(event, PredictionEvent):
            self.log.info("prediction", model=event.model, agent=event.agent, state=event.state)
        elif isinstance(event, HydrationEvent):
            self._log_hydration(event)
        elif isinstance(event, RevisionEvent):
            self.log.info("loop", request=event.id, again=event.again)
            self.metrics.count("loops")
        elif isinstance(event, MemoryEvent):
            self._log_memory(event)
        count_event(self.telemetry, event)
        if (isinstance(event, HydrationEvent) and event.state == "ready") or (
            isinstance(event, PredictionEvent) and event.state == "done"
        ):
            self._scheduler.schedule()  # a model came in the background: there may be something to find out about it
        for listener in list(self._listeners):
            listener(event)

    def _log_of(self, event: Event) -> Logger:
        """With the request that the event concerns, if it is one."""
        return self.log if event.id == ENGINE_ID else self.log.child(request=event.id)

    def _log_hydration(self, event: HydrationEvent) -> None:
        """Each step once: the events of one step are its progress."""
        step = (event.model, event.version, event.state, event.reason_code)
        if step != self._hydration_logged:
            self._hydration_logged = step
            self.log.info("hydration", model=event.model, state=event.state, code=event.reason_code)

    def _log_memory(self, event: MemoryEvent) -> None:
        if event.evicted:
            self.log.info("evicted", models=event.evicted, used_bytes=event.used_bytes)
        if event.used_bytes != self._memory_logged:
            self._memory_logged = event.used_bytes
            models = [each.model for each in event.models]
            self.log.memory("models", event.used_bytes, budget_bytes=event.budget_bytes, models=models)

    def _on_model_event(self, event: Event) -> None:
        """A load in the background tells of itself in its own way."""
        if isinstance(event, ProgressEvent):
            self._measures.load(event)
            for listener in list(self._load_listeners):
                listener(event)
        upgrade = self._scheduler.upgrade
        if isinstance(event, ProgressEvent) and upgrade is not None and upgrade.owns(event):
            return
        self._emit(event)

    def _on_load(self, listener: Callable[[ProgressEvent], None]) -> Callable[[], None]:
        self._load_listeners.append(listener)
        return lambda: self._load_listeners.remove(listener)

    async def initialize(self) -> None:
        """Reads the registry and detects the device. Raises InvalidRegistry or DownloadFailed."""
        started = self._ports.clock()
        self._tell_log(self._config.verbose_logging)
        await self.telemetry.switch(self._config.enable_telemetry)
        self._registry = await site_registry(self._ports, self._registry_path, self._on_skipped("models.json"))
        self._device = await self._ports.runtime.device()
        self.device_class = self.device_class or preset_for(self._device)
        self._added = AddedModels(self._ports, self._registry)
        await self._added.restore()
        self._agents = AgentFactory(self._registry, self._ports.languages, self._on_agent)
        self._custom = CustomAgents(self._ports.settings, self._registry, self._agents, self._on_skipped_agent)
        await self._custom.restore()
        self._code_runs = CodeRuns(self._custom)
        self._router = RouterService(
            self._ports, self._routable(), self._on_router_failure, self._on_router, self._on_skipped("the router")
        )
        self._router.exemplify(self._agents.examples)
        loader = self._loader = ProgressiveLoader(
            self._ports.store,
            self._ports.runtime,
            clock=self._ports.clock,
            sleep=self._ports.sleep,
            uniform=self._ports.uniform,
            concurrency=self._config.download_concurrency,
            idle_timeout_s=self._config.load_timeout_s,
            on_retry=lambda error, failed: self.log.warn("retry", code=error.code, failed=failed),
        )
        self._manager = ModelManager(
            self._config,
            self._ports,
            loader,
            self._on_model_event,
            self._scheduler.breakers,
            on_dead=lambda model_id: self.log.warn("worker replaced", model=model_id),
        )
        self._manager.opener.source.versions.on_note = self._on_skipped("a manifest")
        await self._scheduler.start(self._manager, self._registry, self._agents, loader, self._among)
        self._growth = SiteGrowth(
            self._ports, self._registry, self._registry_path, self._on_skipped("models.json"), self._on_growth
        )
        self._listen_to_neighbours()
        self._open = True
        self._watching = self._in_background(self._growth.watch())
        self.telemetry.event("session")
        self._load_router()
        self._say_where_models_stay()
        self.log.info("initialized", ms=round((self._ports.clock() - started) * 1000, 1))

    def _listen_to_neighbours(self) -> None:
        upgrade, updates = self._scheduler.upgrade, self._scheduler.updates
        assert upgrade is not None, "there once the scheduler has started"
        assert updates is not None, "there once the scheduler has started"
        OtherTabs(
            self._among,
            self._registry,
            self._custom,
            self._added,
            self._router,
            upgrade,
            self._manager,
            updates,
            begin=self._scheduler.begin,
            schedule=self._scheduler.schedule,
            retire=self._scheduler.retire,
            look=self._growth.look,
            say_models=self._say_models,
        ).listen()

    def _say_models(self, new: list[str]) -> None:
        self._emit(SiteEvent(id=ENGINE_ID, models=new, coming=[entry.id for entry in self._registry.coming]))

    def _on_growth(self, new: tuple[str, ...]) -> None:
        """The site has more models than when this engine began, or makes others."""
        coming = [entry.id for entry in self._registry.coming]
        self.log.info("site", models=list(new), coming=coming)
        self._router.enable(self._routable())
        self._say_models(list(new))
        if new:
            self._among.tell("site")
            self._scheduler.begin(self._want_new)

    async def _want_new(self) -> None:
        """What the agent that answered last prefers now comes in the background, by the usual rules."""
        await self._upgrade.recall()
        if self._answered is not None and self._answered in self._agents.ids:
            models = self._registry.usable(self._agents.get(self._answered).models)
            await self._upgrade.order([self._registry.model(model_id) for model_id in models])
        self._scheduler.schedule()

    def _on_skipped(self, of: str) -> Callable[[str], None]:
        return lambda what: self.log.warn("not known to this version", of=of, what=what)

    @property
    def router(self) -> RouterService:
        return self._router

    def _routable(self) -> tuple[str, ...]:
        """The agents that the configuration lets the router choose."""
        return tuple(a for a in self._agents.ids if not switched_off(self._config, self._registry, a))

    def _load_router(self) -> None:
        """In the background; until it is there, and if it never comes, the keyword rules route."""
        entry = self._registry.router
        if entry is None or not self._config.use_neural_router or self._router.ready:
            return
        earlier = self._router_task
        if earlier is not None and not earlier.done() and not self._router_cancel.cancelled:
            return
        self._router_cancel = CancelToken()
        self._router_task = self._in_background(self._bring_router(entry, self._router_cancel, earlier))

    async def _bring_router(
        self, entry: RouterEntry, cancel: CancelToken, earlier: asyncio.Future[None] | None
    ) -> None:
        """After ``earlier``, which was called off, has come to its end."""
        if earlier is not None:
            await asyncio.wait({earlier})
        if not cancel.cancelled:
            await self._router.load(entry, cancel, lambda: self._models_are_quiet(cancel), self._config.load_timeout_s)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> asyncio.Future[None]:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    async def _models_are_quiet(self, cancel: CancelToken) -> None:
        if self._router_awaited:
            return
        # The page asks for its model right after this engine says that it is ready.
        await self._ports.sleep(ROUTER_WAIT_S)
        while self._manager.loading and not cancel.cancelled and not self._router_awaited:
            await self._ports.sleep(ROUTER_WAIT_S)

    async def wait_for_router(self, cancel: CancelToken | None = None, timeout_s: float | None = None) -> RouterStatus:
        """Which router answers, once that is settled: the neural one is there, or won't come (it is
        switched off, isn't built, or fails). After ``timeout_s`` seconds, what is so by then.

        ``infer`` never waits for it: a question asked before it is there is routed by keywords. Whoever
        has one question and no page to fill waits here first. Raises EngineClosed and Cancelled.
        """
        self._require_open()
        self._router_awaited = True
        limit = Deadline(cancel or CancelToken(), timeout_s, self._ports.sleep)
        try:
            if self._router_task is not None:
                await until_cancelled(self._router_task, limit.token)
        except Cancelled:
            if not limit.passed:
                raise
        finally:
            limit.close()
        return await self._router.status()

    def _on_written(self, keys: Sequence[str]) -> None:
        shared = [key for key in keys if key in SHARED]
        if shared:
            self._among.tell("settings", keys=shared)

    def _on_unkept(self, error: OrionError) -> None:
        self._emit(
            FallbackEvent.step(
                ENGINE_ID, "settings", "kept on this device", "for this visit", error.code, error.message
            )
        )

    def _on_router(self, status: RouterStatus) -> None:
        self.log.info("router", name=status.name, corrections=status.corrections)
        self._emit(RouterEvent(id=ENGINE_ID, name=status.name, corrections=status.corrections))

    def _on_router_failure(self, error: OrionError) -> None:
        self._emit(FallbackEvent.step(ENGINE_ID, "router", "neural", "keyword", error.code, error.message))

    async def teach(self, action: str, query: str, agent: str) -> RouterStatus:
        """Corrects the router, on this device. Raises InvalidInput and EngineClosed."""
        self._require_open()
        if action == "correct":
            await self._router.correct(validate_query(query, self._config.max_query_chars), agent)
        elif action == "undo":
            await self._router.undo()
        else:
            await self._router.forget()
        return await self._router.status()

    @property
    def custom_agents(self) -> tuple[AgentDefinition, ...]:
        return self._custom.definitions

    async def register_agent(self, definition: AgentDefinition) -> None:
        """Adds or replaces a custom agent, and keeps it. Raises InvalidConfig and EngineClosed."""
        self._require_open()
        await self._custom.register(definition)

    async def unregister_agent(self, agent_id: str) -> None:
        """Forgets a custom agent. Raises UnknownAgent and EngineClosed."""
        self._require_open()
        await self._custom.unregister(agent_id)

    def _on_skipped_agent(self, error: OrionError) -> None:
        self.log.warn("custom agent skipped", code=error.code)

    def _on_agent(self, agent_id: str, change: Literal["registered", "unregistered"]) -> None:
        if not self._open:
            return  # restored at the start, which is no news
        self._router.enable(self._routable())
        self._router.exemplify(self._agents.examples)
        if change == "unregistered":
            self._scheduler.begin(partial(self.prefixes.forget, agent=agent_id))
        self._emit(AgentEvent(id=ENGINE_ID, agent=agent_id, change=change))

    def _say_where_models_stay(self) -> None:
        reason = self._ports.store.memory_reason
        if reason is not None:
            self._emit(
                FallbackEvent.step(
                    ENGINE_ID, "storage", "stored on this device", "in memory", StorageUnavailable.code, reason
                )
            )

    def configure(self, config: EngineConfig) -> None:
        """Takes effect with the next request; a loaded model stays on its backend until unloaded."""
        before, self._config = self._config, config
        if before.verbose_logging != config.verbose_logging:
            self._tell_log(config.verbose_logging)
        if self.telemetry.enabled != config.enable_telemetry:
            self._in_background(self.telemetry.switch(config.enable_telemetry))
        self._loader.configure(config.download_concurrency, config.load_timeout_s)
        self._manager.config = config
        self._scheduler.configure(config)
        self._router.enable(self._routable())
        if config.use_neural_router:
            self._load_router()
        else:
            self._router_cancel.cancel()  # what is on its way stops
            if self._router.ready:
                self._in_background(self._router.retire())

    async def reconfigure(self, preset_name: PresetName | Literal["auto"] | None, changes: dict[str, Any]) -> None:
        """Changes the settings that ``changes`` names; with a preset ("auto": the one that fits the device) all
        others become that preset's. Raises InvalidConfig."""
        name = preset_for(self._device) if preset_name == "auto" else preset_name
        config = merge(self._config if name is None else preset(name), changes)
        self.device_class = name or self.device_class
        self.configure(config)
        await self.telemetry.switch(config.enable_telemetry)

    def _tell_log(self, verbose: bool) -> None:
        """Verbose: the log keeps DEBUG records too, and each record is an event as well."""
        if verbose and self._unfollow is None:
            self.log.verbose = True
            self._unfollow = self.log.subscribe(lambda record: self._emit(LogEvent(id=ENGINE_ID, record=record)))
        elif not verbose and self._unfollow is not None:
            self.log.verbose = False
            self._unfollow()
            self._unfollow = None

    async def preload(self, model_id: str | None = None, cancel: CancelToken | None = None) -> str:
        """Brings a model into memory; returns its id. The default is the registry's recommendation for the
        device's class, else the first agent's model that is quickest to have.

        Raises as ``ModelManager.acquire``, and CircuitOpen.
        """
        self._require_open()
        if model_id:
            await self._upgrade.allow_again([model_id])
        if model_id is None and (last := await self._model_of_last_answer()) is not None:
            try:
                async with self._upgrade.first.tried(last):
                    await self._bring(last, cancel)
                return last.id
            except (LoadError, RuntimeFailure) as error:
                self.log.warn("first model", model=last.id, code=error.code)
        entry = self._registry.model(model_id) if model_id else await self._first_model()
        await self._bring(entry, cancel)
        return entry.id

    async def _bring(self, entry: ModelEntry, cancel: CancelToken | None) -> None:
        self._scheduler.on_model_needed(entry.id)
        with self._scheduler.breakers.model(entry.id).entered(though_slow=True):
            await self._manager.release(await self._manager.acquire(entry, cancel or CancelToken()))
        with suppress(OrionError):  # a promise of the browser's, on which nothing depends
            await self._ports.store.persist()
        self._scheduler.schedule()

    async def _model_of_last_answer(self) -> ModelEntry | None:
        """The larger model that answered last, where this engine may begin with it."""
        if self._manager.loaded or not self._config.enable_full_models:
            return None
        usable = {model_id for agent in self._agents.ids for model_id in self._agents.get(agent).models}
        return await self._upgrade.first.choose(
            [
                entry
                for entry in self._registry.models
                if entry.id in usable and offered(entry, self._device, self._config)
            ]
        )

    async def _first_model(self) -> ModelEntry:
        recommended = self._registry.recommended(self.device_class)
        if recommended is not None and not self._manager.loaded:
            return recommended
        models = self._agents.get(self._agents.ids[0]).models
        usable = [self._registry.model(model_id) for model_id in self._registry.usable(models) or models]
        return self._upgrade.models.quickest(usable) or usable[0]

    def _quickest_of(self, agent: str) -> ModelEntry | None:
        """Which of an agent's models, or else of the first agent's, would answer now."""
        models = (*self._agents.get(agent).models, *self._agents.get(self._agents.ids[0]).models)
        usable = self._registry.usable(tuple(dict.fromkeys(models)))
        return self._upgrade.models.quickest([self._registry.model(model_id) for model_id in usable])

    async def read_ahead(self, draft: Draft, cancel: CancelToken | None = None) -> ReadAhead:
        """Somebody types: what the likely prompt begins with is read, unless something else wants the engine. Raises
        as ``ReadingAhead.read``, and EngineClosed."""
        self._require_open()
        found = replace(draft, agent=draft.agent or self._answered)
        return await self._ahead.read(found, self._services(self.log), cancel or CancelToken())

    @property
    def prefixes(self) -> SavedPrefixes:
        """The read prompts that are kept on the device."""
        self._require_open()
        assert self._scheduler.prefixes is not None, "there from initialize on"
        return self._scheduler.prefixes

    @property
    def _upgrade(self) -> BackgroundUpgrade:
        self._require_open()
        assert self._scheduler.upgrade is not None, "there from initialize to shutdown"
        return self._scheduler.upgrade

    @property
    def _updates(self) -> Updates:
        self._require_open()
        assert self._scheduler.updates is not None, "there from initialize on"
        return self._scheduler.updates

    async def hydrate(self, action: str, model_id: str | None = None) -> None:
        """As ``BackgroundUpgrade.command``; what is begun goes on in the background. Raises UnknownModel and
        EngineClosed."""
        await self._upgrade.command(action, model_id)
        self._scheduler.schedule()

    async def check_version(self, model_id: str) -> None:
        """Asks the server for a newer version, which then comes in the background."""
        self._updates.recheck(self._registry.model(model_id).id)
        self._scheduler.schedule()

    async def rollback(self, model_id: str, cancel: CancelToken | None = None) -> None:
        """The version before the one in use answers from the next turn on. Raises NoEarlierVersion,
        UnknownModel, Cancelled, or what loading it raises."""
        await self._updates.rollback(self._registry.model(model_id), cancel)

    async def inspect_model(self, address: str, cancel: CancelToken | None = None) -> ModelEntry:
        """As ``AddedModels.inspect``; raises Cancelled too."""
        self._require_open()
        return await until_cancelled(self._added.inspect(address), cancel or CancelToken())

    async def add_model(self, address: str, cancel: CancelToken | None = None) -> ModelEntry:
        """As ``AddedModels.add``."""
        self._require_open()
        entry = await self._added.add(address, cancel)
        await self._upgrade.allow_again([entry.id])
        return entry

    async def remove_model(self, model_id: str) -> None:
        """Forgets an added model and deletes what came of it. Raises UnknownModel."""
        self._require_open()
        await self._added.remove(model_id)
        await self._forget([model_id])

    async def forget(self, model_id: str | None = None) -> None:
        """Ends a model (None: all) and deletes from the device what no other shares."""
        await self._forget([m.id for m in self._registry.known if model_id in (None, m.id)])
        if model_id is None:
            with suppress(StorageUnavailable):
                await self.prefixes.forget()  # of models too that nobody knows any more

    async def _forget(self, model_ids: list[str]) -> None:
        await self._upgrade.abandon(model_ids)
        self._among.tell("forget", models=model_ids)
        for model_id in model_ids:
            await self._manager.end(model_id)
        with suppress(StorageUnavailable):
            await self.prefixes.forget(model_ids)
        await self._updates.forget(model_ids)

    async def versions(self) -> list[VersionRow]:
        """What ``Versions.describe`` says of each model of which something is kept."""
        rows = [await self._updates.versions.describe(entry.id) for entry in self._registry.known]
        return [row for row in rows if row["current"]]

    async def consider_webgpu(self, model_id: str) -> None:
        """Does WebGPU answer rightly and faster here? Then it takes over. It is asked by itself for every
        model in memory when nothing else is; this asks now. Never raises: a GPU that fails the trial is
        a log line, not a problem."""
        self._require_open()
        if self._scheduler.trials is not None:
            await self._scheduler.trials.consider(model_id)

    async def infer(
        self,
        query: str,
        options: InferOptions | None = None,
        history: Sequence[ChatMessage] = (),
        *,
        locale: str = "en",
        request_id: str | None = None,
        cancel: CancelToken | None = None,
        priority: int = 0,
        embedded: Sequence[Embeddings] = (),
        runs_code: bool = False,
    ) -> Response:
        """The whole answer; its pieces are token events with ``request_id`` on the way. ``embedded``: images and
        sounds of the question, as its model takes them in. ``runs_code``: whoever asks runs an agent's own code when
        a CodeEvent says so, and brings what it says to ``code_output``.

        Raises as ``RequestRun.run``, and EngineClosed.
        """
        self._require_open()
        request = Request(
            id=request_id or self._new_id(),
            query=query,
            options=options or InferOptions(),
            history=history,
            locale=locale,
            cancel=cancel or CancelToken(),
            priority=priority,
            embedded=embedded,
            runs_code=runs_code,
        )
        self._requests[request.id] = request.cancel
        self._ahead.give_way()
        log = self.log.child(request=request.id)
        try:
            response = await RequestRun(request, self._services(log)).run()
        except Cancelled as error:
            self.metrics.count("cancelled")
            count_failure(self.telemetry, error)
            raise
        except OrionError as error:
            self.metrics.count("errors")
            count_failure(self.telemetry, error)
            log.error("failed", code=error.code, message=error.message)
            raise
        finally:
            if self._requests.get(request.id) is request.cancel:
                del self._requests[request.id]
            await self.telemetry.save()
        self._record(request, response, log)
        self._answered = response.agent
        await self._scheduler.on_answered(response.agent, response.model)
        return response

    def code_output(self, request_id: str, text: str, end: CodeEnd | None) -> None:
        """What the code that answers a request said; ``end`` as in the protocol's ``agent.output``."""
        self._require_open()
        self._code_runs.take(request_id, text, end)

    async def stream(
        self,
        query: str,
        options: InferOptions | None = None,
        history: Sequence[ChatMessage] = (),
        *,
        locale: str = "en",
        on_response: Callable[[Response], None] = lambda response: None,
        on_revision: Callable[[RevisionEvent], None] = lambda event: None,
    ) -> AsyncIterator[str]:
        """The answer's pieces as they come; leaving the loop stops the answer. Raises as ``infer``.

        ``on_revision``: what came so far is void and the answer is the event's ``content`` now, on which
        the next piece follows. Who can't take back what came leaves loops in (the option ``cut_loops``).
        """
        request_id, cancel = self._new_id(), CancelToken()
        pieces: asyncio.Queue[str | RevisionEvent | None] = asyncio.Queue()

        def listen(event: Event) -> None:
            if isinstance(event, TokenEvent) and event.id == request_id:
                pieces.put_nowait(event.text)
            elif isinstance(event, RevisionEvent) and event.id == request_id:
                pieces.put_nowait(event)

        unsubscribe = self.subscribe(listen)
        answer = self.infer(query, options, history, locale=locale, request_id=request_id, cancel=cancel)
        task = asyncio.ensure_future(answer)
        task.add_done_callback(lambda _: pieces.put_nowait(None))
        try:
            while (piece := await pieces.get()) is not None:
                if isinstance(piece, RevisionEvent):
                    on_revision(piece)
                else:
                    yield piece
            on_response(task.result())
        finally:
            unsubscribe()
            cancel.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def count_end(self, error: OrionError | None = None) -> None:
        """Counts how a request that isn't a question ended, and keeps the counts."""
        if error is not None:
            count_failure(self.telemetry, error)
        await self.telemetry.save()

    def cancel(self, request_id: str | None = None) -> None:
        """Stops one request, or with None everything under way, background loading included."""
        for key, token in list(self._requests.items()):
            if request_id in (None, key):
                token.cancel()
        if request_id is None:
            self._manager.cancel_loading()
            self._scheduler.call_off()
            self._ahead.stop()

    async def shutdown(self) -> None:
        """Cancels what is under way and gives all memory back. Safe to call twice."""
        if not self._open:
            return
        self._open = False
        if self._watching is not None:
            self._watching.cancel()
        self.cancel()
        self._scheduler.stop()
        self._router_cancel.cancel()
        await self._router.close()
        await self._manager.unload()
        self._tell_log(False)

    def _require_open(self) -> None:
        if not self._open:
            raise EngineClosed("The engine isn't initialized, or was shut down.")

    def _new_id(self) -> str:
        self._count += 1
        return f"request-{self._count}"

    def _services(self, log: Logger) -> Services:
        return Services(
            config=self._config,
            clock=self._ports.clock,
            sleep=self._ports.sleep,
            new_seed=self._ports.new_seed,
            emit=self._emit,
            log=log,
            measures=self._measures,
            registry=self._registry,
            agents=self._agents,
            code_runs=self._code_runs,
            router=self._router,
            guard=self._guard,
            models=self._manager,
            prefixes=self.prefixes,
            queue=self._scheduler.queue,
            breakers=self._scheduler.breakers,
            before_load=self._scheduler.on_model_needed,
            on_load=self._on_load,
            order=self._upgrade.order,
            auto_rollback=self._updates.auto_rollback,
        )

    def _record(self, request: Request, response: Response, log: Logger) -> None:
        count_answer(self.telemetry, response)
        self._measures.answered(request.id, response)
        log.info(
            "answered",
            agent=response.agent,
            model=response.model,
            backend=response.backend,
            tokens=response.usage.completion,
        )
