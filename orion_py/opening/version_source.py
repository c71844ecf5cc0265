"""Chooses which version of a model is opened: the one kept on this device, or the one that its server has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from orion_py.cancellation import CancelToken
from orion_py.errors import DownloadFailed, InvalidManifest, OrionError
from orion_py.fetching.loader import ProgressiveLoader
from orion_py.fetching.versions import M, Stored, StoredVersion, Versions, read_version
from orion_py.manifest.manifest import Manifest
from orion_py.ports import Ports
from orion_py.protocol import ProgressEvent
from orion_py.registry.added import AddedEntry
from orion_py.registry.models import ModelEntry, SenseEntry


class VersionSource:
    """``complete``: whether all that a version needs lies on the device. ``emit`` gets a folder's download."""

    def __init__(
        self,
        ports: Ports,
        loader: ProgressiveLoader,
        complete: Callable[[Manifest], Awaitable[bool]],
        emit: Callable[[ProgressEvent], None],
    ) -> None:
        self._ports, self._loader, self._complete, self._emit = ports, loader, complete, emit
        self.versions = Versions(ports.settings)

    async def obtain(self, entry: ModelEntry, cancel: CancelToken | None = None) -> Manifest:
        """Brings the version in use: the one kept on the device where all of it is here, whatever the server
        has by now (an update comes in the background); else the server's; offline, the kept one.
        A folder in another layout becomes one here; files without a known hash are downloaded for that.

        Raises InvalidManifest or DownloadFailed; with a folder as ``ProgressiveLoader.pin``.
        """
        kept = await self.versions.kept(entry.id)
        if kept is not None and (is_folder(entry) or await self._complete(kept.manifest)):
            return kept.manifest
        if is_folder(entry):
            return (await self._pinned(entry, cancel or CancelToken())).manifest
        return await newest(self.versions, kept, lambda: self.published(entry))

    async def published(self, entry: ModelEntry) -> StoredVersion:
        """The version that the server has now; of a folder in another layout the one that was pinned, which
        no other takes the place of. Raises InvalidManifest or DownloadFailed."""
        if is_folder(entry):
            kept = await self.versions.kept(entry.id)
            if kept is None:
                raise InvalidManifest(f"{entry.id} wasn't downloaded yet")
            return kept
        return read_version(entry.id, await self._ports.fetch_text(entry.manifest), self.versions.on_note)

    async def another(self, entry: ModelEntry, manifest: Manifest) -> Manifest | None:
        """What the server has in place of ``manifest``, kept from now on; None: nothing else."""
        return await in_place_of(self.versions, manifest, lambda: self.published(entry))

    async def stored(self, entry: ModelEntry) -> bool:
        """Whether all that its first attempt needs lies on the device, so that opening it moves no byte."""
        kept = await self.versions.kept(entry.id)
        return kept is not None and await self._complete(kept.manifest)

    async def _pinned(self, entry: ModelEntry, cancel: CancelToken) -> StoredVersion:
        folders = self.versions.folders
        record = await folders.kept(entry.id)
        if record is None:
            raise InvalidManifest(f"What was kept of {entry.id} is gone: remove it, and add it again.")
        shards = record.unpinned()
        unknown = frozenset(record.name_of(file) for file in record.files if file.sha256 is None)
        hashes: dict[str, str] = {}

        async def keep(name: str, sha256: str) -> None:
            hashes[name] = sha256
            await folders.keep(record.pinned(hashes))

        if unknown:
            base = shards_base(entry)
            await self._loader.pin(entry.id, shards, unknown, base, cancel, self._emit, keep)
        version = read_version(entry.id, record.pinned(hashes).manifest().model_dump_json())
        await self.versions.keep(version)
        return version


def is_folder(entry: ModelEntry) -> bool:
    """Whether it lies in a folder of another layout than ours."""
    return isinstance(entry, AddedEntry) and entry.layout == "onnx"


async def newest(versions: Versions, kept: Stored[M] | None, publish: Callable[[], Awaitable[Stored[M]]]) -> M:
    """What ``publish`` says that the server has, kept from now on; offline, the ``kept`` one. Raises as ``publish``."""
    try:
        published = await publish()
    except DownloadFailed:
        if kept is None:
            raise
        return kept.manifest
    await versions.keep(published)
    return published.manifest


async def in_place_of(versions: Versions, manifest: M, publish: Callable[[], Awaitable[Stored[M]]]) -> M | None:
    """What the server has in place of ``manifest``, kept from now on; None: nothing else."""
    try:
        published = await publish()
    except OrionError:
        return None
    if published.manifest == manifest:
        return None
    await versions.keep(published)
    return published.manifest


def shards_base(entry: ModelEntry | SenseEntry) -> str:
    """Where ``shards/<sha256>`` lies: beside the folder of the model's manifest, or inside it."""
    if isinstance(entry, AddedEntry) and entry.shards == "inside":
        return entry.manifest.rsplit("/", 1)[0] + "/"
    return entry.manifest.rsplit("/", 2)[0] + "/"
