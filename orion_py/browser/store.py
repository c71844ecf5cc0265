"""Stores shards and settings in IndexedDB, through ``web/bridge/worker/storage/shards.js``, where bytes stay."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from js import AbortController
from pyodide.ffi import create_proxy

from orion_py.browser.errors import translated
from orion_py.browser.values import plain
from orion_py.cancellation import CancelToken
from orion_py.storage.base import OnBytes, StorageEstimate
from orion_py.storage.settings import ByChange, Change


class BrowserShardStore:
    """``shards`` is the bridge's ShardStore; ``resolve`` makes a path the URL that this site may fetch."""

    def __init__(self, shards: Any, resolve: Callable[[str], str]) -> None:
        self._shards, self._resolve = shards, resolve

    @property
    def memory_reason(self) -> str | None:
        """Why shards are kept in memory only, or None where they are stored."""
        return str(self._shards.reason) if self._shards.kind == "memory" else None

    async def sizes(self) -> dict[str, int]:
        with translated():
            found = await self._shards.sizes()
        return {str(key): int(value) for key, value in found.to_py().items()}

    async def names(self) -> list[str]:
        with translated():
            return [str(name) for name in (await self._shards.names()).to_py()]

    async def resumable(self, wanted: Mapping[str, int]) -> dict[str, int]:
        with translated():
            found = await self._shards.resumable(json.dumps(dict(wanted)))
        return {str(key): int(value) for key, value in found.to_py().items()}

    async def fetch(self, url: str, sha256: str, size: int, on_bytes: OnBytes, cancel: CancelToken) -> None:
        await self._download(self._shards.fetchShard, url, sha256, size, on_bytes, cancel)

    async def pin(self, url: str, name: str, size: int, on_bytes: OnBytes, cancel: CancelToken) -> str:
        return str(await self._download(self._shards.pinShard, url, name, size, on_bytes, cancel))

    async def _download(
        self, call: Any, url: str, name: str, size: int, on_bytes: OnBytes, cancel: CancelToken
    ) -> object:
        controller = AbortController.new()
        unsubscribe = cancel.subscribe(lambda: controller.abort())
        listener = create_proxy(on_bytes)
        try:
            with translated():
                return await call(self._resolve(url), name, size, listener, controller.signal)
        finally:
            unsubscribe()
            listener.destroy()

    async def read(self, sha256: str) -> bytes:
        with translated():
            data = await self._shards.read(sha256)
        return bytes(data.to_bytes())

    async def delete(self, sha256: str) -> None:
        with translated():
            await self._shards.remove(sha256)

    async def estimate(self) -> StorageEstimate:
        with translated():
            found = plain((await self._shards.estimate()).to_py())
        # What is held in memory isn't limited by what may be stored.
        quota = None if self.memory_reason else found.get("quota")
        return StorageEstimate(quota, found.get("usage"), bool(found.get("persisted")))

    async def persist(self) -> bool:
        with translated():
            return bool(await self._shards.persist())

    def held_blob(self, sha256: str) -> Any:
        """The Blob of a shard that is in memory only, or None."""
        return self._shards.heldBlob(sha256)

    def use_memory(self) -> None:
        self._shards.useMemory()


class BrowserSettings(ByChange):
    """The ``settings`` store beside the shards. Raises what the database does: see ``ForgivingSettings``."""

    def __init__(self, shards: Any) -> None:
        self._settings = shards.settings

    async def get(self, key: str) -> str | None:
        with translated():
            value = await self._settings.read(key)
        return value if isinstance(value, str) else None

    async def change(self, keys: Sequence[str], change: Change) -> None:
        found: dict[str, str | None] = {key: await self.get(key) for key in keys}
        while True:
            # What another tab wrote since is read, and the change is made to that.
            wanted = json.dumps(dict(change(found)))
            with translated():
                other = str(await self._settings.swap(json.dumps(found), wanted))
            if not other:
                return
            found = json.loads(other)

    async def set(self, key: str, value: str) -> None:
        with translated():
            await self._settings.write(key, value)

    async def delete(self, key: str) -> None:
        with translated():
            await self._settings.remove(key)

    async def names(self, prefix: str) -> list[str]:
        with translated():
            return [str(name) for name in (await self._settings.names(prefix)).to_py()]
