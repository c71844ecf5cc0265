"""Waits for a worker for as long as it answers pings, and not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.errors import LoadTimeout, OrionError

T = TypeVar("T")
ROUNDS = 10
"""Times the patience: a worker that answers but doesn't come to an end is given up then."""


async def while_it_lives(
    work: Awaitable[T], ping: Callable[[], Awaitable[None]] | None, patience_s: float, what: str
) -> T:
    """What ``work`` gives. Whenever it took ``patience_s`` seconds more, ``ping`` has to answer within
    as many (None: the worker can't be asked).

    Raises what ``work`` raises, and LoadTimeout with ``what`` (such as "building the model") where nobody
    answers, or where it isn't over after ``ROUNDS`` times the patience. To end the worker is the caller's.
    """
    loop, silent = asyncio.get_running_loop(), False
    try:
        async with asyncio.timeout(ROUNDS * patience_s) as limit:

            async def watch() -> None:
                nonlocal silent
                while True:
                    await asyncio.sleep(patience_s)
                    if ping is not None and not await _answers(ping, patience_s):
                        silent = True
                        limit.reschedule(loop.time())
                        return

            watching = asyncio.ensure_future(watch())
            try:
                return await work
            finally:
                watching.cancel()
    except TimeoutError:
        if silent:
            raise LoadTimeout(f"The worker no longer answers: {what} took too long.") from None
        raise LoadTimeout(f"Not done within {ROUNDS * patience_s:g} s: {what}.") from None


async def _answers(ping: Callable[[], Awaitable[None]], patience_s: float) -> bool:
    try:
        await until_cancelled(ping(), CancelToken(), patience_s)
    except (OrionError, TimeoutError):
        return False
    return True
