"""Raises SIGTERM as an exception, so that a stopped command cleans up half-written folders and its processes."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

TERMINATED = 128 + signal.SIGTERM
"""The exit code, as a shell gives it."""


@contextmanager
def terminated_by_exception() -> Iterator[None]:
    """While inside, SIGTERM raises SystemExit(TERMINATED).

    Signals reach the main thread alone; in any other this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(number: int, frame: FrameType | None) -> None:
    # A second one, while what the first began is being cleared up, would cut that short.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(TERMINATED)
