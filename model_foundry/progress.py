"""Reports the progress of long work, and draws it as bars on standard error."""

from __future__ import annotations

from collections.abc import Callable

from rich import progress as bars
from rich.console import Console

Progress = Callable[[str, int, int], None]
"""Called with the name of a task, how many of its parts are done, and how many there are."""


class ProgressBars:
    """One bar for each task, while the ``with`` block runs."""

    def __init__(self) -> None:
        columns = (
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.MofNCompleteColumn(),
            bars.TimeElapsedColumn(),
        )
        self._progress = bars.Progress(*columns, console=Console(stderr=True))
        self._tasks: dict[str, bars.TaskID] = {}

    def __enter__(self) -> ProgressBars:
        self._progress.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._progress.stop()

    def report(self, what: str, done: int, total: int) -> None:
        """A ``Progress``."""
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=total)
        self._progress.update(self._tasks[what], completed=done)
