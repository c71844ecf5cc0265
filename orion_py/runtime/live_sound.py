"""Defines the seam to sound that a caller records while the engine listens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Block = NDArray[np.float32]
    """[samples], -1 to 1, one channel of 16,000 samples a second."""


class LiveSound(Protocol):
    """What callers hand in beside their requests to listen, block by block. As with attachments, the host knows the
    bytes and the engine only the request's id."""

    def stream(self, request: str) -> AsyncIterator[Block]:
        """All that is recorded for ``request``, as it comes, until ``end``. A slow reader gets what came meanwhile as
        one block."""

    def end(self, request: str) -> None:
        """Nothing more is recorded for ``request``; what was is still to be heard. An unknown one changes nothing."""

    def release(self, request: str) -> None:
        """``request`` has ended: its sound is forgotten, and ``stream`` ends."""


class NoLiveSound:
    """Of a host without a microphone: there is nothing to hear."""

    async def stream(self, request: str) -> AsyncIterator[Block]:
        nothing: tuple[Block, ...] = ()
        for block in nothing:
            yield block

    def end(self, request: str) -> None: ...

    def release(self, request: str) -> None: ...
