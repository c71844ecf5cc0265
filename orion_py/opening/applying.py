"""Applies those remedies against a failed load that are alike for decoders and graph models."""

from __future__ import annotations

from typing import Protocol

from orion_py.errors import OrionError
from orion_py.memory.needs import Room
from orion_py.protocol import FallbackKind
from orion_py.resilience.remedies import LoadRemedy
from orion_py.storage.base import ShardStore


class Say(Protocol):
    """Tells of a step down."""

    def __call__(self, kind: FallbackKind, from_: str, to: str, error: OrionError, /) -> None: ...


async def applied(remedy: LoadRemedy, error: OrionError, store: ShardStore, room: Room, say: Say) -> bool:
    """Whether ``remedy`` was applied, so that the load can be tried again. False where there was nothing to end, and
    for the remedies that are the opener's own."""
    if remedy == "store_in_memory":
        store.use_memory()
        say("storage", "stored on this device", "in memory", error)
        return True
    if remedy == "evict_idle" and await room.give():
        say("memory", "other models kept at hand", "this model alone", error)
        return True
    return False
