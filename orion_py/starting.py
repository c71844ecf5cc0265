"""Starts work at once, and not with the event loop's next turn."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any


def start(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """A task that has run up to where it first waits (before Python 3.12, which can't, it runs there next).

    A turn of a browser's loop is a message of its own, so what starts a computation elsewhere shouldn't wait for one.
    """
    loop = asyncio.get_running_loop()
    if sys.version_info >= (3, 12):
        return asyncio.Task(work, loop=loop, eager_start=True)
    return loop.create_task(work)
