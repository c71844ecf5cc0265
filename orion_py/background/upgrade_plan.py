"""Keeps which larger model is wanted, whether it is paused, and which were deleted: one plan for all tabs."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from orion_py.registry.models import Registry
from orion_py.storage.settings import Settings

KEY = "hydration"
"""The setting: JSON ``{"model": id or null, "paused": bool, "forgotten": [id, …]}``. The key is the one of earlier
versions, whose tabs may be open beside this one: what people decided there holds here."""


class UpgradePlan:
    """``recall`` reads the plan that all tabs share; the tab that changes it writes it."""

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self._settings, self._registry = settings, registry
        self.target: str | None = None
        self.paused = False
        self.forgotten: set[str] = set()
        """Deleted by a person, on this visit or an earlier one: they don't come by themselves."""

    async def recall(self) -> None:
        """Reads the plan. One that can't be read changes nothing."""
        try:
            kept = json.loads(await self._settings.get(KEY) or "{}")
        except ValueError:
            return
        if isinstance(kept, dict):
            known = {entry.id for entry in self._registry.known}
            self.target = kept.get("model") if kept.get("model") in known else None
            self.paused = kept.get("paused") is True
            self.forgotten = set(_ids(kept.get("forgotten")))

    async def keep(self) -> None:
        """Writes the target and the pause; what other tabs had deleted stays."""
        await self._write()

    async def forget(self, model_ids: Collection[str], larger: Collection[str], *, keep: bool) -> None:
        """Drops ``model_ids`` from the plan; the ``larger`` ones are no longer downloaded automatically.
        ``keep``: it is written here, not by another tab."""
        self.forgotten |= set(larger)
        if self.target in model_ids:
            self.target, self.paused = None, False
        if keep:
            await self._write(forget=larger)

    async def allow(self, model_ids: Collection[str]) -> None:
        """The person asks for these again."""
        again = self.forgotten.intersection(model_ids)
        if again:
            self.forgotten -= again
            await self._write(allow=again)

    async def _write(self, forget: Collection[str] = (), allow: Collection[str] = ()) -> None:
        wish = {"model": self.target, "paused": self.paused}

        def change(text: str | None) -> str:
            forgotten = dict.fromkeys([*_ids(_parsed(text).get("forgotten")), *forget])
            left = [model_id for model_id in forgotten if model_id not in allow]
            return json.dumps({**wish, **({"forgotten": left} if left else {})})

        await self._settings.update(KEY, change)


def _parsed(text: str | None) -> dict[str, Any]:
    try:
        kept = json.loads(text or "{}")
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) else {}


def _ids(kept: Any) -> list[str]:
    return [model_id for model_id in kept if isinstance(model_id, str)] if isinstance(kept, list) else []
