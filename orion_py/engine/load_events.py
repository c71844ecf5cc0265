"""Passes on what the model manager reports: to the requests that wait for a load, to the measures and to the bus."""

from __future__ import annotations

from collections.abc import Callable

from orion_py.answering.measures import Measures
from orion_py.protocol import Event, ProgressEvent

OnProgress = Callable[[ProgressEvent], None]


class LoadEvents:
    """The manager calls it with its events. A load in the background reports in its own way (``claim``)."""

    def __init__(self, emit: Callable[[Event], None], measures: Measures) -> None:
        self._emit, self._measures = emit, measures
        self._listeners: list[OnProgress] = []
        self._claims: list[Callable[[ProgressEvent], bool]] = []

    def subscribe(self, listener: OnProgress) -> Callable[[], None]:
        """Calls ``listener`` with the progress of every load. Returns the function that removes it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def claim(self, owns: Callable[[ProgressEvent], bool]) -> None:
        """Keeps progress for which ``owns`` is true off the bus: its owner reports it."""
        self._claims.append(owns)

    def __call__(self, event: Event) -> None:
        if isinstance(event, ProgressEvent):
            self._measures.load(event)
            for listener in list(self._listeners):
                listener(event)
            if any(owns(event) for owns in self._claims):
                return
        self._emit(event)
