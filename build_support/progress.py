"""What the build says while it works: a line per step, and a bar for what takes long.

Uses rich when it is there (it isn't before the virtual environment is), plain lines otherwise. Bars
are drawn on terminals only, so that a log holds no control characters.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[int], None]
"""Called with the amount done so far."""


def say(text: str) -> None:
    """One line for people."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Says that a step starts, and when it has ended well how long it took."""
    say(f"• {title} …")
    start = time.monotonic()
    yield
    say(f"  done in {time.monotonic() - start:.1f} s")


@contextmanager
def bar(title: str, total: int, done: int = 0) -> Iterator[Advance]:
    """A progress bar in bytes. Yields a function to be called with the bytes done so far."""
    if sys.stderr.isatty():
        try:
            from rich.console import Console
            from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn
        except ImportError:
            pass
        else:
            columns = ("  [progress.description]{task.description}", BarColumn(), DownloadColumn())
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
