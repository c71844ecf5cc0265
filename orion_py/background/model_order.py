"""Orders the models of an agent as a question should try them. Changes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from orion_py.errors import OrionError
from orion_py.memory.offers import offered
from orion_py.registry.models import ModelEntry, Registry
from orion_py.residency.manager import ModelManager
from orion_py.runtime.base import Device


@dataclass(frozen=True, slots=True)
class Ordered:
    """``models`` in the order to try them. ``preferred``: the larger model to download in the background, since
    the agent prefers it to all models at hand. ``waits``: none is at hand, so the question waits."""

    models: list[ModelEntry]
    preferred: str | None = None
    waits: bool = False


class ModelOrder:
    """``coming`` gives the id of the model that this visit begins with, once it is chosen and while it loads."""

    def __init__(
        self, manager: ModelManager, registry: Registry, device: Device, coming: Callable[[], Awaitable[str | None]]
    ) -> None:
        self._manager, self._registry, self._device, self._coming = manager, registry, device, coming
        self.enabled = True
        """Whether larger models are used."""
        self.waits = False
        """Whether a question waits for a larger model that lies on the device whole."""

    async def of(self, entries: Sequence[ModelEntry]) -> Ordered:
        """``entries``, preferred first, as a question should try them: what is in memory or small, and
        after it, as a last resort, the larger ones that lie on the device. Only where nothing else
        exists, or ``waits`` says so, does a question wait for a larger one."""
        quick = [e for e in entries if e.tier == "lite" or (self.enabled and await self._at_hand(e))]
        if not quick:
            return Ordered(list(entries), waits=True)
        larger = [e for e in entries if e not in quick and self.enabled and self.offered(e)]
        unasked = [e for e in larger if e.tier != "large"]
        prefers = bool(unasked) and list(entries).index(unasked[0]) < list(entries).index(quick[0])
        stored = [e for e in larger if await self._manager.opener.source.stored(e)]
        return Ordered([*quick, *stored], unasked[0].id if prefers else None)

    def quickest(self, entries: Sequence[ModelEntry]) -> ModelEntry | None:
        """Which of an agent's models would answer now."""
        loaded = self._manager.loaded
        quick = [e for e in entries if e.tier == "lite" or (self.enabled and e.id in loaded)]
        return next(iter([*quick, *entries]), None)

    def larger(self) -> list[str]:
        """The larger models that are in memory."""
        return [e.id for e in self._registry.known if e.tier != "lite" and e.id in self._manager.loaded]

    def offered(self, entry: ModelEntry) -> bool:
        """Whether this device is offered ``entry``."""
        return offered(entry, self._device, self._manager.config)

    async def _at_hand(self, entry: ModelEntry) -> bool:
        if entry.id in self._manager.loaded or entry.id == await self._coming():
            return True
        if not self.waits or entry in self._registry.added or not self.offered(entry):
            return False
        opener = self._manager.opener
        try:  # a machine where models are built keeps no manifest of earlier visits, but has the files
            return await opener.ladder.complete(await opener.source.obtain(entry))
        except OrionError:
            return False
