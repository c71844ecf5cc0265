"""Keeps versions of each model on this device: the one in use, the one on its way, the one before.

A version is a manifest, kept as the text that the server sent. A new one is only *coming* until all
its shards are here and verified; then it takes over and the old one is kept, so that one can roll
back to it. Until the new one has answered once it is on probation: its first failure rolls back.

Keys in the settings, for a model ``m``: ``manifest:m`` (in use), ``manifest:m:next``,
``manifest:m:previous``, and ``versions:m``, JSON ``{"declined": digest, "probation": bool}``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from orion_py.errors import InvalidManifest, NoEarlierVersion
from orion_py.external.folder import ExternalFolders
from orion_py.fetching.other_files import OTHERS
from orion_py.manifest.graph_manifest import GraphManifest, read_graph_manifest
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.reading import read_manifest
from orion_py.manifest.shards import Shard
from orion_py.protocol.rows import VersionRow
from orion_py.storage.settings import Record, Settings

Place = Literal["current", "next", "previous"]
_KEYS: dict[Place, str] = {"current": "manifest:{}", "next": "manifest:{}:next", "previous": "manifest:{}:previous"}


M = TypeVar("M", Manifest, GraphManifest)


@dataclass(frozen=True)
class Stored(Generic[M]):
    """A version as it is kept; two are the same when their ``digest`` is."""

    manifest: M
    text: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


StoredVersion: TypeAlias = Stored[Manifest]
StoredGraphs: TypeAlias = Stored[GraphManifest]
AnyVersion: TypeAlias = StoredVersion | StoredGraphs


def read_version(model_id: str, text: str, note: Callable[[str], None] = lambda what: None) -> StoredVersion:
    """A version from a manifest's text, as ``read_manifest``. Raises InvalidManifest, also where it is another
    model's."""
    manifest = read_manifest(text, note)
    _require_model(model_id, manifest.model)
    return StoredVersion(manifest, text)


def read_graphs(model_id: str, text: str, note: Callable[[str], None] = lambda what: None) -> StoredGraphs:
    """As ``read_version``, of a graph model."""
    manifest = read_graph_manifest(text, note)
    _require_model(model_id, manifest.model)
    return StoredGraphs(manifest, text)


def _require_model(model_id: str, named: str) -> None:
    if named != model_id:
        raise InvalidManifest(f"manifest: model: is {named!r}, the registry says {model_id!r}", path="model")


class Versions:
    """Reads and writes what is kept; moves no shard and opens no session."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.folders = ExternalFolders(settings)
        """Of models in another layout: what becomes their version."""
        self.on_note: Callable[[str], None] = lambda what: None
        """Called with what isn't known here of a newer manifest."""

    async def kept(self, model_id: str, place: Place = "current") -> StoredVersion | None:
        """None where there is none, and where what is there can't be read any more."""
        text = await self._settings.get(_key(model_id, place))
        return None if text is None else _read(model_id, text)

    async def keep(self, version: AnyVersion, place: Place = "current") -> None:
        key = _key(version.manifest.model, place)
        if await self._settings.get(key) != version.text:
            await self._settings.set(key, version.text)

    async def drop(self, model_id: str, place: Place) -> None:
        await self._settings.delete(_key(model_id, place))

    async def switch(self, version: AnyVersion) -> None:
        """``version``, verified, is in use from now on, on probation; what was is kept."""
        model_id = version.manifest.model
        current, previous = _key(model_id, "current"), _key(model_id, "previous")
        notes, coming = _notes_key(model_id), _key(model_id, "next")

        def change(record: Record) -> Record:
            switched: dict[str, str | None] = {current: version.text, coming: None}
            if record[current] not in (None, version.text):
                switched[previous] = record[current]
            return switched | {notes: _noted(record[notes], probation=True, declined="")}

        await self._settings.change([current, previous, coming, notes], change)

    async def rollback(self, model_id: str) -> StoredVersion:
        """Returns to the earlier version. The later one is kept in its place and is never reinstalled
        automatically. Raises NoEarlierVersion."""
        return await self._rolled_back(model_id, _read)

    async def rollback_graphs(self, model_id: str) -> StoredGraphs:
        """As ``rollback``, of a graph model."""
        return await self._rolled_back(model_id, _graphs_or_none)

    async def _rolled_back(self, model_id: str, read: Callable[[str, str], Stored[M] | None]) -> Stored[M]:
        keys: dict[Place, str] = {place: _key(model_id, place) for place in _KEYS}
        notes = _notes_key(model_id)
        taken: list[Stored[M]] = []

        def change(record: Record) -> Record:
            texts = record[keys["current"]], record[keys["previous"]]
            current, previous = (None if text is None else read(model_id, text) for text in texts)
            if previous is None or current is None:
                raise NoEarlierVersion(f"No earlier version of {model_id} is kept.", model=model_id)
            taken[:] = [previous]
            return {
                keys["current"]: previous.text,
                keys["previous"]: current.text,
                keys["next"]: None,
                notes: _noted(record[notes], probation=False, declined=current.digest),
            }

        await self._settings.change([*keys.values(), notes], change)
        return taken[0]

    async def on_probation(self, model_id: str) -> bool:
        return bool((await self._notes(model_id)).get("probation"))

    async def on_answered(self, model_id: str) -> None:
        """The version in use has answered: it has proved itself."""
        if await self.on_probation(model_id):
            await self._note(model_id, probation=False)

    async def rejected(self, version: AnyVersion) -> bool:
        """Whether this device rolled back from ``version``, or found it wrong."""
        return (await self._notes(version.manifest.model)).get("declined") == version.digest

    async def reject(self, version: StoredVersion) -> None:
        """``version`` turned out wrong here: it isn't taken again."""
        coming, notes = _key(version.manifest.model, "next"), _notes_key(version.manifest.model)

        def change(record: Record) -> Record:
            return {coming: None, notes: _noted(record[notes], declined=version.digest)}

        await self._settings.change([coming, notes], change)

    async def forget(self, model_id: str) -> None:
        """Nothing of the model is kept any more."""
        keys = [*(_key(model_id, place) for place in _KEYS), _notes_key(model_id)]
        await self._settings.change(keys, lambda record: dict.fromkeys(keys))
        await self.folders.forget(model_id)

    async def kept_models(self) -> list[str]:
        """The ids of all models of which anything is kept, by whichever tab."""
        keys = [*await self._settings.names("manifest:"), *await self._settings.names("folder:")]
        found = dict.fromkeys(key.split(":")[1] for key in keys)
        return [model_id for model_id in found if model_id not in OTHERS]

    async def needed(self, model_ids: Iterable[str]) -> set[str]:
        """The sha256 of every shard that a kept version of these models names. Raises InvalidManifest
        where one can't be read: what it names may still be wanted."""
        found: set[str] = set()
        for model_id in model_ids:
            found |= await self.folders.needed(model_id)
            for key in _KEYS.values():
                text = await self._settings.get(key.format(model_id))
                if text is not None:
                    found.update(shard.sha256 for shard in _shards(model_id, text))
        return found

    async def kept_graphs(self, model_id: str) -> StoredGraphs | None:
        """As ``kept``, of the version of a graph model that is in use."""
        text = await self._settings.get(_key(model_id, "current"))
        return None if text is None else _graphs_or_none(model_id, text)

    async def describe(self, model_id: str) -> VersionRow:
        """The versions' names: ``current``, ``next``, ``previous`` (None: there is none), and
        whether the one in use is on ``probation``."""
        names: dict[Place, str | None] = {}
        for place in _KEYS:
            version = await self.kept(model_id, place)
            names[place] = version.manifest.version if version else None
        return {
            "model": model_id,
            "current": names["current"],
            "next": names["next"],
            "previous": names["previous"],
            "probation": await self.on_probation(model_id),
        }

    async def _notes(self, model_id: str) -> dict[str, Any]:
        return _facts(await self._settings.get(_notes_key(model_id)))

    async def _note(self, model_id: str, **facts: Any) -> None:
        await self._settings.update(_notes_key(model_id), lambda text: _noted(text, **facts))


def _key(model_id: str, place: Place) -> str:
    return _KEYS[place].format(model_id)


def _notes_key(model_id: str) -> str:
    return f"versions:{model_id}"


def parse_ahead(text: str) -> None:
    """From now on ``kept`` finds a version with this text parsed. What can't be parsed changes nothing."""
    try:
        model_id = json.loads(text)["model"]
    except (ValueError, RecursionError, TypeError, KeyError):
        return
    if isinstance(model_id, str):
        _read(model_id, text)


@lru_cache(maxsize=8)  # the engine's start tells the versions, then the model is opened, of one text
def _read(model_id: str, text: str) -> StoredVersion | None:
    try:
        return read_version(model_id, text)
    except InvalidManifest:
        return None


def _shards(model_id: str, text: str) -> tuple[Shard, ...]:
    """Those of a kept manifest of either kind. Raises InvalidManifest."""
    graphs = _graphs_or_none(model_id, text)
    return read_version(model_id, text).manifest.shards if graphs is None else graphs.manifest.shards


def _graphs_or_none(model_id: str, text: str) -> StoredGraphs | None:
    try:
        return read_graphs(model_id, text)
    except InvalidManifest:
        return None


def _facts(text: str | None) -> dict[str, Any]:
    try:
        facts = json.loads(text or "{}")
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def _noted(text: str | None, **facts: Any) -> str:
    return json.dumps({**_facts(text), **facts})
