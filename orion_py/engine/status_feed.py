"""Sends the parts of the status that change: each change once, and nothing while nothing changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar

from orion_py.engine.bus import Kinds
from orion_py.engine.changed_parts import BY_MODELS
from orion_py.engine.engine import Engine
from orion_py.engine.status import status_of
from orion_py.errors import EngineClosed
from orion_py.ports import Ports
from orion_py.protocol import (
    ENGINE_ID,
    AgentEvent,
    BreakerEvent,
    ChangedEvent,
    Event,
    FallbackEvent,
    MemoryEvent,
    PredictionEvent,
    QueueEvent,
    RouterEvent,
    SiteEvent,
    Status,
    UpgradeEvent,
)

TOGETHER_S = 0.05
"""Seconds; what changes within them is sent in one event."""
_ENVELOPE = {"v", "id", "type", "evicted"}
_NEVER = object()


class StatusFeed:
    """``snapshot`` first; after ``open`` the changes since then go through ``send``. ``close`` at the end.

    Subscribes to the engine's bus. The parts ``queue``, ``memory``, ``metrics`` and ``fallbacks`` have events of their
    own, which carry all that is new in them; ``storage`` is sent on request only.
    """

    kinds: ClassVar[Kinds] = (
        QueueEvent,
        MemoryEvent,
        AgentEvent,
        SiteEvent,
        RouterEvent,
        FallbackEvent,
        BreakerEvent,
        PredictionEvent,
        UpgradeEvent,
    )

    def __init__(self, engine: Engine, ports: Ports, send: Callable[[Event], None]) -> None:
        self.engine, self._ports, self._send = engine, ports, send
        self._sent: dict[str, Any] = {}
        self._upgrade: tuple[str, str] = ("", "")
        """Model and state of the last upgrade event."""
        self._residents: tuple[Any, ...] = ()
        """The models in memory and on their way, as of the last memory event."""
        self._open = False
        self._due: asyncio.Task[None] | None = None
        self._one_at_a_time = asyncio.Lock()
        engine.changed.watch(self._schedule)
        self._leave = engine.subscribe(self, self.kinds)

    async def snapshot(self) -> Status:
        """The whole status. What changes while it is collected is sent after ``open``."""
        self._open = False
        self.engine.changed.take()
        found = await status_of(self.engine, self._ports)
        self._sent = dict(found)
        return found

    def open(self) -> None:
        """The snapshot has been sent."""
        self._open = True
        self._schedule()

    def close(self) -> None:
        self._open = False
        self._leave()
        if self._due is not None:
            self._due.cancel()

    async def flush(self) -> None:
        """Sends what has changed, without waiting for more."""
        async with self._one_at_a_time:
            while self._open and (parts := self.engine.changed.take()):
                with suppress(EngineClosed):
                    found = await status_of(self.engine, self._ports, parts)
                    news = {name: value for name, value in found.items() if self._sent.get(name, _NEVER) != value}
                    if news and self._open:
                        self._sent.update(news)
                        self._send(ChangedEvent(id=ENGINE_ID, parts=news))

    def _schedule(self) -> None:
        if self._open and self._due is None:
            self._due = asyncio.ensure_future(self._flush_soon())

    async def _flush_soon(self) -> None:
        try:
            await self._ports.sleep(TOGETHER_S)
        finally:
            self._due = None
        await self.flush()

    def __call__(self, event: Event) -> None:
        mark = self.engine.changed.mark
        match event:
            case QueueEvent():
                self._sent["queue"] = event.model_dump(exclude=_ENVELOPE)
            case MemoryEvent():
                self._sent["memory"] = event.model_dump(exclude=_ENVELOPE)
                self._memory_changed(event)
            case FallbackEvent(kind="session"):
                mark("webgpu")
            case AgentEvent():
                mark("agents", "custom")
            case SiteEvent():
                mark(*BY_MODELS)
            case RouterEvent(loading=False) | FallbackEvent(kind="router"):
                mark("router")
            case BreakerEvent():
                mark("breakers")
            case PredictionEvent():
                mark("predictive")
            case UpgradeEvent() if self._upgrade != (event.model, event.state):
                self._upgrade = (event.model, event.state)
                mark("upgrade")
            case _:
                pass

    def _memory_changed(self, event: MemoryEvent) -> None:
        """``busy`` concerns ``memory`` alone."""
        models = self.engine.models
        sizes = tuple((row.model, row.bytes) for row in event.models)
        loaded = tuple((name, id(model)) for name, model in models.loaded.items())  # not kept: tokenizers are large
        residents = (sizes, loaded, tuple(models.loading))
        if residents != self._residents:
            self._residents = residents
            self.engine.changed.mark("loaded", "loading", "webgpu")
