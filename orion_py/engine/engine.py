"""Answers questions: from a text to a streamed answer, with all that this takes behind one class.

One request at a time decodes; the others wait in order. Everything that happens on the way is an
event (``subscribe``), and every answer says how it came about.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from orion_py.agents.factory import AgentFactory
from orion_py.answering.ability import check_agents
from orion_py.answering.attachments import Source, handed_in
from orion_py.answering.infer_request import InferRequest
from orion_py.answering.reading_ahead import Draft
from orion_py.answering.request import RequestRun
from orion_py.background.webgpu_report import webgpu_report
from orion_py.cancellation import CancelToken
from orion_py.config import EngineConfig, merge, preset, preset_for
from orion_py.engine.bus import Kinds, Subscriber
from orion_py.engine.changed_parts import BY_CONFIG, ChangedParts
from orion_py.engine.resilience import Resilience
from orion_py.engine.start import Parts, build, ground_of, say_where_models_stay
from orion_py.engine.streaming import stream_pieces
from orion_py.engine.telemetry_subscriber import count_failure
from orion_py.errors import EngineClosed, OrionError
from orion_py.ports import Ports
from orion_py.protocol import AgentDefinition, InferOptions, ReadAhead, Response, RevisionEvent, RouterStatus
from orion_py.protocol.rows import FallbackRow, VersionRow, WebgpuRow
from orion_py.protocol.vocabulary import CodeEnd, PresetName
from orion_py.registry.models import ModelEntry, Registry
from orion_py.residency.manager import ModelManager
from orion_py.residency.saved_prefixes import SavedPrefixes
from orion_py.residency.senses import Senses
from orion_py.routing.service import RouterService
from orion_py.runtime.code_runner import Ran
from orion_py.runtime.segments import Embeddings, Marked
from orion_py.runtime.tokenizer import ChatMessage
from orion_py.telemetry.log import Logger
from orion_py.telemetry.metrics import Metrics
from orion_py.telemetry.telemetry import Telemetry


class Engine:
    """Made by ``start``; ``infer`` or ``stream`` as often as wanted; ``shutdown`` last, or ``async with``."""

    def __init__(self, parts: Parts, device_class: str) -> None:
        self._parts, self._ground = parts, parts.ground
        self._config = parts.ground.config
        self.device_class = device_class
        """As the registry's recommendations name it: a preset's name."""
        self._requests: dict[str, CancelToken] = {}
        self._count = 0
        self._open = True

    @classmethod
    async def start(
        cls,
        config: EngineConfig,
        ports: Ports,
        log: Logger | None = None,
        *,
        registry_path: str = "models.json",
        device_class: str = "",
        subscribers: Iterable[Subscriber] = (),
    ) -> Engine:
        """A whole engine. ``subscribers`` hear the events of the start, too; ``device_class`` is by default the one
        that fits the device. Raises InvalidRegistry or DownloadFailed; then nothing of it goes on."""
        started = ports.clock()
        ground = ground_of(config, ports, log or Logger(clock=ports.clock), subscribers)
        ground.feed.configure(config.verbose_logging)
        try:
            await ground.telemetry.switch(config.enable_telemetry)
            parts = await build(ground, registry_path)
        except BaseException:
            ground.tasks.stop()
            ground.feed.stop()
            raise
        engine = cls(parts, device_class or preset_for(parts.device))
        ground.telemetry.event("session")
        parts.router.begin()
        say_where_models_stay(ground)
        ground.log.info("initialized", ms=round((ports.clock() - started) * 1000, 1))
        return engine

    async def __aenter__(self) -> Engine:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.shutdown()

    @property
    def config(self) -> EngineConfig:
        return self._config

    @property
    def log(self) -> Logger:
        return self._ground.log

    def follow_log(self, on: bool) -> None:
        """While on, the log keeps DEBUG records too, and each record is an event."""
        self._ground.feed.follow(on)

    @property
    def changed(self) -> ChangedParts:
        """Which parts of the status may be others by now."""
        return self._ground.changed

    @property
    def metrics(self) -> Metrics:
        return self._ground.metrics

    @property
    def telemetry(self) -> Telemetry:
        return self._ground.telemetry

    @property
    def registry(self) -> Registry:
        return self._parts.registry

    @property
    def agents(self) -> AgentFactory:
        return self._parts.agents

    @property
    def models(self) -> ModelManager:
        return self._parts.manager

    @property
    def router(self) -> RouterService:
        return self._parts.router.router

    @property
    def prefixes(self) -> SavedPrefixes:
        """The read prompts that are kept on the device."""
        self._require_open()
        return self._parts.work.prefixes

    @property
    def fallbacks(self) -> list[FallbackRow]:
        """The last steps down, the latest last, with their reasons."""
        return self._ground.fallbacks.rows

    @property
    def resilience(self) -> Resilience:
        return self._parts.resilience

    @property
    def senses(self) -> Senses:
        """What sees, hears and speaks."""
        self._require_open()
        return self._parts.senses

    async def webgpu(self) -> list[WebgpuRow]:
        """As ``webgpu_report``, for what is in memory now."""
        return await webgpu_report(self._config, self._parts.device, self._parts.manager)

    def subscribe(self, listener: Subscriber, kinds: Kinds | None = None) -> Callable[[], None]:
        """Calls ``listener`` with every event, or with those of ``kinds``. Returns what takes it back."""
        return self._ground.bus.subscribe(listener, kinds)

    async def wait_for_router(self, cancel: CancelToken | None = None, timeout_s: float | None = None) -> RouterStatus:
        """Which router answers, once that is settled: the neural one is there, or won't come (it is
        switched off, isn't built, or fails). After ``timeout_s`` seconds, what is so by then.

        ``infer`` never waits for it: a question asked before it is there is routed by keywords. A
        program with a single question waits here first. Raises EngineClosed and Cancelled.
        """
        self._require_open()
        return await self._parts.router.settled(cancel or CancelToken(), timeout_s)

    async def teach(self, action: str, query: str, agent: str) -> RouterStatus:
        """Corrects the router, on this device. Raises InvalidInput and EngineClosed."""
        self._require_open()
        return await self._parts.router.teach(action, query, agent)

    @property
    def custom_agents(self) -> tuple[AgentDefinition, ...]:
        return self._parts.custom.definitions

    async def register_agent(self, definition: AgentDefinition) -> None:
        """Adds or replaces a custom agent, and keeps it. Raises InvalidConfig and EngineClosed."""
        self._require_open()
        await self._parts.custom.register(definition)

    async def unregister_agent(self, agent_id: str) -> None:
        """Forgets a custom agent. Raises UnknownAgent and EngineClosed."""
        self._require_open()
        await self._parts.custom.unregister(agent_id)

    def configure(self, config: EngineConfig) -> None:
        """Takes effect with the next request; a loaded model stays on its backend until unloaded. Raises
        InvalidConfig."""
        parts, ground = self._parts, self._ground
        check_agents(config, parts.registry)
        self._config = config
        ground.feed.configure(config.verbose_logging)
        if ground.telemetry.enabled != config.enable_telemetry:
            ground.tasks.finish(partial(ground.telemetry.switch, config.enable_telemetry))
        ground.measures.slow_call_s = config.slow_call_s
        parts.loader.configure(config.download_concurrency, config.load_timeout_s)
        parts.manager.config = config
        parts.scheduler.configure(config)
        parts.router.configure(config)
        ground.changed.mark(*BY_CONFIG)

    async def reconfigure(self, preset_name: PresetName | Literal["auto"] | None, changes: dict[str, Any]) -> None:
        """Changes the settings that ``changes`` names; with a preset ("auto": the one that fits the device) all
        others become that preset's. Raises InvalidConfig."""
        name = preset_for(self._parts.device) if preset_name == "auto" else preset_name
        config = merge(self._config if name is None else preset(name), changes)
        self.configure(config)
        self.device_class = name or self.device_class
        await self.telemetry.switch(config.enable_telemetry)

    async def preload(self, model_id: str | None = None, cancel: CancelToken | None = None) -> str:
        """Brings a model into memory; returns its id. The default is the registry's recommendation for the
        device's class, else the first agent's model that is quickest to have.

        Raises as ``ModelManager.acquire``, and CircuitOpen.
        """
        self._require_open()
        return await self._parts.models.preload(model_id, self.device_class, cancel or CancelToken())

    async def read_ahead(self, draft: Draft, cancel: CancelToken | None = None) -> ReadAhead:
        """Somebody types: what the likely prompt begins with is read, unless something else wants the engine. Raises
        as ``ReadingAhead.read``, and EngineClosed."""
        self._require_open()
        found = replace(draft, agent=draft.agent or self._parts.changes.last_agent)
        return await self._parts.ahead.read(
            found, self._parts.services(self._config, self.log), cancel or CancelToken()
        )

    async def control_upgrade(self, action: str, model_id: str | None = None) -> None:
        """As ``BackgroundUpgrade.command``; what is begun goes on in the background. Raises UnknownModel and
        EngineClosed."""
        self._require_open()
        await self._parts.models.control_upgrade(action, model_id)

    async def check_version(self, model_id: str) -> None:
        """Asks the server for a newer version, which then comes in the background."""
        self._require_open()
        self._parts.models.check_version(model_id)

    async def rollback(self, model_id: str, cancel: CancelToken | None = None) -> None:
        """The version before the one in use answers from the next turn on. Raises NoEarlierVersion,
        UnknownModel, Cancelled, or what loading it raises."""
        self._require_open()
        await self._parts.models.rollback(model_id, cancel)

    async def inspect_model(self, address: str, cancel: CancelToken | None = None) -> ModelEntry:
        """As ``AddedModels.inspect``; raises Cancelled too."""
        self._require_open()
        return await self._parts.models.inspect(address, cancel or CancelToken())

    async def add_model(self, address: str, cancel: CancelToken | None = None) -> ModelEntry:
        """As ``AddedModels.add``."""
        self._require_open()
        return await self._parts.models.add(address, cancel)

    async def remove_model(self, model_id: str) -> None:
        """Forgets an added model and deletes what came of it. Raises UnknownModel."""
        self._require_open()
        await self._parts.models.remove(model_id)

    async def forget(self, model_id: str | None = None) -> None:
        """Ends a model (None: all) and deletes from the device what no other shares."""
        self._require_open()
        await self._parts.models.forget(model_id)

    async def versions(self) -> list[VersionRow]:
        """What ``Versions.describe`` says of each model of which something is kept."""
        self._require_open()
        return await self._parts.models.versions()

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
        embedded: Sequence[Embeddings | Marked] = (),
        runs_code: bool = False,
        images: Iterable[Source] = (),
        audio: Iterable[Source] = (),
    ) -> Response:
        """The whole answer; its pieces are token events with ``request_id``. ``images`` and ``audio``: files, as paths
        or bytes. ``embedded``: images and sounds as its model takes them in. ``runs_code``: the caller runs an
        agent's own code when it gets a CodeEvent, and passes the output to ``code_output``; what a skill wants
        run, when it gets a SkillCodeEvent, for ``skill_ran``. Raises as ``RequestRun.run``, AttachmentMissing,
        AttachmentBroken and EngineClosed.
        """
        self._require_open()
        request_id, files = request_id or self._new_id(), self._ground.ports.attachments
        request = InferRequest(
            id=request_id,
            query=query,
            options=await handed_in(files, request_id, options or InferOptions(), images, audio),
            history=history,
            locale=locale,
            cancel=cancel or CancelToken(),
            priority=priority,
            embedded=embedded,
            runs_code=runs_code,
        )
        self._requests[request.id] = request.cancel
        self._parts.ahead.give_way()
        log = self.log.child(request=request.id)
        try:
            response = await RequestRun(request, self._parts.services(self._config, log)).run()
        except OrionError as error:
            self._parts.outcomes.failed(error, log)
            raise
        finally:
            if self._requests.get(request.id) is request.cancel:
                del self._requests[request.id]
            files.release(request.id)
            await self.telemetry.save()
        self._parts.outcomes.answered(request.id, response, log)
        self._parts.changes.last_agent = response.agent
        await self._parts.scheduler.on_answered(response.agent, response.model)
        self.changed.mark("predictive")
        return response

    def code_output(self, request_id: str, text: str, end: CodeEnd | None) -> None:
        """What the code that answers a request said, as in the protocol's ``agent.output``."""
        self._require_open()
        self._parts.code_runs.take(request_id, text, end)

    def skill_ran(self, request_id: str, run: int, ran: Ran) -> None:
        """What came of a program that a skill had the caller run, as in the protocol's ``skill.ran``."""
        self._parts.programs.take(request_id, run, ran)

    def stream(
        self,
        query: str,
        options: InferOptions | None = None,
        history: Sequence[ChatMessage] = (),
        *,
        locale: str = "en",
        images: Iterable[Source] = (),
        audio: Iterable[Source] = (),
        on_response: Callable[[Response], None] = lambda response: None,
        on_revision: Callable[[RevisionEvent], None] = lambda event: None,
    ) -> AsyncIterator[str]:
        """The answer's pieces as they come; leaving the loop stops the answer. Raises as ``infer``.

        ``on_revision``: what came so far is void and the answer is the event's ``content`` now, on which
        the next piece follows. Who can't take back what came leaves loops in (the option ``cut_loops``).
        """
        request_id, cancel = self._new_id(), CancelToken()

        def answer() -> Coroutine[Any, Any, Response]:
            return self.infer(
                query, options, history, locale=locale, request_id=request_id, cancel=cancel, images=images, audio=audio
            )

        return stream_pieces(self.subscribe, request_id, answer, cancel, on_response, on_revision)

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
            self._parts.manager.cancel_loading()
            self._parts.scheduler.call_off()
            self._parts.ahead.stop()

    async def shutdown(self) -> None:
        """Cancels what is under way and gives all memory back. Safe to call twice."""
        if not self._open:
            return
        self._open = False
        self.cancel()
        self._parts.scheduler.stop()
        await self._parts.router.close()
        await self._parts.manager.unload()
        self._ground.feed.stop()

    def _require_open(self) -> None:
        if not self._open:
            raise EngineClosed("The engine was shut down.")

    def _new_id(self) -> str:
        self._count += 1
        return f"request-{self._count}"
