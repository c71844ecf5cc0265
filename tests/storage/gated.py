"""Settings behind a gate, which may raise at each reading or writing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orion_py.storage.memory_settings import MemorySettings
from orion_py.storage.settings import Change


class GatedSettings(MemorySettings):
    """``store`` as one tab reaches it."""

    def __init__(self, store: MemorySettings | None = None) -> None:
        super().__init__()
        self.store = store or MemorySettings()

    def on_read(self) -> None:
        """Before each reading."""

    def on_write(self) -> None:
        """Before each writing, whatever it consists of."""

    async def get(self, key: str) -> str | None:
        self.on_read()
        return await self.store.get(key)

    async def names(self, prefix: str) -> list[str]:
        self.on_read()
        return await self.store.names(prefix)

    async def set(self, key: str, value: str) -> None:
        self.on_write()
        await self.store.set(key, value)

    async def delete(self, key: str) -> None:
        self.on_write()
        await self.store.delete(key)

    async def update(self, key: str, change: Callable[[str | None], str | None]) -> None:
        self.on_write()
        await self.store.update(key, change)

    async def change(self, keys: Sequence[str], change: Change) -> None:
        self.on_write()
        await self.store.change(keys, change)
