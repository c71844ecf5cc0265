"""Hosts an engine behind the protocol: takes requests as JSON text, sends events and ends as JSON text.

Knows nothing of workers: a browser's message port, a test's list or a socket can carry it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from orion_py.answering.deadline import Deadline
from orion_py.cancellation import CancelToken
from orion_py.config import merge, preset, preset_for
from orion_py.engine.engine import Engine
from orion_py.engine.handlers import HANDLERS, Call, SendSound
from orion_py.engine.slot import EngineSlot
from orion_py.engine.status_feed import StatusFeed
from orion_py.errors import Cancelled, DeadlineExceeded, OrionError, ProtocolError
from orion_py.ports import Ports
from orion_py.protocol import (
    Cancel,
    CancelledEnd,
    Done,
    ErrorInfo,
    Failed,
    Infer,
    Initialize,
    Listen,
    LogRecords,
    Logs,
    Request,
    Result,
    Shutdown,
    Status,
    id_of,
    parse_request,
    payload_of,
    read_message,
)
from orion_py.telemetry.log import Logger


class EngineHost:
    """One engine and its client. ``send`` posts one message, ``send_sound`` one with samples beside it; ``receive``
    never raises."""

    def __init__(
        self,
        ports: Ports,
        send: Callable[[str], None],
        registry_path: str = "models.json",
        send_sound: SendSound | None = None,
    ) -> None:
        self._send_sound = send_sound
        self._ports, self._send_text, self._registry_path = ports, send, registry_path
        self._slot = EngineSlot()
        self._cancels: dict[str, CancelToken] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._feed: StatusFeed | None = None

    def receive(self, text: str) -> None:
        """Takes one message; its answer comes through ``send``."""
        message: dict[str, Any] = {}
        try:
            message = read_message(text)
            request = parse_request(message)
        except ProtocolError as error:
            self._ports.attachments.release(id_of(message))
            self._send(Failed(id=id_of(message), error=ErrorInfo.of(error)))
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
    def _engine(self) -> Engine | None:
        return self._slot.engine

    def _send(self, message: Any) -> None:
        try:
            text = message.model_dump_json()
        except ValueError as error:  # what no message can carry, from a browser or an extension
            if self._engine is not None:
                self._engine.log.critical("bug", error=type(error).__name__, message=str(error))
            if not isinstance(message, Result | Failed | CancelledEnd):
                return
            # The caller waits for an end, even if this one is broken.
            text = f"The engine failed: {error}"
            text = Failed(id=message.id, error=ErrorInfo(code="orion", message=text)).model_dump_json()
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

    async def _serve(self, request: Request, cancel: CancelToken) -> None:
        failure: OrionError | None = None
        try:
            cancel.raise_if_cancelled()
            payload = payload_of(await self._answer(request, cancel))
        except Cancelled as error:
            failure = error
            self._send(CancelledEnd(id=request.id, partial=error.partial))
        except OrionError as error:
            failure = error
            self._send(Failed(id=request.id, error=ErrorInfo.of(error)))
        except Exception as error:
            if self._engine is not None:
                self._engine.log.critical("bug", error=type(error).__name__, message=str(error))
            message = f"The engine failed: {type(error).__name__}: {error}"
            self._send(Failed(id=request.id, error=ErrorInfo(code="orion", message=message)))
        else:
            self._send(Result(id=request.id, payload=payload))
        finally:
            self._ports.attachments.release(request.id)
            if isinstance(request, Listen):
                self._ports.live_sound.release(request.id)
            if self._cancels.get(request.id) is cancel:
                del self._cancels[request.id]
            if isinstance(request, Initialize) and self._feed is not None:
                self._feed.open()
            if self._engine is not None and not isinstance(request, Infer):  # answers count themselves
                await self._engine.count_end(failure)

    async def _answer(self, request: Request, cancel: CancelToken) -> Any:
        own = self._OWN.get(type(request))
        if own is not None:
            return await own(self, request, cancel)
        engine, left = await self._ready(request, cancel)
        if isinstance(request, Infer) and left is not None:
            options = request.options.model_copy(update={"timeout": left})
            request = request.model_copy(update={"options": options})
        call = Call(engine, self._ports, cancel, self._send_changes, self._send, self._send_sound)
        return await HANDLERS[type(request)](request, call)

    async def _initialize(self, request: Initialize, cancel: CancelToken) -> Status:
        engine = await self._slot.start(lambda: self._start(request), cancel)
        if self._feed is None or self._feed.engine is not engine:
            self._feed = StatusFeed(engine, self._ports, self._send)
        return await self._feed.snapshot()

    async def _send_changes(self) -> None:
        if self._feed is not None:
            await self._feed.flush()

    async def _logs(self, request: Logs, cancel: CancelToken) -> LogRecords:
        engine = await self._slot.ready(cancel)
        if request.follow is not None:
            engine.follow_log(request.follow)
        wanted = {"kind": request.kind, "request": request.request}
        records = engine.log.records(request.level, **{name: v for name, v in wanted.items() if v is not None})
        return {"dropped": engine.log.dropped, "records": records[-(request.most or 0) :]}

    async def _shutdown(self, request: Shutdown, cancel: CancelToken) -> Done:
        engine = await self._slot.ready(cancel)
        if self._feed is not None:
            self._feed.close()
            self._feed = None
        await self._slot.stop(engine)
        return {}

    _OWN: ClassVar[dict[type[Request], Callable[[Any, Any, CancelToken], Awaitable[Any]]]] = {
        Initialize: _initialize,
        Logs: _logs,
        Shutdown: _shutdown,
    }
    """What concerns the engine's life and who listens to it. ``cancel`` is answered on arrival."""

    async def _ready(self, request: Request, cancel: CancelToken) -> tuple[Engine, float | None]:
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

    async def _start(self, request: Initialize) -> Engine:
        name = request.preset or preset_for(await self._ports.runtime.device())
        config = merge(preset(name), request.config)
        logger = Logger(clock=self._ports.clock, verbose=config.verbose_logging)
        return await Engine.start(
            config,
            self._ports,
            logger,
            registry_path=self._registry_path,
            device_class=name,
            subscribers=[self._send],
        )
