"""Lends graph models: what sees, hears and speaks, loaded when it is first needed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from orion_py.cancellation import CancelToken
from orion_py.errors import OrionError, OutOfMemory, RuntimeFailure, WorkerDied
from orion_py.registry.models import Registry
from orion_py.residency.manager import ModelManager
from orion_py.resilience.breakers import Breakers, is_models
from orion_py.runtime.graphs import GraphModel
from orion_py.runtime.loaded_graphs import LoadedGraphs

Begin = Callable[[Callable[[], Coroutine[Any, Any, None]]], None]
"""Begins work that nobody waits for."""


class Senses:
    """Counts in the memory of all models: an idle one goes when another needs the room, and the other way round. With
    ``begin`` a newer version is brought after the first use of a visit."""

    def __init__(
        self, registry: Registry, manager: ModelManager, breakers: Breakers, begin: Begin = lambda work: None
    ) -> None:
        self._registry, self._manager, self._breakers, self._begin = registry, manager, breakers, begin

    @asynccontextmanager
    async def lent(self, model_id: str, cancel: CancelToken) -> AsyncIterator[GraphModel]:
        """The graph model, the caller's alone while the block runs: its sessions keep state. One that fails there is
        ended, and loaded anew the next time; so is one whose run was given up, since no run can be interrupted.

        Raises UnknownModel, CircuitOpen, LoadError and its children, RuntimeFailure, InvalidManifest or Cancelled.
        """
        entry, breaker = self._registry.sense(model_id), self._breakers.model(model_id)
        async with self._manager.turn(model_id, cancel):
            with breaker.entered():
                model = await self._manager.acquire_graphs(entry, cancel)
                try:
                    yield model
                except OrionError as error:
                    # That memory runs out amid a run says something of what was run, not of the model.
                    if is_models(error) and not isinstance(error, OutOfMemory):
                        breaker.failure(error)
                    if isinstance(error, WorkerDied):
                        await self._manager.graphs.backends.blame(model, entry.title, error)
                    if isinstance(error, RuntimeFailure | OutOfMemory):
                        await self._manager.discard(model_id, model)
                    raise
                else:
                    breaker.success()
                finally:
                    try:
                        await self._free(model_id, model)
                    finally:
                        await self._manager.release(model)
        self._begin(partial(self._manager.graphs.refresh, entry))

    async def _free(self, model_id: str, model: LoadedGraphs) -> None:
        """Whoever left in the middle of a run wants it no more: it would take the processor, and hold up the next one,
        for seconds. With what computes it, it ends at once."""
        if model.running:
            await self._manager.discard(model_id, model)
        else:
            await self._measure(model_id, model)

    async def _measure(self, model_id: str, model: LoadedGraphs) -> None:
        """A large picture makes a model larger for good. Where it no longer fits beside the others it is ended, and
        none of them: it comes back sooner than a language model."""
        before = model.report.memory_bytes
        await model.measure_memory()
        memory = self._manager.memory()
        if model.report.memory_bytes > before and memory.used_bytes > memory.budget_bytes:
            await self._manager.discard(model_id, model)
