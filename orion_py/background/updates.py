"""Updates models in use: checks for a new version, verifies it beside the old one, switches, rolls back.

Only what changed is downloaded, since shards are addressed by their content. The old version answers
until the new one has been opened and its golden vectors agree; it is kept until the next update, so
that one can roll back to it. What no kept version names is deleted after a switch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager

from orion_py.cancellation import CancelToken
from orion_py.errors import OrionError
from orion_py.external.added_models import SETTING as ADDED
from orion_py.fetching.other_files import other_shards
from orion_py.fetching.versions import Place, StoredVersion, Versions
from orion_py.memory.budget import MB
from orion_py.memory.needs import NoRoom
from orion_py.ports import Ports
from orion_py.protocol import ENGINE_ID, FallbackEvent
from orion_py.registry.models import ModelEntry, Registry
from orion_py.residency.manager import ModelManager
from orion_py.storage.rows import rows_of
from orion_py.storage.tabs import SWEEP, Hall, Tabs, locked

BetweenTurns = Callable[[CancelToken], AbstractAsyncContextManager[None]]
"""``async with`` it: nothing is answered meanwhile. Raises Cancelled where the token fires before."""


class Updates:
    """``between_turns`` waits for a moment in which the model that answers may change."""

    def __init__(
        self,
        manager: ModelManager,
        ports: Ports,
        registry: Registry,
        emit: Callable[[FallbackEvent], None],
        between_turns: BetweenTurns,
    ) -> None:
        self._manager, self._ports, self._registry = manager, ports, registry
        self._emit, self._between_turns = emit, between_turns
        self.versions: Versions = manager.opener.source.versions
        self._checked: set[str] = set()
        self._tabs: Tabs = ports.tabs or Hall().tab()

    def recheck(self, model_id: str) -> None:
        """Asks the server again, which is asked only once a visit otherwise."""
        self._checked.discard(model_id)

    async def check(self, entry: ModelEntry) -> StoredVersion | None:
        """The server's version, where it is another one than the one in use and this device didn't
        roll back from it. None, too, if the server can't be reached or sends nothing valid."""
        if entry.id in self._checked:
            return await self._coming(entry)
        self._checked.add(entry.id)
        current = await self.versions.kept(entry.id)
        try:
            found = await self._manager.opener.source.published(entry)
        except OrionError:
            return None
        if current is None or found.digest == current.digest or await self.versions.rejected(found):
            await self.versions.drop(entry.id, "next")
            return None
        await self.versions.keep(found, "next")
        return found

    async def in_use(self, entry: ModelEntry) -> StoredVersion:
        """The version that loading the model would open; it is kept from now on. Raises as ``VersionSource.obtain``."""
        await self._manager.opener.source.obtain(entry)
        kept = await self.versions.kept(entry.id)
        assert kept is not None, "obtain() keeps what it answers with"
        return kept

    async def complete(self, entry: ModelEntry) -> StoredVersion | None:
        """The version in use, if everything that it needs is on the device."""
        kept = await self.versions.kept(entry.id)
        return kept if kept is not None and await self._manager.opener.ladder.complete(kept.manifest) else None

    async def keeps(self, version: StoredVersion) -> bool:
        """Whether ``version`` is still in use or on its way: the person may have deleted it in another tab."""
        places: tuple[Place, ...] = ("current", "next")
        kept = [await self.versions.kept(version.manifest.model, place) for place in places]
        return any(other is not None and other.digest == version.digest for other in kept)

    async def _coming(self, entry: ModelEntry) -> StoredVersion | None:
        coming, current = await self.versions.kept(entry.id, "next"), await self.versions.kept(entry.id)
        return coming if coming and current and coming.digest != current.digest else None

    async def take_over(self, entry: ModelEntry, version: StoredVersion, cancel: CancelToken) -> None:
        """Opens ``version``, whose shards are here, checks it, and lets it serve from the next turn on.
        Beside the one that serves where memory allows, else in its place. Raises as ``acquire``: then
        the old version serves on, and ``version`` isn't tried again this visit."""
        memory = self._manager.memory()
        coming = self._manager.opener.ladder.expected_bytes(entry)
        if memory.used_bytes + coming > self._manager.config.max_memory_mb * MB:
            await self._manager.unload(entry.id)
        opened = await self._manager.opener.open_version(entry, version.manifest, cancel, NoRoom())
        try:
            async with self._between_turns(cancel):
                cancel.raise_if_cancelled()
                await self.versions.switch(version)
                await self._manager.replace(entry.id, opened)
        except BaseException:
            await opened.close()
            raise
        await self.sweep()

    async def reject(self, version: StoredVersion) -> None:
        """Deletes ``version``, which isn't wanted or computes wrongly here."""
        await self.versions.reject(version)
        await self.sweep()

    async def forget(self, model_ids: Collection[str]) -> None:
        """Deletes these models from the device, except for shards that others share."""
        for model_id in model_ids:
            self._checked.discard(model_id)
            await self.versions.forget(model_id)
        await self.sweep()

    async def rollback(self, entry: ModelEntry, cancel: CancelToken | None = None) -> None:
        """Rolls back: the earlier version answers from the next turn on. Raises NoEarlierVersion, Cancelled, or what
        loading it raises; the later one stays stored, and isn't switched to again automatically."""
        cancel = cancel or CancelToken()
        async with self._between_turns(cancel):
            await self.versions.rollback(entry.id)
            await self._manager.unload(entry.id)
        await self._manager.release(await self._manager.acquire(entry, cancel))

    async def auto_rollback(self, entry: ModelEntry, error: OrionError) -> bool:
        """Whether ``entry`` failed with a version that never answered yet: then the one before is in use
        again, and the same question can be tried with it."""
        if not await self.versions.on_probation(entry.id):
            return False
        failed = await self.versions.kept(entry.id)
        try:
            back = await self.versions.rollback(entry.id)
        except OrionError:
            return False
        await self._manager.unload(entry.id)
        names = [f"{entry.title} {v.manifest.version if v else ''}".strip() for v in (failed, back)]
        self._emit(FallbackEvent.step(ENGINE_ID, "version", names[0], names[1], error.code, error.message))
        return True

    async def sweep(self) -> list[str]:
        """Deletes every shard, whole or in part, that nothing kept on this device names, by whichever tab it is
        kept; answers with what went. One tab sweeps at a time. Where the settings can't be read nothing goes."""
        async with locked(self._tabs, SWEEP):
            # In this order: what a shard belongs to is kept before its first byte comes.
            here = dict.fromkeys(await self._ports.store.names())
            try:
                needed = await self._needed()
            except (OrionError, OSError):
                return []
            stale = [name for name in here if name not in needed]
            for sha256 in stale:
                await self._ports.store.delete(sha256)
        return stale

    async def _needed(self) -> set[str]:
        """What is kept as the device has it, and what of it waits to be written. Raises InvalidManifest, and
        what the store does."""
        forgiving = self._ports.settings
        needed: set[str] = set()
        for settings in (getattr(forgiving, "behind", forgiving), forgiving):
            versions = Versions(settings)
            wanted = await versions.kept_models()
            added = {row.get("id") for row in rows_of(await settings.get(ADDED)) if isinstance(row, dict)}
            orphans = [each for each in wanted if each not in added and not self._registry.mentions(each)]
            if orphans and await self._tabs.alone():  # else a tab of another version may know them
                for model_id in orphans:
                    await versions.forget(model_id)
                wanted = [each for each in wanted if each not in orphans]
            needed |= await versions.needed(wanted)
            needed |= await other_shards(settings)
        return needed
