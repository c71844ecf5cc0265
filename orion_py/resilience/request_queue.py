"""Orders requests by priority, with aging so that none starves.

A request gains one step of priority for every ``aging_s`` seconds that it waits. All that wait age
alike, so their order never changes while they wait: it is that of ``arrival / aging_s - priority``,
and a request can be passed only by those that come at most (their priority - its own) * ``aging_s``
seconds after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled, OrionError, QueueFull, QueueTimeout
from orion_py.resilience.retry import Sleep

AGING_S = 10.0


@dataclass(frozen=True, slots=True)
class QueuePolicy:
    """``limit``: how many may wait (None: any number). ``by_priority`` False: order of arrival."""

    concurrency: int = 1
    limit: int | None = 32
    by_priority: bool = True
    aging_s: float = AGING_S


@dataclass(eq=False, slots=True)
class _Entry:
    id: str
    order: tuple[float, int]
    cancel: CancelToken
    alone: bool = False
    turn: asyncio.Future[None] = field(init=False)

    def end(self, error: OrionError) -> None:
        if not self.turn.done():
            self.turn.set_exception(error)


class RequestQueue:
    """``clock`` and ``sleep`` in seconds. ``on_change`` is called when a request starts, waits or leaves."""

    def __init__(
        self,
        clock: Callable[[], float],
        sleep: Sleep,
        policy: QueuePolicy | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.policy = policy or QueuePolicy()
        self._clock, self._sleep, self._on_change = clock, sleep, on_change
        self._running: list[_Entry] = []
        self._waiting: list[_Entry] = []
        self._arrivals = 0

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def waiting(self) -> list[str]:
        """The ids of those that wait, who comes next first."""
        return [entry.id for entry in sorted(self._waiting, key=lambda entry: entry.order)]

    @property
    def idle(self) -> bool:
        return not self._running and not self._waiting

    @asynccontextmanager
    async def slot(
        self, id: str, cancel: CancelToken, priority: int = 0, timeout_s: float | None = None, *, alone: bool = False
    ) -> AsyncIterator[None]:
        """``async with``: runs when it is its turn, and gives the turn on at the end; ``alone``: while
        nothing else does.

        Raises QueueFull at once; while waiting Cancelled, at once, when ``cancel`` fires, and
        QueueTimeout after ``timeout_s`` seconds.
        """
        entry = await self._enter(id, cancel, priority, timeout_s, alone)
        try:
            yield
        finally:
            self._leave(entry)

    def _fits(self, entry: _Entry) -> bool:
        """Whether it may run beside what runs."""
        if entry.alone or any(other.alone for other in self._running):
            return not self._running
        return len(self._running) < self.policy.concurrency

    async def _enter(self, id: str, cancel: CancelToken, priority: int, timeout_s: float | None, alone: bool) -> _Entry:
        cancel.raise_if_cancelled()
        policy = self.policy
        self._arrivals += 1
        due = self._clock() / policy.aging_s - priority if policy.by_priority else 0.0
        entry = _Entry(id, (due, self._arrivals), cancel, alone)
        if not self._waiting and self._fits(entry):
            self._running.append(entry)
            self._on_change()
            return entry
        if policy.limit is not None and len(self._waiting) >= policy.limit:
            raise QueueFull(
                f"{len(self._waiting)} requests are waiting already.", waiting=len(self._waiting), limit=policy.limit
            )
        entry.turn = asyncio.get_running_loop().create_future()
        self._waiting.append(entry)
        self._on_change()
        await self._wait(entry, timeout_s)
        return entry

    async def _wait(self, entry: _Entry, timeout_s: float | None) -> None:
        unsubscribe = entry.cancel.subscribe(lambda: self._give_up(entry, Cancelled()))
        watchdog = None if timeout_s is None else asyncio.ensure_future(self._expire(entry, timeout_s))
        try:
            await entry.turn
            # Its turn may have come and been cancelled before it got to know of either.
            entry.cancel.raise_if_cancelled()
        except BaseException:
            self._leave(entry)
            raise
        finally:
            unsubscribe()
            if watchdog is not None:
                watchdog.cancel()

    async def _expire(self, entry: _Entry, timeout_s: float) -> None:
        await self._sleep(timeout_s)
        self._give_up(entry, QueueTimeout(f"No turn came within {timeout_s:g} s.", waited_s=timeout_s))

    def _give_up(self, entry: _Entry, error: OrionError) -> None:
        """Leaves the queue now, not when its task wakes up: others see the place as free at once."""
        if entry in self._waiting:
            self._waiting.remove(entry)
            entry.end(error)
            self._on_change()

    def _leave(self, entry: _Entry) -> None:
        for line in (self._running, self._waiting):
            if entry in line:
                line.remove(entry)
                self._admit()
                self._on_change()

    def _admit(self) -> None:
        while self._waiting:
            following = min(self._waiting, key=lambda entry: entry.order)
            if not self._fits(following):
                return
            self._waiting.remove(following)
            self._running.append(following)
            following.turn.set_result(None)
