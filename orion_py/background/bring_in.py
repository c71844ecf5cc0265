"""Brings a larger model into memory beside those that answer, or in their place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from orion_py.cancellation import CancelToken
from orion_py.errors import OrionError
from orion_py.registry.models import ModelEntry, Registry
from orion_py.residency.manager import ModelManager
from orion_py.resilience.breakers import Breakers


async def bring_in(
    manager: ModelManager,
    registry: Registry,
    breakers: Breakers,
    entry: ModelEntry,
    cancel: CancelToken,
    idle: Callable[[], bool],
) -> None:
    """Loads ``entry`` beside the loaded models, or in their place if both don't fit.

    Raises as ``ModelManager.acquire``: then what made room is loaded again, for as long as nothing is asked (``idle``).
    """
    others = list(manager.loaded)
    keep: Collection[str] = others if manager.has_room(entry, others) else ()
    try:
        with breakers.model(entry.id).entered():
            await manager.release(await manager.acquire(entry, cancel, keep))
    except OrionError:
        await _bring_back(manager, registry, others, idle)
        raise


async def _bring_back(
    manager: ModelManager, registry: Registry, model_ids: Sequence[str], idle: Callable[[], bool]
) -> None:
    """Models evicted for one that then couldn't be loaded. Nobody asked for it, so nothing is reported."""
    for model_id in model_ids:
        if model_id not in manager.loaded and idle():
            try:
                await manager.release(await manager.acquire(registry.model(model_id), CancelToken()))
            except OrionError:
                return
