"""Waiting for one's turn, no longer than one still wants it."""

from __future__ import annotations

import asyncio

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled


class Turn:
    """``async with Turn(lock, cancel)``: holds ``lock``; raises Cancelled when ``cancel`` comes first."""

    def __init__(self, lock: asyncio.Lock, cancel: CancelToken) -> None:
        self._lock, self._cancel = lock, cancel

    async def __aenter__(self) -> None:
        waiting = asyncio.ensure_future(self._lock.acquire())
        unsubscribe = self._cancel.subscribe(waiting.cancel)
        try:
            await waiting
        except asyncio.CancelledError:
            self._cancel.raise_if_cancelled()
            raise
        finally:
            unsubscribe()
        if self._cancel.cancelled:
            self._lock.release()
            raise Cancelled()

    async def __aexit__(self, *exc: object) -> None:
        self._lock.release()
