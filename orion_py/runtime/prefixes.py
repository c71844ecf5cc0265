"""Defines the seam to kept prompts: KV rows of what an agent's questions begin with.

A session keeps and restores them (``ModelSession.keep_rows`` and ``restore_rows``), since their bytes never enter
Python in a browser; here is what is known of them, and how they are deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Prefix:
    """``rows`` of the cache of ``model``, kept by ``key``. ``agent``: whose prompt they are of. ``edition``: of the
    model and of what computed them; rows of other editions of the model go when one is kept."""

    key: str
    model: str
    agent: str
    edition: str
    rows: int
    bytes: int = 0


class Prefixes(Protocol):
    async def all(self) -> Sequence[Prefix]:
        """What is kept, by any engine on this device. Never raises: what can't be read counts as absent."""

    async def drop(self, keys: Collection[str]) -> None:
        """Deletes these. Raises StorageUnavailable."""


class NoPrefixes:
    """Where nothing is kept."""

    async def all(self) -> Sequence[Prefix]:
        return ()

    async def drop(self, keys: Collection[str]) -> None:
        return None
