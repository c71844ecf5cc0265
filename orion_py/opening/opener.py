"""Brings one model up: from its manifest to a checked session, by the steps down when one won't do.

The rungs are ways to compute (``opening.ladder``). A way whose circuit breaker
is open is passed over while another is left. When memory is short, idle models go first
(``Room``), then the context is halved, and all rungs are tried again with it. Where something can't be fetched,
a rung that needs nothing more than is on the device is tried.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from weakref import WeakValueDictionary

from orion_py.cancellation import CancelToken, ended_by
from orion_py.config import EngineConfig
from orion_py.errors import (
    BackendUnavailable,
    DownloadFailed,
    GoldenMismatch,
    InferenceTimeout,
    InvalidManifest,
    OrionError,
    OutOfMemory,
    QuotaExceeded,
    RunnerMissing,
    RuntimeFailure,
    StorageUnavailable,
    TooLarge,
    WorkerDied,
)
from orion_py.external.bare_tokenizer import read_tokenizer, with_named_end
from orion_py.fetching.loader import LoadRequest, ProgressiveLoader
from orion_py.fetching.versions import StoredVersion, Versions, read_version
from orion_py.manifest.kernel_variant import kernel_variant
from orion_py.manifest.manifest import ChatFormat, Manifest
from orion_py.manifest.variants import Variant
from orion_py.memory.budget import MB
from orion_py.memory.cache_width import cache_widths
from orion_py.memory.needs import Room, memory_needed, on_kernel
from orion_py.opening.backend_checks import BackendChecks
from orion_py.opening.golden import check_golden
from orion_py.opening.ladder import Attempt, Step, is_futile, kind_of_step, ladder, taken_by, wants_kernel
from orion_py.ports import Ports
from orion_py.protocol import ENGINE_ID, FallbackEvent, FallbackKind, ProgressEvent
from orion_py.registry.added import AddedEntry
from orion_py.registry.models import ModelEntry
from orion_py.resilience.breakers import Breakers, is_backends
from orion_py.runtime.base import Device
from orion_py.runtime.loaded_model import LoadedModel
from orion_py.runtime.tokenizer import Tokenizer

GOLDEN_LIMIT = 2
"""How many of the golden vectors, shortest first, a load checks."""
LEAST_CONTEXT = 512
"""Tokens: below that a conversation isn't one."""
Emit = Callable[[ProgressEvent | FallbackEvent], None]


@dataclass(frozen=True, slots=True)
class _Job:
    """What stays the same through all attempts of one load."""

    entry: ModelEntry
    manifest: Manifest
    device: Device
    cancel: CancelToken


class ModelOpener:
    """``emit`` gets progress and fallback events. Holds no model: the manager does."""

    def __init__(
        self, config: EngineConfig, ports: Ports, loader: ProgressiveLoader, emit: Emit, breakers: Breakers
    ) -> None:
        self.config = config
        self._ports, self._loader, self._emit, self._breakers = ports, loader, emit, breakers
        self._tokenizers: WeakValueDictionary[tuple[str, ChatFormat | None], Tokenizer] = WeakValueDictionary()
        """By their definition's sha256 and what the manifest adds to it: those of models in memory, which hold
        them."""
        self._exhausted: dict[str, set[tuple[str, int]]] = {}
        """The steps (``Attempt.taken``) on which a model ran out of memory while it answered, this visit."""
        self._faulty: dict[str, set[str]] = {}
        """The variants whose kernel failed while a model answered, this visit."""
        self._has_kernel = True
        """What the device said last; until it has, what most have."""
        self.versions = Versions(ports.settings)

    async def open(self, entry: ModelEntry, cancel: CancelToken, room: Room) -> LoadedModel:
        """The model on the best rung that holds. Raises LoadError, RuntimeFailure, InvalidManifest or
        Cancelled: the last rung's failure is the load's."""
        manifest = await self.manifest(entry, cancel)
        try:
            return await self.open_version(entry, manifest, cancel, room)
        except DownloadFailed:
            # A part of the kept version was lost, and the server no longer has that version.
            other = await self._another(entry, manifest)
            if other is None:
                raise
            return await self.open_version(entry, other, cancel, room)

    async def _another(self, entry: ModelEntry, manifest: Manifest) -> Manifest | None:
        """What the server has in place of ``manifest``, kept from now on; None: nothing else."""
        try:
            published = await self.published(entry)
        except OrionError:
            return None
        if published.manifest == manifest:
            return None
        await self.versions.keep(published)
        return published.manifest

    async def open_version(self, entry: ModelEntry, manifest: Manifest, cancel: CancelToken, room: Room) -> LoadedModel:
        """As ``open``, for one version of the model."""
        job = _Job(entry, manifest, await self.device(), cancel)
        rungs = await self.ladder(job.manifest, job.device)
        if not rungs:
            raise BackendUnavailable(f"No variant of {entry.id} runs on this device.")
        context = min(job.manifest.architecture.context_length, self.config.context_tokens)
        while True:
            try:
                return await self._descend(job, self._passing(rungs), context, room)
            except OutOfMemory as error:
                smaller = max(context // 2, LEAST_CONTEXT)
                if smaller >= context:
                    raise
                steps = (f"{context:,} tokens", f"{smaller:,} tokens")
                self._say("context", *steps, error)
                context = smaller

    async def open_beside(
        self, entry: ModelEntry, manifest: Manifest, attempt: Attempt, cancel: CancelToken
    ) -> LoadedModel:
        """A second copy of a model on another backend, checked but not serving; nobody waits for it, so
        that nothing is told of its progress. Raises as ``open``."""
        job = _Job(entry, manifest, await self.device(), cancel)
        context = min(job.manifest.architecture.context_length, self.config.context_tokens)
        return await self._try(job, attempt, context, emit=lambda event: None)

    async def manifest(self, entry: ModelEntry, cancel: CancelToken | None = None) -> Manifest:
        """The version in use: the one kept on the device where all of it is here, whatever the server
        has by now (an update comes in the background); else the server's; offline, the kept one.
        A folder in another layout becomes one here, by the download of what nobody told the hash of.

        Raises InvalidManifest or DownloadFailed; with a folder as ``ProgressiveLoader.pin``.
        """
        kept = await self.versions.kept(entry.id)
        if kept is not None and (is_folder(entry) or await self.complete(kept.manifest)):
            return kept.manifest
        if is_folder(entry):
            return (await self._pinned(entry, cancel or CancelToken())).manifest
        try:
            published = await self.published(entry)
        except DownloadFailed:
            if kept is None:
                raise
            return kept.manifest
        await self.versions.keep(published)
        return published.manifest

    async def published(self, entry: ModelEntry) -> StoredVersion:
        """The version that the server has now; of a folder in another layout the one that was pinned, which
        no other takes the place of. Raises InvalidManifest or DownloadFailed."""
        if is_folder(entry):
            kept = await self.versions.kept(entry.id)
            if kept is None:
                raise InvalidManifest(f"{entry.id} wasn't downloaded yet")
            return kept
        return read_version(entry.id, await self._ports.fetch_text(entry.manifest), self.versions.on_note)

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

    async def stored(self, entry: ModelEntry) -> bool:
        """Whether all that its first rung needs lies on the device, so that opening it moves no byte."""
        kept = await self.versions.kept(entry.id)
        return kept is not None and await self.complete(kept.manifest)

    async def complete(self, manifest: Manifest) -> bool:
        """Whether all that the first rung of this version needs lies on the device."""
        variant = await self.first_variant(manifest)
        if variant is None:
            return False
        return await self._here(manifest, variant)

    async def _here(self, manifest: Manifest, variant: Variant) -> bool:
        """Whether all of the model that ``variant`` needs lies on the device."""
        sizes = await self._ports.store.sizes()
        return all(sizes.get(s.sha256) == s.size for s in manifest.shards_for(variant))

    async def device(self) -> Device:
        found = await self._ports.runtime.device()
        self._has_kernel = bool(found.kernel)
        return found

    def expected_bytes(self, entry: ModelEntry) -> int:
        """What the model will take in memory, by what would compute it here; each rung is weighed anew."""
        return entry.memory_on(on_kernel(self._has_kernel, self.config))

    async def first_variant(self, manifest: Manifest) -> Variant | None:
        """What this device would try first of that version; None where nothing of it runs here."""
        rungs = await self.ladder(manifest, await self.device())
        return rungs[0].variant if rungs else None

    def backend_checks(self, device: Device) -> BackendChecks:
        """What is known of backends on this device."""
        return BackendChecks(self._ports.settings, device)

    async def ladder(self, manifest: Manifest, device: Device) -> list[Attempt]:
        """What to try, best first, but for the steps on which the model ran out of memory or failed as it answered."""
        rungs = await ladder(manifest, device, self.config, self.backend_checks(device))
        faulty = self._faulty.get(manifest.model, set())
        rungs = [r for r in rungs if r.variant.id not in faulty] or rungs
        exhausted = self._exhausted.get(manifest.model, set())
        return [r for r in rungs if r.taken not in exhausted] or rungs[-1:]

    async def step_past(self, model: LoadedModel, error: RuntimeFailure) -> Step | None:
        """Our kernel failed in the midst of an answer, and would again at the same place: from now on ``model`` is
        opened by the next variant. None where it is opened as it was: a worker that died or didn't answer says nothing
        of what it computed, onnxruntime's sessions are made anew, and below the last rung there is nothing."""
        if model.variant.engine != "kernel" or isinstance(error, WorkerDied | InferenceTimeout):
            return None
        faulty = self._faulty.setdefault(model.manifest.model, set())
        faulty.add(model.variant.id)
        rungs = await self.ladder(model.manifest, await self.device())
        if not rungs or rungs[0].variant.id in faulty:
            faulty.discard(model.variant.id)
            return None
        return _step(model, rungs[0])

    async def step_below(self, model: LoadedModel) -> Step | None:
        """From now on ``model`` isn't opened as it was, since its memory ran out; how it is opened instead. None where
        that was the last step."""
        # As it was opened: a thread that didn't come doesn't make it another step.
        step = taken_by(model.variant, model.asked_threads)
        exhausted = self._exhausted.setdefault(model.manifest.model, set())
        exhausted.add(step)
        rungs = await self.ladder(model.manifest, await self.device())
        if not rungs or rungs[0].taken in exhausted:
            exhausted.discard(step)  # with less in memory the last step may hold next time
            return None
        return _step(model, rungs[0])

    async def outdated(self, model: LoadedModel) -> bool:
        """Whether the configuration has come to ask for another form of a model in memory: the exact one or
        the quicker one, WASM in place of a GPU, or another runner than when it was loaded."""
        variant, exact, config = model.variant, self.config.exact, self.config
        if variant.backend == "webgpu":
            return config.backend == "wasm" or (config.backend == "auto" and config.runner == "kernel")
        forms = [v.exact for v in model.manifest.variants if v.backend == variant.backend]
        if variant.exact != exact and exact in forms:
            return True
        if exact and exact in forms:
            return False  # the kernel isn't exact, whatever the runner
        # What stepped down from the kernel was asked for on it, and stays where it is.
        device = await self.device()
        if wants_kernel(model.manifest, device, config) != model.for_kernel:
            return True
        if variant.engine != "kernel" or config.cache_bits == model.cache_wish:
            return False  # nor is a cache widened again that was narrowed for want of memory
        named = kernel_variant(model.manifest) or variant
        return cache_widths(named, model.manifest, config)[0].cache_bits != variant.cache_bits

    def _passing(self, rungs: list[Attempt]) -> list[Attempt]:
        """Without those whose breaker is open; the last one stays, since there is nothing else."""
        passing = [r for r in rungs[:-1] if self._breakers.backend(r.label).admits()] + rungs[-1:]
        for rung in rungs:
            if rung not in passing:
                refusal = self._breakers.backend(rung.label).refusal()
                self._say(kind_of_step(rung, passing[0]), rung.label, passing[0].label, refusal)
        return passing

    async def _descend(self, job: _Job, rungs: list[Attempt], context: int, room: Room) -> LoadedModel:
        left, told = list(rungs), list[str]()
        while left:
            attempt = left.pop(0)
            job.cancel.raise_if_cancelled()
            try:
                breaker = self._breakers.backend(attempt.label)
                with breaker.entered() if breaker.admits() else nullcontext():  # the last rung is tried in any case
                    return await self._try_with_room(job, attempt, context, room)
            except (RuntimeFailure, OutOfMemory, DownloadFailed) as error:
                if is_backends(error):
                    breaker.failure(error)
                told.append(f"{attempt.label}: {error.message}")
                left = [rung for rung in left if not is_futile(rung, attempt, error)]
                if isinstance(error, DownloadFailed):
                    left = await self._without_network(job.manifest, attempt, left)
                    if not left and await self._has_weights(job.manifest):
                        raise RunnerMissing(
                            f"Nothing on this device computes the model now. {' '.join(told)}"
                        ) from error
                if not left:
                    raise
                self._say(kind_of_step(attempt, left[0]), attempt.label, left[0].label, error)
        raise AssertionError("unreachable")

    async def _without_network(self, manifest: Manifest, failed: Attempt, left: list[Attempt]) -> list[Attempt]:
        """Those that may hold after a download failed: what lies on the device whole, or all where it wasn't the model
        that couldn't be fetched, but what computes."""
        if await self._here(manifest, failed.variant):
            return left
        return [rung for rung in left if await self._here(manifest, rung.variant)]

    async def _has_weights(self, manifest: Manifest) -> bool:
        sizes = await self._ports.store.sizes()
        return all(sizes.get(s.sha256) == s.size for s in manifest.shards if s.role != "graph")

    async def _admit(self, job: _Job, attempt: Attempt, context: int, room: Room) -> None:
        """Makes room for what this rung takes: by onnxruntime two to three times what the kernel does."""
        try:
            await room.admit(memory_needed(job.entry, job.manifest, attempt.variant, context))
        except TooLarge as error:  # with a shorter context it may not be
            raise OutOfMemory(error.message, **error.detail) from error

    async def _try_with_room(self, job: _Job, attempt: Attempt, context: int, room: Room) -> LoadedModel:
        """As ``_try``; when memory is short what idles goes, and it is tried once more."""
        await self._admit(job, attempt, context, room)
        try:
            return await self._try_within_quota(job, attempt, context)
        except OutOfMemory as error:
            if not await room.give():
                raise
            self._say("memory", "other models kept at hand", "this model alone", error)
            return await self._try_within_quota(job, attempt, context)

    async def _try_within_quota(self, job: _Job, attempt: Attempt, context: int) -> LoadedModel:
        """As ``_try``; where the browser refuses to store more, new shards stay in memory instead."""
        try:
            return await self._try(job, attempt, context)
        except (QuotaExceeded, StorageUnavailable) as error:
            if self._ports.store.memory_reason is not None:
                raise
            self._ports.store.use_memory()
            self._say("storage", "stored on this device", "in memory", error)
            return await self._try(job, attempt, context)

    async def _try(self, job: _Job, attempt: Attempt, context: int, emit: Emit | None = None) -> LoadedModel:
        request = LoadRequest(job.manifest, attempt.variant, shards_base(job.entry), attempt.threads, context)
        session, report, definition = await self._loader.load(request, job.cancel, emit or self._emit)
        tokenizer = self._tokenizer(job.manifest, definition)
        manifest = with_named_end(job.manifest, tokenizer)
        model = LoadedModel(manifest, attempt.variant, session, tokenizer, report, context)
        model.for_kernel = wants_kernel(manifest, job.device, self.config)
        model.cache_wish = self.config.cache_bits
        model.asked_threads = attempt.threads
        model.on_fewer_threads = self._say_lost
        try:
            self._weigh(model)
            await self._verify_backend(model, job)
        except BaseException:
            await model.close()
            raise
        if attempt.variant.engine == "kernel" and job.device.isolated and model.report.threads < attempt.threads:
            self._say_lost(attempt.label, model.label)
        return model

    def _weigh(self, model: LoadedModel) -> None:
        """The plan counted what the registry says; this is what it really takes."""
        taken, budget = model.report.memory_bytes, self.config.max_memory_mb * MB
        if taken > budget:
            raise OutOfMemory(
                f"{model.manifest.model} takes {taken / MB:.0f} MB; all models together may use {budget / MB:.0f} MB.",
                needed_bytes=taken,
                budget_bytes=budget,
            )

    def _tokenizer(self, manifest: Manifest, definition: bytes) -> Tokenizer:
        """One for all copies of a version in memory: it is large (20 to 60 MB in a browser), and goes with the last."""
        what = manifest.tokenizer, manifest.chat
        tokenizer = self._tokenizers.get(what)
        if tokenizer is None:
            tokenizer = read_tokenizer(self._ports.tokenizer_factory, manifest, definition)
            self._tokenizers[what] = tokenizer
        return tokenizer

    async def _verify_backend(self, model: LoadedModel, job: _Job) -> None:
        """Checks the golden vectors once per device and model version, and keeps the verdict."""
        checks = self.backend_checks(job.device)
        if (await checks.read(model.manifest, model.variant)).get("right"):
            return
        try:
            limit = 2 * GOLDEN_LIMIT * self.config.inference_timeout_s  # each is read and goes on by a token
            result = await ended_by(check_golden(model, limit=GOLDEN_LIMIT), job.cancel, limit)
        except TimeoutError:
            raise InferenceTimeout(f"{model.label}: the check of its answers didn't end.") from None
        except GoldenMismatch:
            await checks.keep(model.manifest, model.variant, right=False, preferred=False)
            raise
        await checks.keep(model.manifest, model.variant, right=True, kl=result.kl)

    def _say_lost(self, before: str, now: str) -> None:
        self._say("threads", before, now, WorkerDied("A thread that was to compute beside the worker isn't there."))

    def _say(self, kind: FallbackKind, from_: str, to: str, error: OrionError) -> None:
        self._emit(FallbackEvent.step(ENGINE_ID, kind, from_, to, error.code, error.message))


def _step(model: LoadedModel, following: Attempt) -> Step:
    return Step(kind_of_step(Attempt(model.variant, model.asked_threads), following), following.label)


def is_folder(entry: ModelEntry) -> bool:
    """Whether it lies in a folder of another layout than ours."""
    return isinstance(entry, AddedEntry) and entry.layout == "onnx"


def shards_base(entry: ModelEntry) -> str:
    """Where ``shards/<sha256>`` lies: beside the folder of the model's manifest, or inside it."""
    if isinstance(entry, AddedEntry) and entry.shards == "inside":
        return entry.manifest.rsplit("/", 1)[0] + "/"
    return entry.manifest.rsplit("/", 2)[0] + "/"
