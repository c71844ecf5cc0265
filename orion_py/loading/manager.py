"""Which models are in memory, on which backend, and the steps down when one won't do.

One load per model at a time: whoever asks meanwhile joins it. The least recently used idle model
makes room for another. A backend is believed after its golden vectors were checked; the verdict
is kept on the device per model version, variant and device, so a later visit needn't check again.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.config import EngineConfig
from orion_py.errors import (
    BackendUnavailable,
    DownloadFailed,
    GoldenMismatch,
    InvalidManifest,
    OrionError,
    OutOfMemory,
    QuotaExceeded,
    RuntimeFailure,
)
from orion_py.generation.tokenizer import Tokenizer
from orion_py.loading.golden import check_golden
from orion_py.loading.loaded_model import LoadedModel, backend_label
from orion_py.loading.loader import LoadRequest, ProgressiveLoader
from orion_py.loading.manifest import Manifest, Variant, parse_manifest
from orion_py.loading.verdicts import Verdicts
from orion_py.ports import Ports
from orion_py.protocol import ENGINE_ID, FallbackEvent, FallbackKind, ProgressEvent
from orion_py.registry.models import ModelEntry
from orion_py.runtime.base import Device

GOLDEN_LIMIT = 2
"""How many of the golden vectors, shortest first, a load checks."""
Emit = Callable[[ProgressEvent | FallbackEvent], None]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One rung of the ladder."""

    variant: Variant
    threads: int

    @property
    def label(self) -> str:
        return backend_label(self.variant.backend, self.threads, self.variant.exact)


@dataclass(slots=True)
class _Pending:
    """A load under way, and who waits for it."""

    cancel: CancelToken
    task: asyncio.Future[LoadedModel] = field(init=False)


class ModelManager:
    """Owns every loaded model. ``emit`` gets progress and fallback events."""

    def __init__(
        self,
        config: EngineConfig,
        ports: Ports,
        loader: ProgressiveLoader,
        emit: Emit,
    ) -> None:
        self.config = config
        self._ports, self._loader, self._emit = ports, loader, emit
        self._loaded: OrderedDict[str, LoadedModel] = OrderedDict()
        self._pending: dict[str, _Pending] = {}
        self._busy: dict[str, int] = {}
        self._tokenizers: dict[str, Tokenizer] = {}

    @property
    def loaded(self) -> dict[str, LoadedModel]:
        """By model id, least recently used first."""
        return dict(self._loaded)

    @property
    def loading(self) -> Sequence[str]:
        return tuple(self._pending)

    async def acquire(self, entry: ModelEntry, cancel: CancelToken) -> LoadedModel:
        """The model in memory, loaded if need be; ``release`` gives it back. Busy models stay.

        Raises LoadError, RuntimeFailure, InvalidManifest, or Cancelled when ``cancel`` fires; a
        load that somebody else waits for as well goes on.
        """
        model = self._loaded.get(entry.id)
        if model is None or model.closed:
            model = await self._join(entry, cancel)
        self._loaded.move_to_end(entry.id)
        self._busy[entry.id] = self._busy.get(entry.id, 0) + 1
        return model

    def release(self, model_id: str) -> None:
        self._busy[model_id] = max(0, self._busy.get(model_id, 0) - 1)

    async def discard(self, model_id: str, model: LoadedModel) -> None:
        """Ends a model that failed, and no other that may have taken its place."""
        if self._loaded.get(model_id) is model:
            del self._loaded[model_id]
        await model.close()

    async def reacquire(self, entry: ModelEntry, cancel: CancelToken) -> LoadedModel:
        """For whoever holds the model already: a fresh one after ``discard``. Raises as ``acquire``."""
        self.release(entry.id)
        try:
            return await self.acquire(entry, cancel)
        except BaseException:
            # The caller releases once more on its way out.
            self._busy[entry.id] = self._busy.get(entry.id, 0) + 1
            raise

    async def _join(self, entry: ModelEntry, cancel: CancelToken) -> LoadedModel:
        pending = self._pending.get(entry.id)
        while pending is not None and pending.cancel.cancelled:
            # It is winding down; what it kept is the start of the next one.
            await asyncio.wait({pending.task})
            pending = self._pending.get(entry.id)
        if pending is None:
            pending = _Pending(CancelToken())
            self._pending[entry.id] = pending
            pending.task = asyncio.ensure_future(self._load(entry, pending.cancel))
            mine = pending
            pending.task.add_done_callback(lambda task: self._settled(entry.id, mine, task))
        return await until_cancelled(pending.task, cancel)

    def _settled(self, model_id: str, pending: _Pending, task: asyncio.Future[LoadedModel]) -> None:
        if self._pending.get(model_id) is pending:
            del self._pending[model_id]
        if not task.cancelled():
            task.exception()  # whoever waited has it; nobody waiting is no reason for a warning

    def cancel_loading(self, model_id: str | None = None) -> None:
        """Stops the load of a model (None: all). What is verified stays on the device."""
        for key, pending in list(self._pending.items()):
            if model_id in (None, key):
                pending.cancel.cancel()

    async def unload(self, model_id: str | None = None) -> None:
        """Ends the workers of a model (None: all), and so gives their memory back."""
        self.cancel_loading(model_id)
        for key in [k for k in self._loaded if model_id in (None, k)]:
            await self._loaded.pop(key).close()

    async def manifest(self, entry: ModelEntry) -> Manifest:
        """The model's manifest; offline, the copy that the last load kept. Raises InvalidManifest
        or DownloadFailed."""
        key = f"manifest:{entry.id}"
        try:
            text = await self._ports.fetch_text(entry.manifest)
        except DownloadFailed:
            kept = await self._ports.settings.get(key)
            if kept is None:
                raise
            return parse_manifest(kept)
        manifest = parse_manifest(text)
        if manifest.model != entry.id:
            raise InvalidManifest(
                f"manifest: model: is {manifest.model!r}, the registry says {entry.id!r}", path="model"
            )
        if await self._ports.settings.get(key) != text:
            await self._ports.settings.set(key, text)
        return manifest

    def verdicts(self, device: Device) -> Verdicts:
        """What is known of backends on this device."""
        return Verdicts(self._ports.settings, device)

    async def open_beside(self, entry: ModelEntry, attempt: Attempt) -> LoadedModel:
        """A second copy of a model on another backend, checked but not serving. Raises as a load."""
        manifest, device = await self.manifest(entry), await self._ports.runtime.device()
        return await self._try(entry, manifest, attempt, device, CancelToken())

    async def replace(self, model_id: str, model: LoadedModel) -> None:
        """``model`` serves from now on; what served before is closed."""
        before = self._loaded.pop(model_id, None)
        self._loaded[model_id] = model
        if before is not None:
            await before.close()

    async def _load(self, entry: ModelEntry, cancel: CancelToken) -> LoadedModel:
        manifest = await self.manifest(entry)
        device = await self._ports.runtime.device()
        ladder = await self.ladder(manifest, device)
        if not ladder:
            raise BackendUnavailable(f"No variant of {entry.id} runs on this device.")
        await self._make_room(entry)
        for rung, attempt in enumerate(ladder):
            cancel.raise_if_cancelled()
            try:
                model = await self._try_within_quota(entry, manifest, attempt, device, cancel)
            except (RuntimeFailure, OutOfMemory) as error:
                if rung + 1 == len(ladder):
                    raise
                self._step_down(attempt, ladder[rung + 1], error)
                continue
            self._loaded[entry.id] = model
            return model
        raise AssertionError("unreachable")

    async def ladder(self, manifest: Manifest, device: Device) -> list[Attempt]:
        """What to try, best first. WebGPU comes first when asked for, or when it has proved itself
        right and faster on this device; WASM with threads; WASM with one."""
        threads = device.threads if self.config.threads is None else self.config.threads
        wasm = [v for v in manifest.variants if v.backend == "wasm" and v.exact == self.config.exact]
        gpu = [v for v in manifest.variants if v.backend == "webgpu"] if device.webgpu else []
        if self.config.backend == "wasm":
            gpu = []
        elif self.config.backend == "auto":
            verdicts = self.verdicts(device)
            gpu = [v for v in gpu if (await verdicts.read(manifest, v)).get("preferred")]
        rungs = [Attempt(v, 1) for v in gpu]
        for count in dict.fromkeys((threads, 1)):
            rungs.extend(Attempt(v, count) for v in wasm)
        return rungs

    async def _try_within_quota(
        self, entry: ModelEntry, manifest: Manifest, attempt: Attempt, device: Device, cancel: CancelToken
    ) -> LoadedModel:
        """As ``_try``; where the browser refuses to store more, new shards stay in memory instead."""
        try:
            return await self._try(entry, manifest, attempt, device, cancel)
        except QuotaExceeded as error:
            store = self._ports.store
            if store.memory_reason is not None:
                raise
            store.use_memory()
            self._emit(
                FallbackEvent.step(
                    ENGINE_ID, "storage", "stored on this device", "in memory", error.code, error.message
                )
            )
            return await self._try(entry, manifest, attempt, device, cancel)

    async def _try(
        self, entry: ModelEntry, manifest: Manifest, attempt: Attempt, device: Device, cancel: CancelToken
    ) -> LoadedModel:
        context = min(manifest.architecture.context_length, self.config.context_tokens)
        base = entry.manifest.rsplit("/", 2)[0] + "/"
        request = LoadRequest(manifest, attempt.variant, base, attempt.threads, context)
        session, report, definition = await self._loader.load(request, cancel, self._emit)
        model = LoadedModel(manifest, attempt.variant, session, self._tokenizer(manifest, definition), report, context)
        try:
            await self._believe(model, device)
        except BaseException:
            await model.close()
            raise
        return model

    def _tokenizer(self, manifest: Manifest, definition: bytes) -> Tokenizer:
        """One for all loads of a version: it is large, and a browser frees it late if at all."""
        if manifest.tokenizer not in self._tokenizers:
            self._tokenizers[manifest.tokenizer] = self._ports.tokenizer_factory(definition)
        return self._tokenizers[manifest.tokenizer]

    async def _believe(self, model: LoadedModel, device: Device) -> None:
        """Checks the golden vectors once per device and model version, and keeps the verdict."""
        verdicts = self.verdicts(device)
        if (await verdicts.read(model.manifest, model.variant)).get("right"):
            return
        try:
            result = await check_golden(model, limit=GOLDEN_LIMIT)
        except GoldenMismatch:
            await verdicts.keep(model.manifest, model.variant, right=False, preferred=False)
            raise
        await verdicts.keep(model.manifest, model.variant, right=True, kl=result.kl)

    def _step_down(self, failed: Attempt, following: Attempt, error: OrionError) -> None:
        kind: FallbackKind = "backend" if failed.variant.backend != following.variant.backend else "threads"
        self._emit(FallbackEvent.step(ENGINE_ID, kind, failed.label, following.label, error.code, error.message))

    async def _make_room(self, entry: ModelEntry) -> None:
        while len(self._loaded) >= self.config.max_agents_in_memory:
            idle = next((k for k in self._loaded if not self._busy.get(k) and k != entry.id), None)
            if idle is None:
                return
            await self._loaded.pop(idle).close()
