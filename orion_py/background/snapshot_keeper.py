"""Decides when to make the next start's snapshot: seconds of a core, 150 MB meanwhile, 70 MB on the device."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from orion_py.errors import OrionError
from orion_py.ports import Ports
from orion_py.residency.manager import ModelManager
from orion_py.telemetry.log import Logger

PAUSE_S = 2.0
"""Nothing was asked for so long."""
QUIET_S = 0.5
"""Between looks whether models still load."""
TRIES = 2
"""Failed ones a visit."""
LEAST_MEMORY_GB = 4.0
"""Of the machine. A browser that doesn't say how much there is, which Firefox and Safari don't, gets no snapshot: there
it was never tried, and a second Python in the background may be what ends a phone's tab."""
LEAST_FREE_BYTES = 500_000_000
"""Of the storage: models need it more."""
SETTLED = ("there", "made", "impossible")


class SnapshotKeeper:
    """Call ``poll`` when no request came for a moment, and ``give_way`` as soon as one comes.
    ``idle``: nothing runs or waits."""

    def __init__(self, manager: ModelManager, ports: Ports, log: Logger, idle: Callable[[], bool]) -> None:
        self._manager, self._ports, self._log, self._idle = manager, ports, log, idle
        self._left, self._busy = TRIES, False

    async def poll(self) -> None:
        """Makes the snapshot if it is time. Never raises: without one the next start takes longer, and no more."""
        if self._busy or not self._left:
            return
        self._busy = True
        try:
            await self._ports.sleep(PAUSE_S)
            while self._manager.loading and self._idle():
                await self._ports.sleep(QUIET_S)
            if not self._idle():
                return
            if not await self._bearable():
                self._left = 0
                return
            said = await self._ports.snapshots.make()
            if said in SETTLED:
                self._left = 0
            elif said not in ("busy", "stopped"):
                self._left -= 1
                self._log.warn("snapshot", message=said)
            self._log.debug("snapshot", state=said)
        finally:
            self._busy = False

    async def _bearable(self) -> bool:
        device = await self._ports.runtime.device()
        if device.memory_gb is None or device.memory_gb < LEAST_MEMORY_GB:
            return False
        if self._ports.store.memory_reason is not None:
            return False
        with suppress(OrionError):
            estimate = await self._ports.store.estimate()
            if estimate.quota is not None and estimate.quota - (estimate.usage or 0) < LEAST_FREE_BYTES:
                return False
        return True

    def give_way(self) -> None:
        if self._busy:
            self._ports.snapshots.stop()
