"""Stores shards in memory, fed from a dictionary of URLs: for tests, with faults on demand."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping

from orion_py.cancellation import CancelToken
from orion_py.errors import DownloadFailed, OrionError, ShardCorrupt, ShardMissing
from orion_py.storage.base import OnBytes, StorageEstimate


class MemoryShardStore:
    """``remote`` maps a URL to its bytes. ``faults`` maps a URL to errors to raise in turn, first.

    Downloads arrive in ``chunk`` bytes with one turn of the event loop between them.
    """

    def __init__(self, remote: Mapping[str, bytes], chunk: int = 16, quota: int | None = None) -> None:
        self.remote, self.chunk, self.quota = remote, chunk, quota
        self.shards: dict[str, bytes] = {}
        self.partial: dict[str, bytes] = {}
        self.faults: dict[str, list[OrionError]] = {}
        self.requests: list[tuple[str, int]] = []
        self.memory_reason: str | None = None
        self._locks: dict[str, asyncio.Lock] = {}

    def _alone(self, name: str) -> asyncio.Lock:
        """One download of a shard at a time, as in a browser."""
        return self._locks.setdefault(name, asyncio.Lock())

    def use_memory(self) -> None:
        self.memory_reason, self.quota = "quota refused", None

    async def sizes(self) -> dict[str, int]:
        return {sha: len(data) for sha, data in self.shards.items()}

    async def names(self) -> list[str]:
        return [*self.shards, *self.partial]

    async def resumable(self, wanted: Mapping[str, int]) -> dict[str, int]:
        return {name: len(self.partial[name]) for name, size in wanted.items() if self._begun(name, size) > 0}

    def _begun(self, name: str, size: int) -> int:
        """More than the whole can't be a part of it."""
        have = len(self.partial.get(name, b""))
        return have if have <= size else 0

    async def fetch(self, url: str, sha256: str, size: int, on_bytes: OnBytes, cancel: CancelToken) -> None:
        async with self._alone(sha256):
            if sha256 in self.shards and len(self.shards[sha256]) == size:
                on_bytes(size)  # another brought it
                return
            got = await self._download(url, sha256, size, on_bytes, cancel)
            if hashlib.sha256(got).hexdigest() != sha256:
                raise ShardCorrupt(sha256=sha256)
            self.shards[sha256] = got

    async def pin(self, url: str, name: str, size: int, on_bytes: OnBytes, cancel: CancelToken) -> str:
        got = await self._download(url, name, size, on_bytes, cancel)
        if len(got) != size:
            raise DownloadFailed(f"{len(got)} of {size} bytes", url=url)
        sha256 = hashlib.sha256(got).hexdigest()
        self.shards[sha256] = got
        return sha256

    async def _download(self, url: str, name: str, size: int, on_bytes: OnBytes, cancel: CancelToken) -> bytes:
        got = self.partial.get(name, b"")[: self._begun(name, size)]
        self.requests.append((url, len(got)))
        on_bytes(len(got))
        if self.faults.get(url):
            raise self.faults[url].pop(0)
        if url not in self.remote:
            raise DownloadFailed(f"404: {url}", url=url)
        data = self.remote[url]
        while len(got) < len(data):
            cancel.raise_if_cancelled()
            got += data[len(got) : len(got) + self.chunk]
            self.partial[name] = got
            on_bytes(len(got))
            await asyncio.sleep(0)
        self.partial.pop(name, None)
        return got

    async def read(self, sha256: str) -> bytes:
        if sha256 not in self.shards:
            raise ShardMissing(sha256=sha256)
        return self.shards[sha256]

    async def delete(self, sha256: str) -> None:
        self.shards.pop(sha256, None)
        self.partial.pop(sha256, None)

    async def estimate(self) -> StorageEstimate:
        return StorageEstimate(self.quota, sum(len(d) for d in self.shards.values()), persisted=False)

    async def persist(self) -> bool:
        return False
