"""Reports the build's progress: a line for each step, a bar for long ones, a sign of life for the rest.

On a terminal the last line moves: a bar where an amount is known, and always the seconds. In a log, which
holds no control characters, a line comes each quarter of an amount, and every LOG_SECONDS of silence.
Uses rich for the bars of downloads when it is there (it isn't before the virtual environment is).
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from shutil import get_terminal_size

Advance = Callable[[int], None]
"""Called with the amount done so far."""

TERMINAL_SECONDS, LOG_SECONDS = 0.25, 15.0
"""Between two signs of life."""
WIDTH = 24
"""Characters of a bar."""

_output = threading.RLock()
_current: Step | None = None


def say(text: str) -> None:
    """One line for people."""
    with _output:
        if _current is not None:
            _current.wipe()
        print(text, file=sys.stderr, flush=True)


class Step:
    """What is going on: its ``title``, since when, and how far it is."""

    def __init__(self, title: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.title = title
        self._clock, self._start = clock, clock()
        self._detail, self._done, self._total = "", 0, 0
        self._spoken = self._start
        self._quarter = 0
        self._drawn = self._paused = False

    def update(self, detail: str, done: int = 0, total: int = 0) -> None:
        """Says what is being done now, and how many of how many parts of it are done."""
        with _output:
            if detail != self._detail:
                self._detail, self._quarter = detail, 0
                if not _terminal():
                    say(f"  {detail}")
                    self._spoken = self._clock()
            self._done, self._total = done, total
            quarter = 4 * done // total if total > 1 else 0
            if quarter > self._quarter and done < total and not _terminal():
                self._quarter = quarter
                say(self.line())
                self._spoken = self._clock()

    def seconds(self) -> float:
        """Since the step began."""
        return self._clock() - self._start

    def line(self) -> str:
        """How far it is, in one line."""
        parts = ["  " + (self._detail or self.title)]
        if self._total > 1:
            full = WIDTH * self._done // self._total
            parts.append(f"{'━' * full}{'╌' * (WIDTH - full)} {self._done} of {self._total}")
        return "  ".join([*parts, f"{self.seconds():.0f} s"])

    def beat(self) -> None:
        """A sign of life, where it is time for one."""
        with _output:
            if self._paused:
                return
            if _terminal():
                print(f"\r\x1b[K{self.line()[: get_terminal_size().columns - 1]}", end="", file=sys.stderr, flush=True)
                self._drawn = True
            elif self._clock() - self._spoken >= LOG_SECONDS:
                self._spoken = self._clock()
                print(self.line(), file=sys.stderr, flush=True)

    def wipe(self) -> None:
        """Takes the moving line away."""
        if self._drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._drawn = False

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Leaves the last line to somebody else."""
        with _output:
            self.wipe()
            self._paused = True
        try:
            yield
        finally:
            self._paused = False


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Says that a step starts, shows that it goes on, and says how long it took when it has ended well."""
    global _current
    say(f"• {title} …")
    outer, current = _current, Step(title)
    ended = threading.Event()

    def live() -> None:
        while not ended.wait(TERMINAL_SECONDS):
            current.beat()

    thread = threading.Thread(target=live, daemon=True)
    _current = current
    thread.start()
    try:
        yield current
    finally:
        ended.set()
        thread.join()
        with _output:
            current.wipe()
            _current = outer
    say(f"  done in {current.seconds():.1f} s")


@contextmanager
def bar(title: str, total: int, done: int = 0) -> Iterator[Advance]:
    """A progress bar in bytes. Yields a function to be called with the bytes done so far."""
    if _terminal():
        try:
            from rich.console import Console
            from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn
        except ImportError:
            pass
        else:
            columns = ("  [progress.description]{task.description}", BarColumn(), DownloadColumn())
            with (_current or Step(title)).pause():
                with Progress(
                    *columns, TransferSpeedColumn(), TimeRemainingColumn(), console=Console(stderr=True), transient=True
                ) as progress:
                    task = progress.add_task(title, total=total, completed=done)
                    yield lambda amount: progress.update(task, completed=amount)
            return
    say(f"  {title} ({total / 1e6:.0f} MB)")
    last = [done]

    def advance(amount: int) -> None:
        if total and (amount - last[0]) * 4 >= total:
            last[0] = amount
            say(f"  {title}: {100 * amount // total} %")

    yield advance


def _terminal() -> bool:
    return sys.stderr.isatty()
