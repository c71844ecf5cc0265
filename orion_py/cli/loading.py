"""Prints a sign of life while a model loads."""

from __future__ import annotations

from typing import TextIO

from orion_py.protocol import Event, ProgressEvent


class Loading:
    """A subscriber of the engine: a line that moves on a terminal, one line a model elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._announced: set[str] = set()

    def __call__(self, event: Event) -> None:
        if not isinstance(event, ProgressEvent):
            return
        if self._stream.isatty():
            share = event.loaded_bytes / max(event.total_bytes, 1)
            line = "" if event.phase == "ready" else f"{event.model}: {event.phase} {share:.0%}"
            print(f"\r\x1b[K{line}", end="", file=self._stream, flush=True)
        elif event.model not in self._announced and event.phase != "ready":
            self._announced.add(event.model)
            print(f"[loading {event.model}, {event.total_bytes / 1e6:.0f} MB]", file=self._stream, flush=True)
