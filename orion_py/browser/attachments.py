"""Reaches what the page attached, through ``web/bridge/worker/engine/attachments.js``, which decodes it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import numpy as np
from pyodide.ffi import to_js

from orion_py.browser.errors import translated
from orion_py.runtime.attachments import Sound

if TYPE_CHECKING:
    from orion_py.runtime.attachments import Picture, Samples

RATE = 16_000
BLOCK = 30 * RATE
"""Samples that are in Python's memory at once."""


class BrowserAttachments:
    """``held`` is the bridge's ``attachments``. The page's Blobs are put there without passing through Python."""

    def __init__(self, held: Any) -> None:
        self._held = held

    def put(self, request: str, attachment: str, data: bytes) -> None:
        self._held.put(request, attachment, to_js(data))

    def has(self, attachment: str) -> bool:
        return bool(self._held.has(attachment))

    async def picture(self, attachment: str) -> Picture:
        with translated():
            found = await self._held.picture(attachment)
            return np.asarray(found.pixels.to_py(), np.uint8).reshape(int(found.height), int(found.width), 3)

    async def sound(self, attachment: str) -> Sound:
        with translated():
            samples = await self._held.sound(attachment)
        return Sound(_blocks(samples), int(samples.length) / RATE)

    def release(self, request: str) -> None:
        self._held.release(request)


async def _blocks(samples: Any) -> AsyncIterator[Samples]:
    """Of a Float32Array, which stays where it is."""
    for start in range(0, int(samples.length), BLOCK):
        yield np.asarray(samples.subarray(start, start + BLOCK).to_py(), np.float32)
