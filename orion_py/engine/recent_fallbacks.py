"""Keeps the last fallbacks for the status."""

from __future__ import annotations

from collections import deque
from typing import ClassVar, cast

from orion_py.engine.bus import Kinds
from orion_py.protocol import Event, FallbackEvent
from orion_py.protocol.rows import FallbackRow

KEPT = 10


class RecentFallbacks:
    """Subscribes to the bus."""

    kinds: ClassVar[Kinds] = (FallbackEvent,)

    def __init__(self) -> None:
        self._events: deque[FallbackEvent] = deque(maxlen=KEPT)

    def __call__(self, event: Event) -> None:
        if isinstance(event, FallbackEvent):
            self._events.append(event)

    @property
    def rows(self) -> list[FallbackRow]:
        """The latest last, with their reasons."""
        return [cast(FallbackRow, event.model_dump(exclude={"v", "type"})) for event in self._events]
