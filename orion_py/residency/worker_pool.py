"""Lends the workers that hold models in turn, pings them while idle, and replaces dead ones.

A worker is a loaded model in a worker of its own. Usually there is one for each key (a model's id);
where there are several they are lent in turn. A worker that computes isn't asked anything: that it
is busy says enough, and its own time-outs watch over it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.errors import OrionError
from orion_py.resilience.retry import Sleep

STALE_S = 60.0
"""A worker that idled so long is asked before it is lent: a browser may have ended it meanwhile."""
PING_TIMEOUT_S = 10.0


class Worker(Protocol):
    @property
    def closed(self) -> bool: ...

    async def ping(self) -> None:
        """Raises where the worker doesn't answer any more."""

    async def close(self) -> None: ...


W = TypeVar("W", bound=Worker)


@dataclass(eq=False, slots=True)
class _Member(Generic[W]):
    key: str
    worker: W
    seen: float
    """When it last gave a sign of life, in the clock's seconds."""
    users: int = 0


class WorkerPool(Generic[W]):
    """``clock`` and ``sleep`` in seconds. ``on_dead`` gets the key of each worker that no longer answered."""

    def __init__(
        self,
        clock: Callable[[], float],
        sleep: Sleep,
        on_dead: Callable[[str], None] = lambda key: None,
        *,
        stale_s: float = STALE_S,
        ping_timeout_s: float = PING_TIMEOUT_S,
    ) -> None:
        self._clock, self._sleep, self._on_dead = clock, sleep, on_dead
        self._stale, self._timeout = stale_s, ping_timeout_s
        self._members: list[_Member[W]] = []
        """Least recently lent first: taking the first of a key's lends them in turn."""

    @property
    def keys(self) -> list[str]:
        """Least recently lent first."""
        latest = {member.key: place for place, member in enumerate(self._members)}
        return sorted(latest, key=latest.__getitem__)

    def workers(self, key: str) -> list[W]:
        return [member.worker for member in self._members if member.key == key]

    def busy(self, key: str) -> bool:
        return any(member.users for member in self._members if member.key == key)

    def add(self, key: str, worker: W) -> None:
        self._members.append(_Member(key, worker, self._clock()))

    async def lend(self, key: str) -> W | None:
        """The next idle worker of ``key``; where all are busy, the next one shared. ``give_back``
        returns it. One that idled for long is asked first, and is dropped if it is dead. None: there
        is none, or none that lives."""
        while member := self._next(key):
            member.users += 1  # nobody may end it while it is asked
            if member.worker.closed or not await self._lives(member):
                await self._drop(member)
                continue
            if member in self._members:
                self._members.remove(member)
                self._members.append(member)
                return member.worker
        return None

    def give_back(self, worker: W) -> None:
        """Safe to call for a worker that was taken out meanwhile."""
        for member in self._members:
            if member.worker is worker:
                member.users = max(0, member.users - 1)
                member.seen = self._clock()

    async def remove(self, key: str, worker: W | None = None) -> None:
        """Ends the workers of ``key``, or only ``worker``."""
        for member in [m for m in self._members if m.key == key and worker in (None, m.worker)]:
            if member in self._members:
                self._members.remove(member)
            await member.worker.close()

    async def check(self) -> list[str]:
        """Pings all idle workers in turn and drops the dead; returns their keys."""
        dead = []
        for member in [m for m in self._members if not m.users]:
            if member.users or member not in self._members:
                continue
            member.users += 1
            lives = await self._lives(member, always=True)
            member.users -= 1
            if not lives and not member.users:
                await self._drop(member)
                dead.append(member.key)
        return dead

    def _next(self, key: str) -> _Member[W] | None:
        mine = [member for member in self._members if member.key == key]
        return next((m for m in mine if not m.users), mine[0] if mine else None)

    async def _lives(self, member: _Member[W], always: bool = False) -> bool:
        idle = member.users == 1
        if not idle or (not always and self._clock() - member.seen < self._stale):
            return True
        late = CancelToken()
        watchdog = asyncio.ensure_future(self._expire(late))
        try:
            await until_cancelled(member.worker.ping(), late)
        except OrionError:
            return False
        finally:
            watchdog.cancel()
        member.seen = self._clock()
        return True

    async def _expire(self, late: CancelToken) -> None:
        await self._sleep(self._timeout)
        late.cancel()

    async def _drop(self, member: _Member[W]) -> None:
        if member in self._members:
            self._members.remove(member)
            self._on_dead(member.key)
        await member.worker.close()
