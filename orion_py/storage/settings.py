"""Defines the seam to a small key-value store on the device: checks, preferences, a manifest's copy.

Several tabs write to one store. What depends on what is there is therefore written by ``change`` or
``update``, which read and write in one transaction; ``set`` is for values that replace whatever was there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

Record = Mapping[str, str | None]
"""Values by key; None: the key isn't there, or is to go."""
Change = Callable[[Record], Record]
"""From the values of some keys to the values to write. It may run several times, so it has no side effects but
what its last run leaves; what it raises ends the transaction, and nothing is written."""


class Settings(Protocol):
    async def get(self, key: str) -> str | None: ...

    async def set(self, key: str, value: str) -> None: ...

    async def delete(self, key: str) -> None: ...

    async def change(self, keys: Sequence[str], change: Change) -> None:
        """Reads ``keys`` and writes what ``change`` makes of them, in one transaction: no other tab writes
        between, and all is written or nothing. Raises what ``change`` raises."""

    async def update(self, key: str, change: Callable[[str | None], str | None]) -> None:
        """``change`` for one key."""

    async def names(self, prefix: str) -> list[str]:
        """The keys that begin with ``prefix``."""


class ByChange:
    """``set``, ``delete`` and ``update`` for a store that has ``change``."""

    async def change(self, keys: Sequence[str], change: Change) -> None:
        raise NotImplementedError

    async def set(self, key: str, value: str) -> None:
        await self.change([key], lambda record: {key: value})

    async def delete(self, key: str) -> None:
        await self.change([key], lambda record: {key: None})

    async def update(self, key: str, change: Callable[[str | None], str | None]) -> None:
        await self.change([key], lambda record: {key: change(record[key])})
