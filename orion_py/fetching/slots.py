"""Orders the downloads that share one connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from orion_py.cancellation import CancelToken, ended_by
from orion_py.errors import Cancelled
from orion_py.resilience.retry import Sleep

AHEAD_BYTES = 2 * 1024 * 1024
"""How little has to be left of the downloads under way before the next one begins: more than comes in a round
trip of a fast connection, and less than a shard."""
STALL_SECONDS = 2.0
"""A download that brought nothing for so long doesn't keep the connection from others."""


class DownloadSlots:
    """Downloads in their order: at most ``most`` at once, and the next only when little is left of those under way.

    Those that run at once share the bandwidth. Shards that came together would all be late, and what is ready to
    be computed with would wait for the last of them; so one shard downloads at a time, but for its end, where the
    next one's first bytes make up for the round trip. Many small files still come at once, and a stalled download
    is passed by.
    """

    def __init__(self, most: int, sleep: Sleep, ahead: int = AHEAD_BYTES) -> None:
        self._most, self._ahead, self._sleep = most, ahead, sleep
        self._left: dict[object, int] = {}
        self._changed = asyncio.Event()
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def place(self, size: int) -> AsyncIterator[Callable[[int], None]]:
        """Waits, in the order of the calls, until a download of ``size`` bytes may begin. Yields a callback for
        the number of its bytes that have arrived."""
        mine = object()
        async with self._turn:
            while not self._has_room():
                if not await self._moved():
                    self._left = dict.fromkeys(self._left, 0)  # until they bring something again
            self._left[mine] = size

        def arrived(count: int) -> None:
            self._left[mine] = size - count
            self._changed.set()

        try:
            yield arrived
        finally:
            del self._left[mine]
            self._changed.set()

    async def _moved(self) -> bool:
        """Whether anything arrives or ends before the downloads under way count as stalled."""
        self._changed.clear()
        change = asyncio.ensure_future(self._changed.wait())
        patience = asyncio.ensure_future(self._sleep(STALL_SECONDS))
        try:
            await asyncio.wait({change, patience}, return_when=asyncio.FIRST_COMPLETED)
            return change.done()
        finally:
            change.cancel()
            patience.cancel()

    def _has_room(self) -> bool:
        return not self._left or (len(self._left) < self._most and sum(self._left.values()) < self._ahead)


class RightOfWay:
    """Stops downloads that nobody waits for while there are some that somebody waits for."""

    def __init__(self) -> None:
        self._awaited = 0
        self._clear = asyncio.Event()
        self._clear.set()
        self._yielding: set[CancelToken] = set()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Somebody waits for what downloads meanwhile."""
        self._awaited += 1
        self._clear.clear()
        for download in list(self._yielding):
            download.cancel()
        try:
            yield
        finally:
            self._awaited -= 1
            if not self._awaited:
                self._clear.set()

    async def yielded(self, download: Callable[[CancelToken], Awaitable[None]], cancel: CancelToken) -> None:
        """Runs ``download`` to its end. Whenever the way is taken it is cancelled, and it is run again once the way is
        clear: it goes on from what it kept. Raises what it raises, and Cancelled when ``cancel`` fires."""
        while True:
            await ended_by(self._clear.wait(), cancel)
            cancel.raise_if_cancelled()
            mine = CancelToken()
            unsubscribe = cancel.subscribe(mine.cancel)
            self._yielding.add(mine)
            try:
                return await download(mine)
            except Cancelled:
                cancel.raise_if_cancelled()
                if not mine.cancelled:
                    raise
            finally:
                self._yielding.discard(mine)
                unsubscribe()
