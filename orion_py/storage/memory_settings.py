"""Keeps settings in memory, for CPython and tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orion_py.storage.settings import Change


class MemorySettings:
    """Forgets with the process: for CPython and tests."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    async def get(self, key: str) -> str | None:
        return self._values.get(key)

    async def set(self, key: str, value: str) -> None:
        self._values[key] = value

    async def delete(self, key: str) -> None:
        self._values.pop(key, None)

    async def update(self, key: str, change: Callable[[str | None], str | None]) -> None:
        value = change(self._values.get(key))
        await (self.delete(key) if value is None else self.set(key, value))

    async def change(self, keys: Sequence[str], change: Change) -> None:
        for key, value in change({key: self._values.get(key) for key in keys}).items():
            if value is None:
                self._values.pop(key, None)
            else:
                self._values[key] = value

    async def names(self, prefix: str) -> list[str]:
        return [key for key in self._values if key.startswith(prefix)]
