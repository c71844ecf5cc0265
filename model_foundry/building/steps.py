"""Runs a build as steps that aren't repeated: each result is recorded, and verified before it is used again.

A record belongs to one set of inputs, which its key identifies. A step's result counts only while
every shard that it names lies in the folder with the hash that is its name; so a build that was
killed, or whose files were damaged since, goes on with the first step that isn't whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from model_foundry.sharding.content_folder import write_atomically
from orion_py.errors import OrionError
from orion_py.manifest.shards import Shard
from orion_py.native.store import read_verified

T = TypeVar("T")


class Steps:
    """The record in ``path``, for builds with ``key``; None keeps no record, so that all runs again."""

    def __init__(self, path: Path | None, key: str, shards: Path) -> None:
        self._path, self._key, self._shards = path, key, shards
        self._done: dict[str, Any] = self._load()
        self._verified: set[str] = set()
        self.repeated: list[str] = []
        """Names of the steps that were run, in order; the others were found done."""

    def step(
        self, name: str, kind: Any, make: Callable[[], T], shards: Callable[[T], Iterable[Shard]] = lambda made: ()
    ) -> T:
        """What ``make`` gives, of type ``kind`` (anything that pydantic can write as JSON).

        ``shards`` names the files of a result, which have to be there and whole for it to count.
        """
        adapter: TypeAdapter[T] = TypeAdapter(kind)
        if name in self._done:
            try:
                found = adapter.validate_json(json.dumps(self._done[name]))
            except ValidationError:
                pass
            else:
                if all(self._whole(shard.sha256) for shard in shards(found)):
                    return found
        self.repeated.append(name)
        made = make()
        self._done[name] = json.loads(adapter.dump_json(made))
        self._save()
        return made

    def _whole(self, sha256: str) -> bool:
        if sha256 not in self._verified:
            try:
                read_verified(self._shards, sha256)
            except OrionError:
                return False
            self._verified.add(sha256)
        return True

    def _load(self) -> dict[str, Any]:
        try:
            record = json.loads(self._path.read_bytes()) if self._path else {}
            return dict(record["steps"]) if record.get("key") == self._key else {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def _save(self) -> None:
        if self._path:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path, json.dumps({"key": self._key, "steps": self._done}).encode())


def key_of(*parts: str) -> str:
    """One key of what decides a build: ``parts``, and the code that does it."""
    total = hashlib.sha256()
    for part in (*parts, _code_digest()):
        total.update(part.encode() + b"\0")
    return total.hexdigest()


def _code_digest() -> str:
    """Of every module of the foundry, and of the engine's that say how shards are laid out."""
    foundry = Path(__file__).parents[1]
    engine = foundry.parent / "orion_py"
    total = hashlib.sha256()
    for path in sorted([*foundry.rglob("*.py"), *engine.glob("manifest/*.py")]):
        total.update(path.relative_to(foundry.parent).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()
