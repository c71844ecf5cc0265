"""Limits the time of a whole request: its turn, routing, loading, reading and answering."""

from __future__ import annotations

import asyncio

from orion_py.cancellation import CancelToken
from orion_py.resilience.retry import Sleep


class Deadline:
    """``token`` fires when the person stops the request (``cancel``) or when ``seconds`` have passed
    since it was made; ``passed`` tells which. ``seconds`` None: no limit."""

    def __init__(self, cancel: CancelToken, seconds: float | None, sleep: Sleep) -> None:
        self.token = CancelToken()
        self.seconds = seconds
        self.passed = False
        self._unsubscribe = cancel.subscribe(self.token.cancel)
        self._watch = None if seconds is None else asyncio.ensure_future(self._expire(sleep, seconds))

    async def _expire(self, sleep: Sleep, seconds: float) -> None:
        await sleep(seconds)
        if not self.token.cancelled:
            self.passed = True
            self.token.cancel()

    def close(self) -> None:
        """Stops watching: the request is over."""
        self._unsubscribe()
        if self._watch is not None:
            self._watch.cancel()
