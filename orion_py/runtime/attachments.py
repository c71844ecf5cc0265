"""Defines the seam to what a question has attached: pictures and recordings, by the SHA-256 of their bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from orion_py.errors import AttachmentBroken, AttachmentMissing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]
    """[height, width, 3], red, green, blue; upright, on white where it is transparent, the first frame of several. The
    long side has at most 2,000 pixels."""
    Samples = NDArray[np.float32]
    """[samples], -1 to 1, one channel of 16,000 samples a second."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording, block by block in order, so that hours of it needn't be in memory at once; reading them raises as
    ``Attachments.sound``. ``seconds``: how long it is, None where that isn't known before all is decoded."""

    blocks: AsyncIterator[Samples]
    seconds: float | None


class Attachments(Protocol):
    """What callers handed in beside their requests. It stays until the last request that named it has ended.

    The host knows the bytes, the engine only names: in a browser the page's Blobs never enter Python.
    """

    def put(self, request: str, attachment: str, data: bytes) -> None:
        """Takes a file's bytes for ``request``; ``attachment`` is their SHA-256 in hexadecimal."""

    def has(self, attachment: str) -> bool:
        """Whether it was handed in for a request that hasn't ended."""

    async def picture(self, attachment: str) -> Picture:
        """The picture, decoded. Raises AttachmentMissing, AttachmentBroken and OutOfMemory."""

    async def sound(self, attachment: str) -> Sound:
        """The recording. Raises as ``picture``, and UnreadableSound."""

    def release(self, request: str) -> None:
        """``request`` has ended: what no other names is forgotten. An unknown one changes nothing."""


async def _no_picture(data: bytes) -> Picture:
    raise AttachmentBroken("Nothing decodes pictures here.")


async def _no_sound(data: bytes) -> Sound:
    raise AttachmentBroken("Nothing decodes recordings here.")


class HeldAttachments:
    """Keeps bytes in memory. ``see`` and ``hear`` decode a file's bytes; they raise AttachmentBroken."""

    def __init__(
        self,
        see: Callable[[bytes], Awaitable[Picture]] = _no_picture,
        hear: Callable[[bytes], Awaitable[Sound]] = _no_sound,
    ) -> None:
        self._see, self._hear = see, hear
        self._held: dict[str, bytes] = {}
        self._named: dict[str, set[str]] = {}

    def put(self, request: str, attachment: str, data: bytes) -> None:
        self._held[attachment] = data
        self._named.setdefault(request, set()).add(attachment)

    def has(self, attachment: str) -> bool:
        return attachment in self._held

    async def picture(self, attachment: str) -> Picture:
        return await self._see(self._bytes(attachment))

    async def sound(self, attachment: str) -> Sound:
        return await self._hear(self._bytes(attachment))

    def release(self, request: str) -> None:
        for attachment in self._named.pop(request, set()):
            if not any(attachment in others for others in self._named.values()):
                self._held.pop(attachment, None)

    def _bytes(self, attachment: str) -> bytes:
        if attachment not in self._held:
            raise AttachmentMissing(f"No request has brought {attachment[:12]}.", attachment=attachment)
        return self._held[attachment]
