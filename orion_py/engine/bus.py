"""Carries each event of an engine to all of its subscribers."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import ClassVar, Protocol

from orion_py.protocol import Event

Kinds = Collection[type[Event]]
"""Classes of events that a subscriber hears; what is of a subclass isn't among them."""


class Subscriber(Protocol):
    """Called with every event, in the order in which they happen."""

    def __call__(self, event: Event, /) -> object: ...


class Choosy(Subscriber, Protocol):
    """Called with the events of its ``kinds`` alone."""

    kinds: ClassVar[Kinds]


class EventBus:
    """Subscribers hear an event in the order in which they subscribed.

    An answer has an event for each token. To call a subscriber that only finds out that this one isn't for it takes
    longer in a browser than to make the event, so the bus knows the ``kinds`` that a subscriber hears.
    """

    def __init__(self) -> None:
        self._subscribers: list[tuple[Subscriber, Kinds | None]] = []
        self._hearing: dict[type[Event], tuple[Subscriber, ...]] = {}
        """Those who hear a kind, as found when one was last emitted."""

    def subscribe(self, subscriber: Subscriber, kinds: Kinds | None = None) -> Callable[[], None]:
        """Adds a subscriber that hears ``kinds``, or all events; returns the function that removes it."""
        entry = (subscriber, kinds)
        self._subscribers.append(entry)
        self._hearing.clear()

        def unsubscribe() -> None:
            if entry in self._subscribers:
                self._subscribers.remove(entry)
                self._hearing.clear()

        return unsubscribe

    def emit(self, event: Event) -> None:
        kind = type(event)
        hearing = self._hearing.get(kind)
        if hearing is None:
            found = [subscriber for subscriber, kinds in self._subscribers if kinds is None or kind in kinds]
            hearing = self._hearing[kind] = tuple(found)
        for subscriber in hearing:
            subscriber(event)
