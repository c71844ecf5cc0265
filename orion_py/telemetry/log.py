"""Keeps the structured log: JSON-ready records, sanitized before anything stores or sees them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from orion_py.errors import Cancelled
from orion_py.telemetry.sanitize import sanitize

Level = Literal["DEBUG", "INFO", "WARN", "ERROR", "CRITICAL"]
LEVELS: tuple[Level, ...] = ("DEBUG", "INFO", "WARN", "ERROR", "CRITICAL")
Kind = Literal["performance", "memory"]
Record = dict[str, Any]
Sink = Callable[[Record], None]
CAPACITY = 1000


class _Book:
    """What a logger and its children share."""

    def __init__(self, sinks: Iterable[Sink], clock: Callable[[], float], verbose: bool, capacity: int) -> None:
        self.sinks = list(sinks)
        self.clock = clock
        self.verbose = verbose
        self.records: deque[Record] = deque(maxlen=capacity)
        self.dropped = 0


class Logger:
    """Writes records ``{"time", "level", "event", …context, …fields}``.

    ``clock`` in seconds. DEBUG is written only when ``verbose``. The last ``capacity`` records are
    kept. ``event`` is a short fixed name, and what varies goes into fields. A sink that raises
    doesn't harm the caller and loses only that record.
    """

    def __init__(
        self,
        sinks: Iterable[Sink] = (),
        clock: Callable[[], float] = lambda: 0.0,
        verbose: bool = False,
        capacity: int = CAPACITY,
    ) -> None:
        self._book = _Book(sinks, clock, verbose, capacity)
        self._context: Record = {}

    @property
    def verbose(self) -> bool:
        return self._book.verbose

    @verbose.setter
    def verbose(self, verbose: bool) -> None:
        self._book.verbose = verbose

    @property
    def dropped(self) -> int:
        """How many older records gave way to newer ones."""
        return self._book.dropped

    def child(self, **context: Any) -> Logger:
        """A logger on the same book, whose records carry ``context`` too (such as the request's id)."""
        child = Logger.__new__(Logger)
        child._book = self._book
        child._context = {**self._context, **sanitize(context)}
        return child

    def debug(self, event: str, /, **fields: Any) -> None:
        self.log("DEBUG", event, **fields)

    def info(self, event: str, /, **fields: Any) -> None:
        self.log("INFO", event, **fields)

    def warn(self, event: str, /, **fields: Any) -> None:
        self.log("WARN", event, **fields)

    def error(self, event: str, /, **fields: Any) -> None:
        self.log("ERROR", event, **fields)

    def critical(self, event: str, /, **fields: Any) -> None:
        self.log("CRITICAL", event, **fields)

    @contextmanager
    def timed(self, event: str, /, **fields: Any) -> Iterator[Record]:
        """Writes a performance record when the block ends: ``kind``, ``ms``, and ``failed`` with the
        error's name if it raised; a person's Stop is no warning. What the block puts into the dict it is
        given goes in too."""
        extra: Record = {}
        started = self._book.clock()
        level: Level = "INFO"
        try:
            yield extra
        except BaseException as error:
            level, extra["failed"] = "INFO" if isinstance(error, Cancelled) else "WARN", type(error).__name__
            raise
        finally:
            ms = round((self._book.clock() - started) * 1000, 3)
            self.log(level, event, **{**fields, **extra, "kind": "performance", "ms": ms})

    def memory(self, event: str, /, used_bytes: int, **fields: Any) -> None:
        """A memory record: how much something takes, or how much is taken in all."""
        self.log("INFO", event, **{**fields, "kind": "memory", "bytes": used_bytes})

    def log(self, level: Level, event: str, /, **fields: Any) -> None:
        book = self._book
        if level == "DEBUG" and not book.verbose:
            return
        clean = {**self._context, **sanitize(fields)}
        record: Record = {"time": book.clock(), "level": level, "event": sanitize(event)}
        record.update({key: value for key, value in clean.items() if key not in record})
        if len(book.records) == book.records.maxlen:
            book.dropped += 1
        book.records.append(record)
        for sink in list(book.sinks):
            try:
                sink(dict(record))
            except Exception:  # a broken listener must not break what it listens to
                continue

    def subscribe(self, sink: Sink) -> Callable[[], None]:
        """Calls ``sink`` with each further record. Returns what takes it back."""
        self._book.sinks.append(sink)

        def unsubscribe() -> None:
            if sink in self._book.sinks:
                self._book.sinks.remove(sink)

        return unsubscribe

    def records(self, minimum: Level = "DEBUG", **context: Any) -> list[Record]:
        """The kept records from level ``minimum`` up whose fields equal ``context``, oldest first."""
        wanted = LEVELS[LEVELS.index(minimum) :]
        return [
            dict(record)
            for record in self._book.records
            if record["level"] in wanted and all(record.get(key) == value for key, value in context.items())
        ]
