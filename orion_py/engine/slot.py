"""Holds the one engine behind a host: started once, awaited by every request, stopped once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.engine.engine import Engine
from orion_py.errors import EngineClosed, OrionError

NOT_STARTED = "Send initialize first."
STOPPED = "The engine's start was stopped."


class EngineSlot:
    """Holds at most one engine. A start in progress is shared: requests that come meanwhile wait for it."""

    def __init__(self) -> None:
        self.engine: Engine | None = None
        """The engine once it is ready; None before and after."""
        self._starting: asyncio.Future[Engine] | None = None
        self._starters = 0
        self._stopping: asyncio.Future[None] | None = None

    async def start(self, make: Callable[[], Awaitable[Engine]], cancel: CancelToken) -> Engine:
        """The engine that ``make`` gives; the one that is there or on its way where there is one.

        Raises what ``make`` raises, and Cancelled; the start ends early once nobody who asked for
        it is left.
        """
        if self.engine is not None:
            return self.engine
        starting = self._starting
        if starting is None:
            starting = self._starting = asyncio.ensure_future(self._make(make))
        self._starters += 1
        try:
            return await until_cancelled(starting, cancel)
        except asyncio.CancelledError:
            if not starting.cancelled():
                raise
            raise EngineClosed(STOPPED) from None
        finally:
            self._starters -= 1
            if not self._starters and not starting.done():
                starting.cancel()
                self._forget(starting)

    async def _make(self, make: Callable[[], Awaitable[Engine]]) -> Engine:
        try:
            if self._stopping is not None:
                await asyncio.wait({self._stopping})  # two engines would share the store and the workers
            engine = self.engine = await make()
            return engine
        finally:
            self._forget(asyncio.current_task())

    def _forget(self, task: asyncio.Future[Engine] | None) -> None:
        if self._starting is task:
            self._starting = None

    async def ready(self, cancel: CancelToken) -> Engine:
        """The engine; waits for a start that is under way. Raises EngineClosed where none was asked
        for or the start fails, and Cancelled."""
        if self.engine is not None:
            return self.engine
        starting = self._starting
        if starting is None:
            raise EngineClosed(NOT_STARTED)
        try:
            return await until_cancelled(starting, cancel)
        except asyncio.CancelledError:
            if not starting.cancelled():
                raise
            raise EngineClosed(STOPPED) from None
        except OrionError as error:
            cancel.raise_if_cancelled()
            raise EngineClosed(f"The engine didn't start: {error.message}", reason=error.code) from error

    async def stop(self, engine: Engine) -> None:
        """Ends ``engine``. From the call on there is none, and a new start waits until it is gone."""
        if self.engine is engine:
            self.engine = None
        stopping = self._stopping = asyncio.ensure_future(engine.shutdown())
        try:
            await asyncio.shield(stopping)
        finally:
            if self._stopping is stopping:
                self._stopping = None
