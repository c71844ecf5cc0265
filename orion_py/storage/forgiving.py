"""Keeps settings that can't be written for this visit, and reports that once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from orion_py.errors import OrionError
from orion_py.storage.settings import Change, Record, Settings

MOST_PENDING = 200
"""Changes that wait for the store to come back; the oldest go first."""


class ForgivingSettings:
    """Never raises what the store behind it raises; what a change raises, it does.

    A change that can't be written is kept in memory, in effect for this visit, and is written before the next
    one that can. ``on_trouble`` hears the first error of the visit, ``on_written`` the keys of each change
    that was written, ``on_pending`` those of each that waits.
    """

    def __init__(
        self,
        settings: Settings,
        on_trouble: Callable[[OrionError], None],
        on_written: Callable[[Sequence[str]], None] = lambda keys: None,
        on_pending: Callable[[Sequence[str]], None] = lambda keys: None,
    ) -> None:
        self._settings, self._on_trouble = settings, on_trouble
        self._on_written, self._on_pending = on_written, on_pending
        self._pending: list[tuple[tuple[str, ...], Change]] = []
        self._seen: dict[str, str | None] = {}
        """What was last read or written, for when nothing can be read any more."""
        self._troubled = False
        self._one_at_a_time = asyncio.Lock()

    @property
    def behind(self) -> Settings:
        """The store as it is: raises, and knows nothing of what waits."""
        return self._settings

    async def get(self, key: str) -> str | None:
        try:
            self._seen[key] = await self._settings.get(key)
        except (OrionError, OSError) as error:
            self._trouble(error)
        return self._with_pending([key])[key]

    async def set(self, key: str, value: str) -> None:
        # What is replaced needn't be written first.
        self._pending = [entry for entry in self._pending if entry[0] != (key,)]
        await self._attempt([key], lambda record: {key: value}, lambda watched: self._replace(watched, key, value))

    async def delete(self, key: str) -> None:
        self._pending = [entry for entry in self._pending if entry[0] != (key,)]
        await self._attempt([key], lambda record: {key: None}, lambda watched: self._replace(watched, key, None))

    async def update(self, key: str, change: Callable[[str | None], str | None]) -> None:
        def write(watched: Change) -> Awaitable[None]:
            return self._settings.update(key, lambda text: watched({key: text})[key])

        await self._attempt([key], lambda record: {key: change(record[key])}, write)

    async def change(self, keys: Sequence[str], change: Change) -> None:
        await self._attempt(keys, change, lambda watched: self._settings.change(keys, watched))

    async def _attempt(self, keys: Sequence[str], change: Change, write: Callable[[Change], Awaitable[None]]) -> None:
        async with self._one_at_a_time:
            try:
                while self._pending:
                    waiting, earlier = self._pending[0]
                    await self._write(waiting, earlier, partial(self._settings.change, waiting))
                    self._pending.pop(0)
                await self._write(keys, change, write)
            except _Refused as refused:
                raise refused.error from None
            except (OrionError, OSError) as error:
                self._trouble(error)
                change(self._with_pending(keys))  # what it raises is the caller's to know, as ever
                self._pending = [*self._pending, (tuple(keys), _tolerant(change))][-MOST_PENDING:]
                self._on_pending(keys)

    async def names(self, prefix: str) -> list[str]:
        try:
            found = await self._settings.names(prefix)
        except (OrionError, OSError) as error:
            self._trouble(error)
            found = [key for key, value in self._seen.items() if value is not None and key.startswith(prefix)]
        touched = [key for keys, _ in self._pending for key in keys if key.startswith(prefix)]
        now = self._with_pending(list(dict.fromkeys([*found, *touched])))
        return [key for key in now if key.startswith(prefix) and (key not in touched or now[key] is not None)]

    async def _write(self, keys: Sequence[str], change: Change, write: Callable[[Change], Awaitable[None]]) -> None:
        before: dict[str, str | None] = {}
        written: dict[str, str | None] = {}

        def watched(record: Record) -> Record:
            try:
                made = change(record)
            except Exception as error:
                raise _Refused(error) from error
            before.update(record)
            written.clear()
            written.update({**record, **made})
            return made

        await write(watched)
        self._seen.update(written)
        self._on_written([key for key in written if before.get(key) != written[key]])

    async def _replace(self, watched: Change, key: str, value: str | None) -> None:
        """What was there doesn't matter, and isn't read."""
        watched({key: self._seen.get(key)})
        await (self._settings.delete(key) if value is None else self._settings.set(key, value))

    def _with_pending(self, keys: Sequence[str]) -> dict[str, str | None]:
        """The values of ``keys`` as they were last seen, with what waits to be written."""
        values = {key: self._seen.get(key) for key in keys}
        for touched, change in self._pending:
            for key in touched:
                values.setdefault(key, self._seen.get(key))
            values.update(change({key: values[key] for key in touched}))
        return values

    def _trouble(self, error: OrionError | OSError) -> None:
        if not self._troubled:
            self._troubled = True
            self._on_trouble(error if isinstance(error, OrionError) else OrionError(str(error)))


class _Refused(Exception):
    """Carries what a change raised past the errors of the store."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _tolerant(change: Change) -> Change:
    """``change``, changing nothing where by now it would raise."""

    def tried(record: Record) -> Record:
        try:
            return change(record)
        except Exception:
            return {}

    return tried
