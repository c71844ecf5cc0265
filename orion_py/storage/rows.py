"""Changes a JSON list in one setting row by row, so that no tab overwrites another's rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from orion_py.storage.settings import Record, Settings

Row = dict[str, Any]


class KeptRows:
    """Rows that this version can't read stay as they are: another tab may be newer."""

    def __init__(self, settings: Settings, key: str) -> None:
        self._settings, self._key = settings, key

    async def all(self) -> list[Any]:
        """What can't be read as a list counts as none."""
        return rows_of(await self._settings.get(self._key))

    async def put(
        self, row: Row, check: Callable[[list[Any]], None] = lambda others: None, beside: Record | None = None
    ) -> None:
        """Replaces the row of the same id, or adds one; with it are written the settings ``beside``. ``check``
        sees the other rows; what it raises ends the change."""

        def change(record: Record) -> Record:
            rows = rows_of(record[self._key])
            check([other for other in rows if _id(other) != row["id"]])
            if any(_id(other) == row["id"] for other in rows):
                rows = [row if _id(other) == row["id"] else other for other in rows]
            else:
                rows.append(row)
            return {**(beside or {}), self._key: json.dumps(rows)}

        await self._settings.change([self._key, *(beside or {})], change)

    async def remove(self, row_id: str) -> None:
        await self._settings.update(
            self._key, lambda text: json.dumps([row for row in rows_of(text) if _id(row) != row_id])
        )


def rows_of(text: str | None) -> list[Any]:
    try:
        rows = json.loads(text or "[]")
    except (ValueError, RecursionError):
        return []
    return rows if isinstance(rows, list) else []


def _id(row: Any) -> Any:
    return row.get("id") if isinstance(row, dict) else None
