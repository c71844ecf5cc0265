"""The engine behind the protocol: requests in as JSON text, events and ends out as JSON text.

Knows nothing of workers: a browser's message port, a test's list or a socket can carry it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from orion_py import __version__
from orion_py.answering.deadline import Deadline
from orion_py.answering.reading_ahead import Draft
from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.config import EngineConfig, merge, preset, preset_for
from orion_py.engine.engine import OrionInferenceEngine
from orion_py.engine.slot import EngineSlot
from orion_py.engine.telemetry_counts import answer_telemetry
from orion_py.errors import Cancelled, DeadlineExceeded, OrionError, ProtocolError
from orion_py.memory.offers import offered
from orion_py.ports import Ports
from orion_py.protocol import (
    ENGINE_ID,
    AddModel,
    Anticipate,
    Cancel,
    CancelledEnd,
    Configure,
    ErrorInfo,
    Failed,
    Hydrate,
    Infer,
    Initialize,
    InspectModel,
    LogEvent,
    Logs,
    Preload,
    RegisterAgent,
    RemoveModel,
    Result,
    RouteRequest,
    Shutdown,
    StatusRequest,
    Teach,
    TelemetryRequest,
    Unload,
    UnregisterAgent,
    VersionRequest,
    id_of,
    parse_request,
    read_message,
)
from orion_py.runtime.tokenizer import ChatMessage
from orion_py.storage.base import StorageEstimate
from orion_py.telemetry.log import Logger


class EngineHost:
    """One engine and whoever talks to it. ``send`` posts one message; ``receive`` never raises."""

    def __init__(self, ports: Ports, send: Callable[[str], None], registry_path: str = "models.json") -> None:
        self._ports, self._send_text, self._registry_path = ports, send, registry_path
        self._slot = EngineSlot()
        self._locale = "en"
        self._cancels: dict[str, CancelToken] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._preset = ""
        self._following = False
        self._unfollow: Callable[[], None] | None = None

    def receive(self, text: str) -> None:
        """Takes one message; its answer comes through ``send``."""
        message: dict[str, Any] = {}
        try:
            message = read_message(text)
            request = parse_request(message)
        except ProtocolError as error:
            self._send(Failed(id=id_of(message), error=_info(error)))
            return
        if isinstance(request, Cancel):
            # At once and outside of any queue: what is to be stopped may be what holds the queue up.
            self._cancel(request)
            return
        # Before its task runs: a Stop may be the very next message.
        cancel = self._cancels[request.id] = CancelToken()
        task = asyncio.ensure_future(self._serve(request, cancel))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def _engine(self) -> OrionInferenceEngine | None:
        return self._slot.engine

    def _send(self, message: Any) -> None:
        try:
            text = message.model_dump_json()
        except ValueError as error:  # what no message can carry, from a browser or an extension
            if self._engine is not None:
                self._engine.log.critical("bug", error=type(error).__name__, message=str(error))
            if not isinstance(message, Result | Failed | CancelledEnd):
                return
            # Whoever asked waits for an end, whatever is wrong with this one.
            told = f"The engine failed: {error}"
            text = Failed(id=message.id, error=ErrorInfo(code="orion", message=told)).model_dump_json()
        self._send_text(text)

    def _cancel(self, request: Cancel) -> None:
        if request.request is None:
            for token in list(self._cancels.values()):
                token.cancel()
            if self._engine is not None:
                self._engine.cancel()
        elif request.request in self._cancels:
            self._cancels[request.request].cancel()
        self._send(Result(id=request.id))

    async def _serve(self, request: Any, cancel: CancelToken) -> None:
        try:
            cancel.raise_if_cancelled()
            payload = await self._dispatch(request, cancel)
        except Cancelled as stopped:
            if self._engine is not None and not isinstance(request, Infer):  # answers count themselves
                self._engine.telemetry.event("cancelled")
            self._send(CancelledEnd(id=request.id, partial=stopped.partial))
        except OrionError as error:
            if self._engine is not None and not isinstance(request, Infer):
                self._engine.telemetry.event("failed", code=error.code)
            self._send(Failed(id=request.id, error=_info(error)))
        except Exception as error:
            if self._engine is not None:
                self._engine.log.critical("bug", error=type(error).__name__, message=str(error))
            message = f"The engine failed: {type(error).__name__}: {error}"
            self._send(Failed(id=request.id, error=ErrorInfo(code="orion", message=message)))
        else:
            self._send(Result(id=request.id, payload=payload))
        finally:
            if self._cancels.get(request.id) is cancel:
                del self._cancels[request.id]
            if self._engine is not None:
                await self._engine.telemetry.save()

    async def _dispatch(self, request: Any, cancel: CancelToken) -> dict[str, Any]:
        if isinstance(request, Initialize):
            return await self._initialize(request, cancel)
        engine, left = await self._ready(request, cancel)
        if isinstance(request, Infer):
            options = request.options.model_copy(update={"timeout": left}) if left is not None else request.options
            history: list[ChatMessage] = [{"role": t.role, "content": t.content} for t in request.history]
            response = await engine.infer(
                request.query,
                options,
                history,
                locale=self._locale,
                request_id=request.id,
                cancel=cancel,
                priority=request.priority,
            )
            return response.model_dump()
        if isinstance(request, Anticipate):
            said: list[ChatMessage] = [{"role": t.role, "content": t.content} for t in request.history]
            draft = Draft(request.draft, said, request.options, self._locale, request.agent)
            return asdict(await engine.read_ahead(draft, cancel))
        if isinstance(request, RouteRequest):
            return asdict(await until_cancelled(engine.router.route(request.query, self._locale), cancel))
        if isinstance(request, Teach):
            return asdict(await engine.teach(request.action, request.query, request.agent))
        if isinstance(request, RegisterAgent):
            await engine.register_agent(request.definition)
            return await self._status(engine)
        if isinstance(request, UnregisterAgent):
            await engine.unregister_agent(request.agent)
            return await self._status(engine)
        if isinstance(request, Preload):
            model_id = await engine.preload(request.model, cancel)
            return {"model": model_id, **await self._status(engine)}
        if isinstance(request, Hydrate):
            await engine.hydrate(request.action, request.model)
            return await self._status(engine)
        if isinstance(request, VersionRequest):
            if request.action == "check":
                await engine.check_version(request.model)
            else:
                await engine.rollback(request.model, cancel)
            return await self._status(engine)
        if isinstance(request, InspectModel):
            return {"model": (await engine.inspect_model(request.address, cancel)).model_dump()}
        if isinstance(request, AddModel):
            await engine.add_model(request.address, cancel)
            return await self._status(engine)
        if isinstance(request, RemoveModel):
            await engine.remove_model(request.model)
            return await self._status(engine)
        if isinstance(request, StatusRequest):
            return await self._status(engine)
        if isinstance(request, Logs):
            self._following = self._following if request.follow is None else request.follow
            self._tell_log(engine.log, engine.config)
            wanted = {"kind": request.kind, "request": request.request}
            records = engine.log.records(request.level, **{name: v for name, v in wanted.items() if v is not None})
            return {"dropped": engine.log.dropped, "records": records[-(request.most or 0) :]}
        if isinstance(request, TelemetryRequest):
            return await answer_telemetry(engine.telemetry, request)
        if isinstance(request, Configure):
            if request.preset is not None:
                self._preset = engine.device_class = await self._preset_named(request.preset)
            engine.configure(merge(preset(self._preset) if request.preset else engine.config, request.config))
            self._tell_log(engine.log, engine.config)
            await engine.telemetry.switch(engine.config.enable_telemetry)
            return await self._status(engine)
        if isinstance(request, Unload):
            await self._unload(engine, request)
            return await self._status(engine)
        if isinstance(request, Shutdown):
            self._unfollow = None
            await self._slot.stop(engine)
            return {}
        raise ProtocolError(f"{request.type} is no request")

    async def _ready(self, request: Any, cancel: CancelToken) -> tuple[OrionInferenceEngine, float | None]:
        """The engine, and how much is left of a question's time limit: it has waited since it came."""
        seconds = request.options.timeout if isinstance(request, Infer) else None
        came, limit = self._ports.clock(), Deadline(cancel, seconds, self._ports.sleep)
        try:
            engine = await self._slot.ready(limit.token)
        except Cancelled:
            if not limit.passed:
                raise
            raise DeadlineExceeded(f"The engine wasn't ready within {seconds:g} s.", seconds=seconds) from None
        finally:
            limit.close()
        return engine, None if seconds is None else max(seconds - (self._ports.clock() - came), 1e-3)

    async def _initialize(self, request: Initialize, cancel: CancelToken) -> dict[str, Any]:
        self._locale = request.locale
        return await self._status(await self._slot.start(lambda: self._start(request), cancel))

    async def _start(self, request: Initialize) -> OrionInferenceEngine:
        self._preset = await self._preset_named(request.preset or "auto")
        config = merge(preset(self._preset), request.config)
        logger = Logger(clock=self._ports.clock, verbose=config.verbose_logging)
        engine = OrionInferenceEngine(config, self._ports, logger, self._registry_path)
        engine.device_class = self._preset
        engine.subscribe(self._send)
        self._tell_log(logger, config)
        await engine.initialize()
        return engine

    async def _preset_named(self, name: str) -> str:
        return preset_for(await self._ports.runtime.device()) if name == "auto" else name

    def _tell_log(self, log: Logger, config: EngineConfig) -> None:
        """Posts the log's records as events while somebody wants them."""
        log.verbose = self._following or config.verbose_logging
        following = self._following and not config.verbose_logging  # verbose, the engine tells it to everybody
        if following and self._unfollow is None:
            self._unfollow = log.subscribe(lambda record: self._send(LogEvent(id=ENGINE_ID, record=record)))
        elif not following and self._unfollow is not None:
            self._unfollow()
            self._unfollow = None

    async def _status(self, engine: OrionInferenceEngine) -> dict[str, Any]:
        device = await self._ports.runtime.device()
        estimate, sizes = StorageEstimate(None, None, False), dict[str, int]()
        with suppress(OrionError):  # what the store doesn't say is no reason to say nothing
            estimate, sizes = await self._ports.store.estimate(), await self._ports.store.sizes()
        recommended = engine.registry.recommended(engine.device_class)
        return {
            "version": __version__,
            "preset": self._preset,
            "config": engine.config.model_dump(),
            "device": {
                "threads": device.threads,
                "webgpu": device.webgpu,
                "webgpu_reason": device.webgpu_reason,
                "webgpu_name": device.webgpu_name,
                "webgpu_software": device.webgpu_software,
                "webgpu_features": list(device.webgpu_features),
                "webgpu_limits": dict(device.webgpu_limits),
                "isolated": device.isolated,
                "memory_gb": device.memory_gb,
                "kernel": device.kernel,
                "kernel_reason": device.kernel_reason,
            },
            "storage": {
                "quota": estimate.quota,
                "usage": estimate.usage,
                "persisted": estimate.persisted,
                "shards": len(sizes),
                "shard_bytes": sum(sizes.values()),
                "prefix_bytes": engine.prefixes.bytes,
            },
            "models": [{**m.model_dump(), "offered": offered(m, device, engine.config)} for m in engine.registry.known],
            "groups": [{"id": name, "agents": list(members)} for name, members in engine.registry.groups.items()],
            "coming": [{"id": entry.id, "title": entry.title} for entry in engine.registry.coming],
            "recommended": recommended.id if recommended is not None else None,
            "added": [m.id for m in engine.registry.added],
            "agents": engine.agents.describe(),
            "custom": [definition.model_dump() for definition in engine.custom_agents],
            "loaded": [
                {
                    "model": key,
                    "version": model.manifest.version,
                    "backend": model.label,
                    "variant": model.variant.id,
                    "memory_bytes": model.report.memory_bytes,
                    "create_ms": model.report.create_ms,
                    "warmup_ms": model.report.warmup_ms,
                }
                for key, model in engine.models.loaded.items()
            ],
            "loading": list(engine.models.loading),
            "webgpu": await engine.webgpu(),
            "fallbacks": engine.fallbacks,
            "versions": await engine.versions(),
            "router": asdict(await engine.router.status()),
            "metrics": engine.metrics.snapshot(),
            **engine.resilience(),
        }

    async def _unload(self, engine: OrionInferenceEngine, request: Unload) -> None:
        await engine.models.unload(request.model)
        if request.forget:
            await engine.forget(request.model)


def _info(error: OrionError) -> ErrorInfo:
    return ErrorInfo(
        code=error.code, message=error.message, hint=error.hint, retryable=error.retryable, detail=error.detail
    )
