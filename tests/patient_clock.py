"""Time that passes only when told: whoever sleeps wakes up then, and not before."""

from __future__ import annotations

import asyncio


class PatientClock:
    """Seconds. Unlike ``tiny.Clock``, whose sleepers wake at once, this one keeps them waiting."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.now + seconds, future))
        await future

    async def passes(self, seconds: float) -> None:
        await settled()  # who is about to sleep does so first
        self.now += seconds
        for due, future in self._sleepers:
            if due <= self.now and not future.done():
                future.set_result(None)
        await settled()


async def settled() -> None:
    """Lets everything that can go on go on."""
    for _ in range(8):
        await asyncio.sleep(0)
