"""Retries after a failure that may pass."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from orion_py.errors import OrionError

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with full jitter.

    Wait before try n (from 1): uniform in (0, min(cap, base * 2**(n-1))) seconds, the "full
    jitter" of Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
    """

    tries: int = 4
    base: float = 0.5
    cap: float = 8.0

    def delay(self, failed: int, uniform: float) -> float:
        """Seconds to wait after ``failed`` failures; ``uniform`` is a random number in [0, 1)."""
        return uniform * min(self.cap, self.base * 2.0 ** (failed - 1))


async def retry(
    action: Callable[[], Awaitable[T]],
    policy: RetryPolicy,
    sleep: Sleep,
    uniform: Callable[[], float],
    on_failure: Callable[[OrionError, int], None] = lambda error, failed: None,
) -> T:
    """Runs ``action`` until it succeeds; re-raises what isn't ``retryable`` and the last failure."""
    failed = 0
    while True:
        try:
            return await action()
        except OrionError as error:
            failed += 1
            on_failure(error, failed)
            if not error.retryable or failed >= policy.tries:
                raise
        await sleep(policy.delay(failed, uniform()))
