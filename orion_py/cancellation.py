"""Cancelling work that is under way.

A token is passed down to whatever can stop; a bridge subscribes to abort a fetch or end a worker.
"""

from __future__ import annotations

from collections.abc import Callable

from orion_py.errors import Cancelled


class CancelToken:
    """Once cancelled it stays so. Callbacks run once, at once, in the order they were added."""

    def __init__(self) -> None:
        self._cancelled = False
        self._callbacks: list[Callable[[], None]] = []

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

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Calls ``callback`` on cancellation (now, if that was). Returns what takes it back."""
        if self._cancelled:
            callback()
            return lambda: None
        self._callbacks.append(callback)

        def unsubscribe() -> None:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

        return unsubscribe
