"""Shows an answer at a steady pace: its pieces with at least a given pause between two of them.

The answer is computed at full speed meanwhile; only its display waits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.generation.transcript import Piece
from orion_py.resilience.retry import Sleep


class Typewriter:
    """``push`` takes pieces, ``show`` gets them in their order; with a ``delay`` of 0 s at once.

    End with ``finish``, which waits until all is shown, with ``flush``, which shows the rest at once, or
    with ``cancel``, which drops it.
    """

    def __init__(self, show: Callable[[Piece], None], delay: float, sleep: Sleep) -> None:
        self._show, self._delay, self._sleep = show, delay, sleep
        self._waiting: deque[Piece] = deque()
        self._typing: asyncio.Task[None] | None = None
        self._ending = False

    def push(self, piece: Piece) -> None:
        if not self._delay:
            self._show(piece)
            return
        self._waiting.append(piece)
        if self._typing is None:
            self._show(self._waiting.popleft())
            self._typing = asyncio.ensure_future(self._type())

    async def finish(self, cancel: CancelToken) -> None:
        """Raises Cancelled, at once, when ``cancel`` fires; what wasn't shown by then never is."""
        self._ending = True
        if self._waiting and self._typing is not None:
            try:
                await until_cancelled(self._typing, cancel)
            finally:
                self.cancel()
        else:
            self.cancel()

    def flush(self) -> None:
        waiting = list(self._waiting)
        self.cancel()
        for piece in waiting:
            self._show(piece)

    def cancel(self) -> None:
        self._waiting.clear()
        if self._typing is not None:
            self._typing.cancel()
            self._typing = None

    async def _type(self) -> None:
        while True:
            await self._sleep(self._delay)
            if self._waiting:
                self._show(self._waiting.popleft())
            elif not self._ending:
                self._typing = None  # the next piece comes late enough to be shown at once
                return
            if self._ending and not self._waiting:
                return
