"""Keeps settings in a JSON file that several processes may share."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path

from orion_py.cancellation import CancelToken
from orion_py.errors import StorageUnavailable
from orion_py.native.locks import file_lock
from orion_py.storage.settings import ByChange, Change

FORMAT = 1


class FileSettings(ByChange):
    """``{"format": 1, "settings": {key: value}}``, replaced as a whole under a lock, so that a process that dies
    leaves the file as it was before or after a change.

    Raises StorageUnavailable where the file can't be read or written. One that isn't ours, or is of a newer form, is
    never overwritten: it raises StorageUnavailable too.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._one_at_a_time = asyncio.Lock()
        """Within this process; the file's lock is between processes."""

    async def get(self, key: str) -> str | None:
        return (await asyncio.to_thread(self._read)).get(key)

    async def names(self, prefix: str) -> list[str]:
        return [key for key in await asyncio.to_thread(self._read) if key.startswith(prefix)]

    async def change(self, keys: Sequence[str], change: Change) -> None:
        try:
            async with self._one_at_a_time:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                async with file_lock(self._path.with_name(f"{self._path.name}.lock"), CancelToken()):
                    before = await asyncio.to_thread(self._read)
                    changed = {**before, **change({key: before.get(key) for key in keys})}
                    after = {key: value for key, value in changed.items() if value is not None}
                    if after != before:
                        await asyncio.to_thread(self._write, after)
        except OSError as error:
            raise StorageUnavailable(f"{self._path} can't be written: {error}") from error

    def _read(self) -> dict[str, str]:
        try:
            found = json.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            raise StorageUnavailable(f"{self._path} can't be read: {error}. Mend it or move it away.") from error
        values = found.get("settings") if isinstance(found, dict) and found.get("format") == FORMAT else None
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            raise StorageUnavailable(f"{self._path} holds no settings that this version reads. Move it away.")
        return values

    def _write(self, values: dict[str, str]) -> None:
        draft = self._path.with_name(f"{self._path.name}.new")
        with draft.open("w", encoding="utf-8") as target:
            json.dump({"format": FORMAT, "settings": values}, target, ensure_ascii=False, indent=1)
            target.flush()
            os.fsync(target.fileno())
        draft.replace(self._path)
