"""Chooses the model that a visit begins with: the one that answered last, if it is stored whole and loaded well.

A large model can end the tab while it comes into memory. So its start is written down before it begins and crossed
out after: where that note is found, the visit before ended in the middle, and the smaller model comes first again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from orion_py.errors import OrionError
from orion_py.registry.models import ModelEntry
from orion_py.runtime.ahead import Ahead
from orion_py.storage.settings import Settings

KEY = "first_model"


class FirstModel:
    """``stored`` says whether a model is complete on the device; ``ahead`` gets what the next visit begins with. A
    note that can't be kept costs the larger model's place at the next visit, and no answer: nothing here raises for
    it."""

    def __init__(self, settings: Settings, stored: Callable[[ModelEntry], Awaitable[bool]], ahead: Ahead) -> None:
        self._settings, self._stored, self._ahead = settings, stored, ahead
        self._kept: str | None = None
        self._coming: str | None = None
        self._chosen = asyncio.Event()
        self._chosen.set()

    async def coming(self) -> str | None:
        """The model that this visit begins with, while it comes: a question waits for it, and for the choice. One that
        was asked before anybody chose takes what is on its way since before Python was up."""
        await self._chosen.wait()
        held = None if self._coming else self._ahead.held()
        return held.model if held else self._coming

    async def choose(self, entries: Sequence[ModelEntry]) -> ModelEntry | None:
        """Of ``entries`` the larger model to begin with, which is then to be ``tried`` at once; None where the visit
        should begin as the first did."""
        self._chosen.clear()
        try:
            chosen = await self._choice(entries)
            self._coming = chosen.id if chosen else None
        finally:
            self._chosen.set()
        return chosen

    async def _choice(self, entries: Sequence[ModelEntry]) -> ModelEntry | None:
        model, trying = await self._read()
        if trying:
            await self._write(None)
            return None
        for entry in entries:
            if entry.id == model and entry.tier != "lite" and await self._stored(entry):
                return entry
        return None

    @asynccontextmanager
    async def tried(self, entry: ModelEntry) -> AsyncIterator[None]:
        """Around the load that a visit begins with. A model that fails there isn't tried first again."""
        if entry.tier == "lite":
            yield
            return
        self._coming = entry.id
        await self._write({"model": entry.id, "trying": True})
        try:
            yield
        except OrionError:
            await self._write(None)
            raise
        else:
            await self._write({"model": entry.id, "trying": False})
        finally:
            self._coming = None

    async def on_answered(self, model_id: str) -> None:
        """``model_id`` gave the last answer."""
        if self._kept != model_id:
            await self._write({"model": model_id, "trying": False})
            await self._ahead.begin_with(model_id)

    async def _read(self) -> tuple[str | None, bool]:
        try:
            text = await self._settings.get(KEY)
            note = json.loads(text) if text else {}
            model, trying = note.get("model"), note.get("trying")
        except (OrionError, ValueError, AttributeError):
            return None, False
        return (model if isinstance(model, str) else None), trying is True

    async def _write(self, note: dict[str, object] | None) -> None:
        self._kept = None if note is None or note["trying"] else str(note["model"])
        try:
            if note is None:
                await self._settings.delete(KEY)
            else:
                await self._settings.set(KEY, json.dumps(note))
        except OrionError:
            self._kept = None
