"""Follows the other tabs: takes over their changes to the lists, and drops what they deleted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from orion_py.agents.custom import SETTING as AGENTS
from orion_py.agents.custom import CustomAgents
from orion_py.background.updates import Updates
from orion_py.background.upgrade import BackgroundUpgrade
from orion_py.background.upgrade_plan import KEY as UPGRADE_PLAN
from orion_py.engine.changed_parts import ChangedParts
from orion_py.external.added_models import SETTING as ADDED
from orion_py.external.added_models import AddedModels
from orion_py.registry.models import Registry
from orion_py.residency.manager import ModelManager
from orion_py.routing.corrections import SETTING as CORRECTIONS
from orion_py.routing.service import RouterService
from orion_py.storage.among_tabs import AmongTabs

SHARED = (AGENTS, ADDED, CORRECTIONS, UPGRADE_PLAN)
"""Settings whose changes are sent to the other tabs."""


@dataclass(frozen=True, slots=True)
class OtherTabs:
    """``begin`` runs work beside; ``schedule`` lets the background begin; ``retire`` gives a model's memory back
    between two turns; ``check_site`` asks the site for models that were being made."""

    among: AmongTabs
    registry: Registry
    custom: CustomAgents
    added: AddedModels
    router: RouterService
    upgrade: BackgroundUpgrade
    manager: ModelManager
    updates: Updates
    begin: Callable[[Callable[[], Coroutine[Any, Any, None]]], None]
    schedule: Callable[[], None]
    retire: Callable[[str], Awaitable[None]]
    check_site: Callable[[], Coroutine[Any, Any, None]]
    say_models: Callable[[list[str]], None]
    """Tells the page that the list of models is another, and which are new."""
    changed: ChangedParts

    def listen(self) -> None:
        self.among.on("settings", lambda note: self.begin(lambda: self._reread(_texts(note.get("keys")))))
        self.among.on("forget", lambda note: self.begin(lambda: self._forget(_texts(note.get("models")))))
        self.among.on("upgrade.control", lambda note: self.begin(lambda: self._command(note)))
        self.among.on("site", lambda note: self.begin(self.check_site))
        self.among.on("wanted", lambda note: self._wanted(note))
        for kind in ("arrived", "leads"):
            self.among.on(kind, lambda note: self.schedule())

    async def _reread(self, keys: list[str]) -> None:
        for key in keys:
            self.changed.written(key)
        if AGENTS in keys:
            await self.custom.restore()
        if ADDED in keys:
            before = [entry.id for entry in self.registry.added]
            await self.added.restore()
            now = [entry.id for entry in self.registry.added]
            if now != before:
                self.say_models([model_id for model_id in now if model_id not in before])
            gone = set(before) - set(now)
            if gone:
                await self._forget(sorted(gone))
        if CORRECTIONS in keys:
            await self.router.reread()
        if UPGRADE_PLAN in keys:
            await self.upgrade.on_plan_changed()
            self.schedule()

    async def _forget(self, models: list[str]) -> None:
        """Nothing of them is brought any more; what serves goes when nothing is asked of it. What came after the
        other tab had swept goes as well."""
        await self.upgrade.abandon(models, for_good=False)
        for model_id in models:
            self.manager.cancel_loading(model_id, unless_awaited_by=1)
            if self.manager.holds(model_id):
                self.begin(lambda gone=model_id: self._retire(gone))  # type: ignore[misc]
        await self.updates.sweep()

    async def _retire(self, model_id: str) -> None:
        await self.retire(model_id)

    def _wanted(self, note: dict[str, Any]) -> None:
        if self.upgrade.on_wanted(str(note.get("model"))):
            self.schedule()

    async def _command(self, note: dict[str, Any]) -> None:
        model = note.get("model")
        await self.upgrade.on_command(str(note.get("action")), model if isinstance(model, str) else None)
        self.schedule()


def _texts(found: Any) -> list[str]:
    return [text for text in found if isinstance(text, str)] if isinstance(found, list) else []
