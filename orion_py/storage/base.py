"""Defines the seam to where shards are kept.

A store keeps whole, verified shards by sha256. Fetching, verifying and committing is one
primitive so that, in a browser, a shard's bytes never have to cross into Python.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from orion_py.cancellation import CancelToken

OnBytes = Callable[[int], None]
"""Called with the bytes of this shard that are here so far: first with what is resumed, 0 if nothing is. A call
with the same number says that the download lives, such as where a server repeats what is here."""


@dataclass(frozen=True, slots=True)
class StorageEstimate:
    """Bytes; None where the platform doesn't say. ``persisted``: the browser won't evict it."""

    quota: int | None
    usage: int | None
    persisted: bool


class ShardStore(Protocol):
    @property
    def memory_reason(self) -> str | None:
        """Why new shards are kept in memory only, or None where they are stored."""

    def use_memory(self) -> None:
        """From now on new shards stay in memory: the step down when the quota is refused."""

    async def sizes(self) -> dict[str, int]:
        """sha256 to bytes of every shard that is here whole."""

    async def names(self) -> list[str]:
        """The sha256 of every shard that is here, whole or in part: what may be swept. Empty where what
        is here isn't the engine's alone."""

    async def resumable(self, wanted: Mapping[str, int]) -> dict[str, int]:
        """Bytes that an unfinished download left of each of these, and that its next one begins with. ``wanted``:
        what it is kept as (a sha256, or the name given to ``pin``) to the bytes of the whole. Of what isn't named
        in the answer nothing is here; what can't be resumed, such as more than the whole, doesn't count."""

    async def fetch(self, url: str, sha256: str, size: int, on_bytes: OnBytes, cancel: CancelToken) -> None:
        """Downloads (resuming what an earlier try left), verifies and commits one shard.

        Raises DownloadFailed, ShardCorrupt, QuotaExceeded or Cancelled; after DownloadFailed and
        Cancelled what arrived is kept for the next try.
        """

    async def pin(self, url: str, name: str, size: int, on_bytes: OnBytes, cancel: CancelToken) -> str:
        """Downloads a file whose sha256 isn't known, commits it under the one that it turns out to have, and
        returns that. Until then its parts are kept as ``name``, which has the form of a sha256.

        Raises as ``fetch``.
        """

    async def read(self, sha256: str) -> bytes:
        """A small shard's bytes (tokenizer), verified. Raises ShardMissing or ShardCorrupt."""

    async def delete(self, sha256: str) -> None:
        """Removes a shard and what is left of an unfinished download of it."""

    async def estimate(self) -> StorageEstimate: ...

    async def persist(self) -> bool:
        """Asks the platform not to evict; the answer is shown, nothing depends on it."""
