"""Cancels work that is under way.

A token is passed down to whatever can stop; a bridge subscribes to abort a fetch or end a worker.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from orion_py.errors import Cancelled

T = TypeVar("T")


class CancelToken:
    """Once cancelled it stays so. Callbacks run once, at once, in the order they were added."""

    def __init__(self) -> None:
        self._cancelled = False
        self._callbacks: list[Callable[[], object]] = []

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    def cancel(self) -> None:
        if self._cancelled:
            return
        self._cancelled = True
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def raise_if_cancelled(self) -> None:
        """Raises Cancelled."""
        if self._cancelled:
            raise Cancelled()

    def subscribe(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Calls ``callback`` on cancellation (now, if that was). Returns what takes it back."""
        if self._cancelled:
            callback()
            return lambda: None
        self._callbacks.append(callback)

        def unsubscribe() -> None:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

        return unsubscribe


async def until_cancelled(work: Awaitable[T], cancel: CancelToken, timeout: float | None = None) -> T:
    """Awaits ``work``, but no longer than until ``cancel`` (raises Cancelled) or ``timeout`` seconds
    (raises TimeoutError). The work itself goes on: not all of it can be interrupted midway."""
    task = asyncio.ensure_future(work)
    stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def stop() -> None:
        if not stopped.done():
            stopped.set_result(None)

    unsubscribe = cancel.subscribe(stop)
    both: set[asyncio.Future[Any]] = {task, stopped}
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED, timeout=timeout)
        cancel.raise_if_cancelled()
        if not task.done():
            raise TimeoutError
        return task.result()
    finally:
        unsubscribe()
        task.add_done_callback(_look_at)  # it may have failed just as it was cancelled


async def ended_by(work: Awaitable[T], cancel: CancelToken, timeout: float | None = None) -> T:
    """As ``until_cancelled``, but the work ends too: asyncio cancels it where it waits."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout) as limit:
            unsubscribe = cancel.subscribe(lambda: limit.reschedule(loop.time()))
            try:
                return await work
            finally:
                unsubscribe()
    except TimeoutError:
        cancel.raise_if_cancelled()
        raise


def _look_at(task: asyncio.Future[Any]) -> None:
    """A failure that nobody waits for any more is no reason for a warning."""
    if not task.cancelled():
        task.exception()
