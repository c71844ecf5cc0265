"""Ends a download that no longer brings anything, so that it is tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled, LoadTimeout
from orion_py.resilience.retry import Sleep
from orion_py.storage.base import OnBytes

ABORT_S = 5.0
"""For a download to end that was called off."""

Download = Callable[[OnBytes, CancelToken], Coroutine[Any, Any, None]]


async def unless_idle(
    download: Download,
    on_bytes: OnBytes,
    cancel: CancelToken,
    clock: Callable[[], float],
    sleep: Sleep,
    limit_s: float,
    sha256: str,
) -> None:
    """Runs ``download``, which tells its bytes to ``on_bytes``. Raises what it raises, Cancelled, and
    LoadTimeout once no byte has come for ``limit_s`` seconds."""
    mine = CancelToken()
    unsubscribe = cancel.subscribe(mine.cancel)
    last_byte = clock()

    def arrived(count: int) -> None:
        nonlocal last_byte
        last_byte = clock()
        on_bytes(count)

    fetch = asyncio.ensure_future(download(arrived, mine))
    try:
        while True:
            watchdog = asyncio.ensure_future(sleep(limit_s))
            await asyncio.wait({fetch, watchdog}, return_when=asyncio.FIRST_COMPLETED)
            watchdog.cancel()
            if fetch.done():
                fetch.result()
                return
            if clock() - last_byte >= limit_s:
                mine.cancel()
                await asyncio.wait({fetch}, timeout=ABORT_S)
                if not fetch.cancel() and not fetch.cancelled():
                    fetch.exception()  # that it was given up is the error
                raise LoadTimeout(f"No byte arrived for {limit_s:.0f} s.", sha256=sha256)
    except Cancelled:
        cancel.raise_if_cancelled()
        raise
    finally:
        unsubscribe()
        if not fetch.done():
            fetch.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody waits for it
            mine.cancel()
