"""Which versions of each model this device keeps: the one in use, the one on its way, the one before.

A version is a manifest, kept as the text that the server sent. A new one is only *coming* until all
its shards are here and verified; then it takes over and the old one is kept, so that it can be gone
back to. Until the new one has answered once it is on probation: its first failure goes back.

Keys in the settings, for a model ``m``: ``manifest:m`` (in use), ``manifest:m:next``,
``manifest:m:previous``, and ``versions:m``, JSON ``{"declined": digest, "probation": bool}``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from orion_py.errors import InvalidManifest, NoEarlierVersion
from orion_py.loading.hub_folder import HubFolders
from orion_py.loading.manifest import Manifest, parse_manifest
from orion_py.storage.settings import Settings

Place = Literal["current", "next", "previous"]
_KEYS: dict[Place, str] = {"current": "manifest:{}", "next": "manifest:{}:next", "previous": "manifest:{}:previous"}


@dataclass(frozen=True, slots=True)
class Kept:
    """A version as it is kept; two are the same when their ``digest`` is."""

    manifest: Manifest
    text: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


def read_version(model_id: str, text: str) -> Kept:
    """A version from a manifest's text. Raises InvalidManifest, also where it is another model's."""
    manifest = parse_manifest(text)
    if manifest.model != model_id:
        raise InvalidManifest(f"manifest: model: is {manifest.model!r}, the registry says {model_id!r}", path="model")
    return Kept(manifest, text)


class Versions:
    """Reads and writes what is kept; moves no shard and opens no session."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.folders = HubFolders(settings)
        """Of models in another layout: what becomes their version."""

    async def kept(self, model_id: str, place: Place = "current") -> Kept | None:
        """None where there is none, and where what is there can't be read any more."""
        text = await self._settings.get(_KEYS[place].format(model_id))
        try:
            return None if text is None else read_version(model_id, text)
        except InvalidManifest:
            return None

    async def keep(self, version: Kept, place: Place = "current") -> None:
        key = _KEYS[place].format(version.manifest.model)
        if await self._settings.get(key) != version.text:
            await self._settings.set(key, version.text)

    async def drop(self, model_id: str, place: Place) -> None:
        await self._settings.delete(_KEYS[place].format(model_id))

    async def switch(self, version: Kept) -> None:
        """``version``, verified, is in use from now on, on probation; what was is kept."""
        model_id = version.manifest.model
        current = await self.kept(model_id)
        if current is not None and current.digest != version.digest:
            await self.keep(current, "previous")
        await self.keep(version)
        await self.drop(model_id, "next")
        await self._note(model_id, probation=True, declined="")

    async def go_back(self, model_id: str) -> Kept:
        """The earlier version is in use again; the later one is kept in its place, and won't come
        back by itself. Raises NoEarlierVersion."""
        current, previous = await self.kept(model_id), await self.kept(model_id, "previous")
        if previous is None or current is None:
            raise NoEarlierVersion(f"No earlier version of {model_id} is kept.", model=model_id)
        await self.keep(previous)
        await self.keep(current, "previous")
        await self.drop(model_id, "next")
        await self._note(model_id, probation=False, declined=current.digest)
        return previous

    async def on_probation(self, model_id: str) -> bool:
        return bool((await self._notes(model_id)).get("probation"))

    async def answered(self, model_id: str) -> None:
        """The version in use has answered: it has proved itself."""
        if await self.on_probation(model_id):
            await self._note(model_id, probation=False)

    async def declined(self, version: Kept) -> bool:
        """Whether this device went back from ``version``."""
        return (await self._notes(version.manifest.model)).get("declined") == version.digest

    async def decline(self, version: Kept) -> None:
        """``version`` turned out wrong here: it isn't taken again."""
        await self.drop(version.manifest.model, "next")
        await self._note(version.manifest.model, declined=version.digest)

    async def forget(self, model_id: str) -> None:
        """Nothing of the model is kept any more."""
        for place in _KEYS:
            await self.drop(model_id, place)
        await self._settings.delete(f"versions:{model_id}")
        await self.folders.forget(model_id)

    async def needed(self, model_ids: Iterable[str]) -> set[str]:
        """The sha256 of every shard that a kept version of these models names. Raises InvalidManifest
        where one can't be read: what it names may still be wanted."""
        found: set[str] = set()
        for model_id in model_ids:
            found |= await self.folders.needed(model_id)
            for key in _KEYS.values():
                text = await self._settings.get(key.format(model_id))
                if text is not None:
                    found.update(shard.sha256 for shard in read_version(model_id, text).manifest.shards)
        return found

    async def describe(self, model_id: str) -> dict[str, Any]:
        """The versions' names: ``current``, ``next``, ``previous`` (None: there is none), and
        whether the one in use is on ``probation``."""
        rows: dict[str, Any] = {}
        for place in _KEYS:
            version = await self.kept(model_id, place)
            rows[place] = version.manifest.version if version else None
        return {"model": model_id, **rows, "probation": await self.on_probation(model_id)}

    async def _notes(self, model_id: str) -> dict[str, Any]:
        try:
            notes = json.loads(await self._settings.get(f"versions:{model_id}") or "{}")
        except ValueError:
            return {}
        return notes if isinstance(notes, dict) else {}

    async def _note(self, model_id: str, **facts: Any) -> None:
        await self._settings.set(f"versions:{model_id}", json.dumps({**await self._notes(model_id), **facts}))
