"""Carries each event of an engine to everybody who subscribed to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from orion_py.protocol import Event


class Subscriber(Protocol):
    """Called with every event, in the order in which they happen."""

    def __call__(self, event: Event, /) -> object: ...


class EventBus:
    """Subscribers hear an event in the order in which they subscribed."""

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Returns what takes it back."""
        self._subscribers.append(subscriber)

        def unsubscribe() -> None:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)

        return unsubscribe

    def emit(self, event: Event) -> None:
        for subscriber in list(self._subscribers):
            subscriber(event)
