"""Runs work beside the requests: a failure becomes a log line, and the engine's end cancels it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from orion_py.errors import OrionError
from orion_py.telemetry.log import Logger

Work = Callable[[], Coroutine[Any, Any, None]]


class BackgroundTasks:
    """Holds each task until it has ended."""

    def __init__(self, log: Logger) -> None:
        self._log = log
        self._begun: set[asyncio.Task[None]] = set()
        self._finishing: set[asyncio.Task[None]] = set()

    def begin(self, work: Work) -> None:
        """Begins work that ``stop`` cancels."""
        self._begin(work, self._begun)

    def finish(self, work: Work) -> asyncio.Task[None]:
        """Begins work that ``stop`` waits for: it releases something, or is cancelled in its own way."""
        return self._begin(work, self._finishing)

    def stop(self) -> None:
        for task in self._begun:
            task.cancel()

    def _begin(self, work: Work, tasks: set[asyncio.Task[None]]) -> asyncio.Task[None]:
        async def watched() -> None:
            try:
                await work()
            except OrionError as error:
                self._log.warn("background work failed", code=error.code, message=error.message)

        task = asyncio.ensure_future(watched())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return task
