"""The seam to a small key-value store on the device: verdicts, preferences, a manifest's copy."""

from __future__ import annotations

from typing import Protocol


class Settings(Protocol):
    async def get(self, key: str) -> str | None: ...

    async def set(self, key: str, value: str) -> None: ...

    async def delete(self, key: str) -> None: ...


class MemorySettings:
    """Forgets with the process: for CPython and for a browser that stores nothing."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    async def get(self, key: str) -> str | None:
        return self._values.get(key)

    async def set(self, key: str, value: str) -> None:
        self._values[key] = value

    async def delete(self, key: str) -> None:
        self._values.pop(key, None)
