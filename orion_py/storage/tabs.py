"""Defines the seam to other engines on the same store: a browser's tabs, or processes on one folder.

Named locks, which a tab that ends releases, and notes that all others hear. Nothing relies on a note: what has
to be right is read from the store, under a lock or in one transaction.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.errors import Cancelled

Release = Callable[[], None]
"""Gives a lock back; safe to call twice."""
LEADER = "orion-leader"
SWEEP = "orion-sweep"


class Tabs(Protocol):
    async def acquire(self, name: str, cancel: CancelToken) -> Release:
        """Waits for the lock. Raises Cancelled, and then doesn't hold it."""

    async def alone(self) -> bool:
        """Whether no other engine is alive here, as far as the platform tells."""

    def post(self, note: str) -> None:
        """Tells all others; to nobody is no error."""

    def listen(self, listener: Callable[[str], None]) -> Release:
        """Calls ``listener`` with what the others post. Returns what ends that."""

    def leave(self) -> None:
        """Gives all locks back: this engine is shut down."""


@asynccontextmanager
async def locked(tabs: Tabs, name: str, cancel: CancelToken | None = None) -> AsyncIterator[None]:
    """``async with`` it: nobody else holds ``name`` meanwhile. Raises Cancelled."""
    release = await tabs.acquire(name, cancel or CancelToken())
    try:
        yield
    finally:
        release()


class Hall:
    """Where the tabs of one process meet: for CPython, for a browser without locks, and for tests."""

    def __init__(self) -> None:
        self._holders: dict[str, HallTab] = {}
        self._queues: dict[str, deque[tuple[HallTab, asyncio.Future[None]]]] = {}
        self.tabs: list[HallTab] = []

    def tab(self) -> HallTab:
        made = HallTab(self)
        self.tabs.append(made)
        return made

    async def acquire(self, tab: HallTab, name: str, cancel: CancelToken) -> Release:
        if name in self._holders:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            entry = (tab, turn)
            self._queues.setdefault(name, deque()).append(entry)
            try:
                await until_cancelled(turn, cancel)
            except (Cancelled, asyncio.CancelledError):
                if entry in self._queues.get(name, ()):
                    self._queues[name].remove(entry)
                elif turn.done() and not turn.cancelled():
                    self.release(tab, name)  # it came just then
                raise
        else:
            cancel.raise_if_cancelled()
            self._holders[name] = tab
        done = False

        def release() -> None:
            nonlocal done
            if not done:
                done = True
                self.release(tab, name)

        return release

    def release(self, tab: HallTab, name: str) -> None:
        if self._holders.get(name) is not tab:
            return
        del self._holders[name]
        queue = self._queues.get(name, deque())
        while queue:
            following, turn = queue.popleft()
            if not turn.done():
                self._holders[name] = following
                turn.set_result(None)
                return

    def leave(self, tab: HallTab) -> None:
        if tab in self.tabs:
            self.tabs.remove(tab)
        for queue in self._queues.values():
            for entry in [entry for entry in queue if entry[0] is tab]:
                queue.remove(entry)
        for name in [name for name, holder in self._holders.items() if holder is tab]:
            self.release(tab, name)


class HallTab:
    """One of the tabs in a ``Hall``. ``leave`` is also what the others see of a tab that is killed."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._listeners: list[Callable[[str], None]] = []

    async def acquire(self, name: str, cancel: CancelToken) -> Release:
        return await self._hall.acquire(self, name, cancel)

    async def alone(self) -> bool:
        return all(tab is self for tab in self._hall.tabs)

    def post(self, note: str) -> None:
        for tab in self._hall.tabs:
            for listener in tab._listeners if tab is not self else ():
                asyncio.get_running_loop().call_soon(listener, note)

    def listen(self, listener: Callable[[str], None]) -> Release:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def leave(self) -> None:
        self._hall.leave(self)
        self._listeners.clear()
