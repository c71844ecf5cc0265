"""Adds a model by its address: first says what it is and what it weighs, then, confirmed, adds its entry.

Nothing but the manifest is fetched for the first, or of a folder in the usual ONNX layout its small
texts; the second fetches nothing more either: the shards
come when the model is first asked for, or wanted in the background. Added models are kept on the
device.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

from pydantic import ValidationError

from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.errors import DownloadFailed, InvalidConfig, OrionError, TooLarge, UnknownModel
from orion_py.external.folder import ExternalFolder, ExternalFolders
from orion_py.external.optimum import logits_rows
from orion_py.external.survey import Survey
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.reading import read_manifest
from orion_py.manifest.variants import Variant
from orion_py.memory.needs import OVERHEAD_BYTES, cache_bytes, memory_estimate
from orion_py.ports import Ports
from orion_py.registry.added import AddedEntry, folder_of
from orion_py.registry.models import Registry
from orion_py.storage.rows import KeptRows

SETTING = "models.added"
MOST = 16
WASM_BYTES = 2**32


class AddedModels:
    """Keeps the registry and the settings in step."""

    def __init__(self, ports: Ports, registry: Registry) -> None:
        self._ports, self._registry = ports, registry
        self._folders = ExternalFolders(ports.settings)
        self._rows = KeptRows(ports.settings, SETTING)
        self._shown: ExternalFolder | None = None
        self._one_at_a_time = asyncio.Lock()

    async def restore(self) -> None:
        """Registers what is kept, by whichever tab, and takes back what is kept no longer. What can't be read,
        or whose id is taken by now, is left out."""
        async with self._one_at_a_time:
            await self._restore()

    async def _restore(self) -> None:
        wanted: dict[str, AddedEntry] = {}
        for row in (await self._rows.all())[:MOST]:
            try:
                entry = AddedEntry.model_validate(_known_fields(row))
            except ValidationError:
                continue
            wanted[entry.id] = entry
        for known in self._registry.added:
            if known.id not in wanted:
                self._registry.remove(known.id)
        for entry in wanted.values():
            try:
                self._registry.add(entry)
            except OrionError:
                continue

    async def inspect(self, address: str) -> AddedEntry:
        """What lies at ``address``: title, licence, source, bytes to download, memory (an estimate).

        Raises InvalidInput, ForeignOrigin, DownloadFailed, InvalidManifest, UnsupportedModel,
        InvalidModelFolder, TooLarge, or InvalidConfig where its id is another model's.
        """
        folder = folder_of(address)
        try:
            text = await self._ports.fetch_text(folder + "manifest.json")
        except DownloadFailed as error:
            if error.detail.get("status") == 404 and await self._ports.exists(folder + "config.json"):
                return await self._inspect_folder(folder)
            raise
        manifest = read_manifest(text)
        if self._taken(manifest.model, folder + "manifest.json"):
            raise InvalidConfig(f"models: {manifest.model!r} is another model's id here", path="model")
        variant = _preferred(manifest)
        inside = await self._ports.exists(f"{folder}shards/{manifest.shards_for(variant)[0].sha256}")
        return AddedEntry(
            id=manifest.model,
            title=manifest.source.name or manifest.model,
            manifest=folder + "manifest.json",
            shards="inside" if inside else "beside",
            tier="full",
            family=manifest.architecture.family,
            licence=manifest.licence,
            source=manifest.source.url or manifest.source.name,
            download_bytes=sum(s.size for s in manifest.shards_for(variant)),
            memory_bytes=memory_estimate(manifest, variant),
            languages=("en",),
            capabilities=("chat",),
        )

    async def _inspect_folder(self, folder: str) -> AddedEntry:
        """A folder in the usual ONNX layout. Raises as ``Survey.describe``, and TooLarge."""
        found = await Survey(self._ports, folder).describe()
        if self._taken(found.model, folder + "config.json"):
            mark = hashlib.sha256(folder.encode()).hexdigest()[:6]
            found = found.model_copy(update={"model": f"{found.model}-{mark}"})
        memory = folder_memory(found)
        if memory > WASM_BYTES:
            raise TooLarge(f"{found.title} needs about {memory / 1e9:.1f} GB; WASM ends at 4.3.", needed_bytes=memory)
        self._shown = found
        return self._entry(found)

    def _entry(self, found: ExternalFolder) -> AddedEntry:
        return AddedEntry(
            id=found.model,
            title=found.title,
            manifest=found.folder + "config.json",
            shards="inside",
            tier="full",
            family=found.architecture.family,
            licence=found.licence,
            source=found.folder[:300],
            download_bytes=found.size,
            memory_bytes=folder_memory(found),
            languages=("en",),
            capabilities=("chat",),
            layout="onnx",
            file=found.graph.path,
        )

    def _taken(self, model_id: str, manifest: str) -> bool:
        known = {entry.id: entry for entry in self._registry.known}.get(model_id)
        return known is not None and known.manifest != manifest

    async def add(self, address: str, cancel: CancelToken | None = None) -> AddedEntry:
        """Registers what ``inspect`` would show. Raises as that does, and Cancelled: then nothing was added."""
        shown = self._shown if self._shown is not None and self._shown.folder == folder_of(address) else None
        # Of a foreign folder what was shown is what is added, whatever the host says by now.
        cancel = cancel or CancelToken()
        entry = await until_cancelled(self.inspect(address), cancel) if shown is None else self._entry(shown)
        cancel.raise_if_cancelled()

        def not_too_many(others: list[Any]) -> None:
            if len(others) >= MOST:
                raise InvalidConfig(f"models: {MOST} added ones are the most", path="model")

        folder = self._shown if entry.layout == "onnx" else None
        beside = {} if folder is None else self._folders.record_of(folder)
        async with self._one_at_a_time:
            await self._rows.put(entry.model_dump(mode="json"), not_too_many, beside)
            self._registry.add(entry)
        return entry

    async def remove(self, model_id: str) -> None:
        """Raises UnknownModel for one that wasn't added."""
        async with self._one_at_a_time:
            await self._restore()
            if model_id not in {entry.id for entry in self._registry.added}:
                raise UnknownModel(f"{model_id!r} isn't an added model", model=model_id)
            await self._rows.remove(model_id)
            self._registry.remove(model_id)
            self._shown = None  # added again, its folder is looked at anew


def _known_fields(row: Any) -> Any:
    """Without what a newer version's tab added."""
    return {k: v for k, v in row.items() if k in AddedEntry.model_fields} if isinstance(row, dict) else row


def _preferred(manifest: Manifest) -> Variant:
    return next((v for v in manifest.variants if v.backend == "wasm" and not v.exact), manifest.variants[0])


def folder_memory(folder: ExternalFolder) -> int:
    """Bytes, as ``memory_estimate``. A graph with embedded weights is in memory three times
    while it is parsed (the file, protobuf's copy, the tensors), and WASM gives nothing back; external
    data is read tensor by tensor. The cache is there twice at each step, and the logits of a whole
    chunk come out."""
    external = sum(file.size for file in folder.files if file.role == "weights")
    shape = folder.architecture
    logits = 4 * shape.vocab_size * logits_rows(shape.vocab_size)
    return 3 * folder.graph.size + external * 5 // 4 + 2 * cache_bytes(shape) + logits + OVERHEAD_BYTES
