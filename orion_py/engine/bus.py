"""Carries each event of an engine to all of its subscribers."""

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
        """Adds a subscriber; returns the function that removes it."""
        self._subscribers.append(subscriber)

        def unsubscribe() -> None:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)

        return unsubscribe

    def emit(self, event: Event) -> None:
        for subscriber in list(self._subscribers):
            subscriber(event)
