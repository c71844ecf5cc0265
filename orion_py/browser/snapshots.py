"""Makes the snapshot of Python that the next start uses, through ``web/bridge/worker/snapshot/maker.js``."""

from __future__ import annotations

from typing import Any


class BrowserSnapshots:
    """``bridge`` is engine.js's."""

    def __init__(self, bridge: Any) -> None:
        self._bridge = bridge

    async def make(self) -> str:
        return str(await self._bridge.makeSnapshot())

    def stop(self) -> None:
        self._bridge.stopSnapshot()
