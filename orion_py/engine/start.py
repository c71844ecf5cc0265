"""Builds an engine's parts, in the order in which they need each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from orion_py.agents.custom import CustomAgents
from orion_py.agents.factory import AgentFactory
from orion_py.answering.ability import check_agents
from orion_py.answering.caller_programs import CallerPrograms
from orion_py.answering.coded import CodeRuns
from orion_py.answering.measures import Measures
from orion_py.answering.reading_ahead import ReadingAhead
from orion_py.answering.services import Services
from orion_py.background.gpu_trials import GpuTrials
from orion_py.background.prediction import PredictiveLoader
from orion_py.background.site_growth import SiteGrowth
from orion_py.background.site_registry import site_registry
from orion_py.background.snapshot_keeper import SnapshotKeeper
from orion_py.background.updates import Updates
from orion_py.background.upgrade import BackgroundUpgrade
from orion_py.config import EngineConfig
from orion_py.engine.bus import Choosy, EventBus, Subscriber
from orion_py.engine.changed_parts import ChangedParts, part_kept_in
from orion_py.engine.changes import Changes
from orion_py.engine.load_events import LoadEvents
from orion_py.engine.log_subscriber import LogFeed, LogSubscriber
from orion_py.engine.managed_models import ManagedModels
from orion_py.engine.metric_subscriber import MetricSubscriber
from orion_py.engine.other_tabs import SHARED, OtherTabs
from orion_py.engine.outcomes import Outcomes
from orion_py.engine.recent_fallbacks import RecentFallbacks
from orion_py.engine.resilience import Resilience
from orion_py.engine.router_care import RouterCare, routable
from orion_py.engine.scheduler import Background, BackgroundScheduler, between_turns, queue_event
from orion_py.engine.tasks import BackgroundTasks
from orion_py.engine.telemetry_subscriber import TelemetrySubscriber, all_codes
from orion_py.errors import OrionError, StorageUnavailable
from orion_py.external.added_models import AddedModels
from orion_py.fetching.loader import ProgressiveLoader
from orion_py.ports import Ports, with_own
from orion_py.protocol import ENGINE_ID, BreakerEvent, FallbackEvent
from orion_py.registry.models import ModelEntry, Registry
from orion_py.residency.manager import ModelManager
from orion_py.residency.saved_prefixes import SavedPrefixes
from orion_py.residency.senses import Senses
from orion_py.resilience.breakers import Breakers
from orion_py.resilience.circuit_breaker import BreakerChange
from orion_py.resilience.request_queue import RequestQueue
from orion_py.routing.service import RouterService
from orion_py.routing.subjects import subjects_of
from orion_py.runtime.base import Device
from orion_py.safety.guard import Guard, InputGuard
from orion_py.storage.among_tabs import AmongTabs
from orion_py.storage.forgiving import ForgivingSettings
from orion_py.storage.tabs import Hall
from orion_py.telemetry.log import Logger
from orion_py.telemetry.metrics import Metrics
from orion_py.telemetry.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Ground:
    """What stands before anything is read: the bus with its subscribers, and what writes to them."""

    config: EngineConfig
    ports: Ports
    among: AmongTabs
    bus: EventBus
    log: Logger
    feed: LogFeed
    changed: ChangedParts
    metrics: Metrics
    measures: Measures
    telemetry: Telemetry
    fallbacks: RecentFallbacks
    tasks: BackgroundTasks

    def note(self, of: str) -> Callable[[str], None]:
        """Says in the log what isn't known to this version of ``of``."""
        return lambda what: self.log.warn("not known to this version", of=of, what=what)


@dataclass(frozen=True, slots=True)
class Parts:
    """All of an engine."""

    ground: Ground
    device: Device
    registry: Registry
    agents: AgentFactory
    custom: CustomAgents
    code_runs: CodeRuns
    programs: CallerPrograms
    loader: ProgressiveLoader
    manager: ModelManager
    loads: LoadEvents
    queue: RequestQueue
    breakers: Breakers
    router: RouterCare
    work: Background
    scheduler: BackgroundScheduler
    resilience: Resilience
    models: ManagedModels
    changes: Changes
    ahead: ReadingAhead
    outcomes: Outcomes
    guard: Guard
    senses: Senses

    def services(self, config: EngineConfig, log: Logger) -> Services:
        """What serving a question takes; ``log`` writes its id into each record."""
        ground = self.ground
        return Services(
            config=config,
            clock=ground.ports.clock,
            sleep=ground.ports.sleep,
            new_seed=ground.ports.new_seed,
            emit=ground.bus.emit,
            log=log,
            measures=ground.measures,
            registry=self.registry,
            agents=self.agents,
            code_runs=self.code_runs,
            programs=self.programs,
            code_runner=ground.ports.code_runner,
            embed=self.router.router.embed,
            router=self.router.router,
            guard=self.guard,
            models=self.manager,
            prefixes=self.work.prefixes,
            queue=self.queue,
            breakers=self.breakers,
            background=self.scheduler,
            loads=self.loads,
            order=self.work.upgrade.models,
            wishes=self.work.upgrade,
            versions=self.work.updates,
            attachments=ground.ports.attachments,
            sight=ground.ports.sight(self.senses.lent) if ground.ports.sight is not None else None,
            hearing=ground.ports.hearing(self.senses.lent) if ground.ports.hearing is not None else None,
            lend=self.senses.lent,
        )


def ground_of(config: EngineConfig, ports: Ports, log: Logger, subscribers: Iterable[Subscriber]) -> Ground:
    tabs = ports.tabs or Hall().tab()
    bus = EventBus()
    among, changed = AmongTabs(tabs, ports.new_seed()), ChangedParts()

    def unkept(error: OrionError) -> None:
        to = "for this visit"
        bus.emit(FallbackEvent.step(ENGINE_ID, "settings", "kept on this device", to, error.code, error.message))

    def pending(keys: Sequence[str]) -> None:
        for key in keys:
            changed.written(key)

    def written(keys: Sequence[str]) -> None:
        pending(keys)
        shared = [key for key in keys if key in SHARED or part_kept_in(key)]
        if shared:
            among.tell("settings", keys=shared)

    # What can't be kept is said once, and fails nothing.
    ports = with_own(ports, ForgivingSettings(ports.settings, unkept, written, pending), tabs)
    metrics, telemetry = Metrics(), Telemetry(ports.settings, codes=all_codes())
    fallbacks = RecentFallbacks()
    own: list[Choosy] = [fallbacks, LogSubscriber(log), MetricSubscriber(metrics), TelemetrySubscriber(telemetry)]
    for listener in own:
        bus.subscribe(listener, listener.kinds)
    for subscriber in subscribers:
        bus.subscribe(subscriber)
    measures = Measures(metrics, ports.clock, bus.emit, config.slow_call_s)
    feed, tasks = LogFeed(log, bus.emit), BackgroundTasks(log)
    return Ground(config, ports, among, bus, log, feed, changed, metrics, measures, telemetry, fallbacks, tasks)


async def build(ground: Ground, registry_path: str) -> Parts:
    """Reads the registry, detects the device and recalls what earlier visits left. Raises InvalidRegistry or
    DownloadFailed."""
    config, ports, log, bus = ground.config, ground.ports, ground.log, ground.bus
    registry = await site_registry(ports, registry_path, ground.note("models.json"))
    check_agents(config, registry)
    ground.telemetry.name_agents(entry.id for entry in registry.agents)
    device = await ports.runtime.device()
    added = AddedModels(ports, registry)
    await added.restore()
    agents = AgentFactory(registry, ports.languages)
    custom = CustomAgents(
        ports.settings, registry, agents, lambda error: log.warn("custom agent skipped", code=error.code)
    )
    await custom.restore()
    loader = ProgressiveLoader(
        ports.store,
        ports.runtime,
        clock=ports.clock,
        sleep=ports.sleep,
        uniform=ports.uniform,
        concurrency=config.download_concurrency,
        idle_timeout_s=config.load_timeout_s,
        on_retry=lambda error, failed: log.warn("retry", code=error.code, failed=failed),
    )
    queue = RequestQueue(ports.clock, ports.sleep, on_change=lambda: bus.emit(queue_event(queue)))
    breakers = _breakers(ground)
    loads = LoadEvents(bus.emit, ground.measures)
    manager = ModelManager(
        config,
        ports,
        loader,
        loads,
        breakers,
        on_dead=lambda model_id: log.warn("worker replaced", model=model_id),
    )
    manager.opener.source.versions.on_note = ground.note("a manifest")
    work = _background(ground, device, registry, agents, loader, manager, queue, breakers)
    loads.claim(work.upgrade.owns)
    scheduler = BackgroundScheduler(config, ports, queue, breakers, manager, work, ground.tasks, ground.among)
    bus.subscribe(scheduler, scheduler.kinds)
    await _recall(ground, agents, breakers, work)
    routing, changed = _router(ground, registry, agents, loader), ground.changed
    router = RouterCare(routing, config, ports, registry, agents, manager, ground.tasks, changed)
    senses = Senses(registry, manager, breakers, ground.tasks.begin)
    models = ManagedModels(
        ports, log, registry, agents, manager, breakers, added, work, scheduler, ground.among, changed, senses
    )
    changes = Changes(log, bus, registry, agents, router, work, scheduler, ground.tasks, ground.among)
    agents.on_change = changes.on_agent
    growth = SiteGrowth(ports, registry, registry_path, ground.note("models.json"), changes.on_growth)
    OtherTabs(
        ground.among,
        registry,
        custom,
        added,
        router.router,
        work.upgrade,
        manager,
        work.updates,
        begin=ground.tasks.begin,
        schedule=scheduler.schedule,
        retire=scheduler.retire,
        check_site=growth.check,
        say_models=changes.tell_models,
        changed=changed,
    ).listen()
    ground.tasks.begin(growth.watch)
    return Parts(
        ground=ground,
        device=device,
        registry=registry,
        agents=agents,
        custom=custom,
        code_runs=CodeRuns(custom),
        programs=CallerPrograms(),
        loader=loader,
        manager=manager,
        loads=loads,
        queue=queue,
        breakers=breakers,
        router=router,
        work=work,
        scheduler=scheduler,
        resilience=Resilience(queue, breakers, manager, work),
        models=models,
        changes=changes,
        ahead=ReadingAhead(models.quickest_of),
        outcomes=Outcomes(ground.metrics, ground.measures, ground.telemetry),
        guard=InputGuard(),
        senses=senses,
    )


def _breakers(ground: Ground) -> Breakers:
    def changed(change: BreakerChange) -> None:
        ground.bus.emit(
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
        ground.tasks.begin(partial(breakers.keep, ground.ports.settings))

    breakers = Breakers(ground.ports.clock, on_change=changed, on_count=partial(ground.changed.mark, "breakers"))
    return breakers


def _background(
    ground: Ground,
    device: Device,
    registry: Registry,
    agents: AgentFactory,
    loader: ProgressiveLoader,
    manager: ModelManager,
    queue: RequestQueue,
    breakers: Breakers,
) -> Background:
    ports, log, emit = ground.ports, ground.log, ground.bus.emit
    alone = between_turns(queue)

    def idle() -> bool:
        return queue.idle

    def model_of(agent: str) -> ModelEntry | None:
        usable = registry.usable(agents.models(agent)) if agent in agents.ids else ()
        return upgrade.models.quickest([registry.model(model_id) for model_id in usable])

    updates = Updates(manager, ports, registry, emit, alone)
    upgrade = BackgroundUpgrade(manager, loader, updates, breakers, ports, registry, emit, idle, device)
    upgrade.join(ground.among)
    return Background(
        updates=updates,
        upgrade=upgrade,
        predictive=PredictiveLoader(manager, breakers, ports.settings, ground.metrics, emit, model_of, idle),
        trials=GpuTrials(manager, registry, ports, log, alone, idle),
        prefixes=SavedPrefixes(manager, ports, log),
        snapshots=SnapshotKeeper(manager, ports, log, idle),
    )


async def _recall(ground: Ground, agents: AgentFactory, breakers: Breakers, work: Background) -> None:
    """Goes on from what earlier visits left."""
    await work.upgrade.recall()
    ground.tasks.begin(partial(work.prefixes.begin, agents.ids))
    await breakers.recall(ground.ports.settings)
    await work.predictive.recall()
    ground.among.start()


def _router(ground: Ground, registry: Registry, agents: AgentFactory, loader: ProgressiveLoader) -> RouterService:
    enabled = routable(ground.config, registry, agents)
    subjects, note = subjects_of(registry.agents), ground.note("the router")
    router = RouterService(ground.ports, loader, enabled, ground.bus.emit, note, subjects)
    router.exemplify(agents.examples)
    return router


def say_where_models_stay(ground: Ground) -> None:
    reason = ground.ports.store.memory_reason
    if reason is not None:
        code, to = StorageUnavailable.code, "in memory"
        ground.bus.emit(FallbackEvent.step(ENGINE_ID, "storage", "stored on this device", to, code, reason))
