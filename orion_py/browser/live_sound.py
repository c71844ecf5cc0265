"""Reaches what the page records, through ``web/bridge/worker/engine/live-sound.js``, which holds it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from orion_py.runtime.live_sound import Block


class BrowserLiveSound:
    """``held`` is the bridge's ``liveSound``. The page's blocks are put there without passing through Python."""

    def __init__(self, held: Any) -> None:
        self._held = held

    async def stream(self, request: str) -> AsyncIterator[Block]:
        while (samples := await self._held.next(request)) is not None:
            yield np.asarray(samples.to_py(), np.float32)

    def end(self, request: str) -> None:
        self._held.end(request)

    def release(self, request: str) -> None:
        self._held.release(request)
