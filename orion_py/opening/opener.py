"""Opens a model, falling back to simpler ways to compute when one fails.

The rungs are those ways (``opening.ladder``). A way whose circuit breaker is open is passed over while another is left.
What is tried after which error is ``resilience.remedies``' table, read by ``opening.recovery``; the loop here executes
it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from weakref import WeakValueDictionary

from orion_py.cancellation import CancelToken, ended_by
from orion_py.config import EngineConfig
from orion_py.errors import (
    BackendUnavailable,
    DownloadFailed,
    GoldenMismatch,
    InferenceTimeout,
    OrionError,
    OutOfMemory,
    RunnerMissing,
    TooLarge,
    WorkerDied,
)
from orion_py.external.bare_tokenizer import read_tokenizer, with_named_end
from orion_py.fetching.loader import LoadRequest, ProgressiveLoader
from orion_py.manifest.manifest import ChatFormat, Manifest
from orion_py.manifest.sight import Sight
from orion_py.memory.budget import MB, require_budget
from orion_py.memory.needs import Room, memory_needed
from orion_py.opening.applying import applied
from orion_py.opening.device_ladder import DeviceLadder
from orion_py.opening.golden import check_golden
from orion_py.opening.ladder import Attempt, kind_of_step, wants_kernel
from orion_py.opening.recovery import Plan, Situation, next_attempt
from orion_py.opening.version_source import VersionSource, shards_base
from orion_py.ports import Ports
from orion_py.protocol import ENGINE_ID, FallbackEvent, FallbackKind, ProgressEvent
from orion_py.registry.models import ModelEntry
from orion_py.resilience.breakers import Breakers, is_backends
from orion_py.runtime.base import Device
from orion_py.runtime.loaded_model import LoadedModel
from orion_py.runtime.tokenizer import Tokenizer

GOLDEN_LIMIT = 2
"""How many of the golden vectors, shortest first, a load checks."""
Emit = Callable[[ProgressEvent | FallbackEvent], None]


@dataclass(frozen=True, slots=True)
class _Job:
    """What stays the same through all attempts of one load."""

    entry: ModelEntry
    manifest: Manifest
    device: Device
    rungs: tuple[Attempt, ...]
    """All of them, best first."""
    cancel: CancelToken


class ModelOpener:
    """``emit`` gets progress and fallback events. Holds no model: the manager does."""

    def __init__(
        self, config: EngineConfig, ports: Ports, loader: ProgressiveLoader, emit: Emit, breakers: Breakers
    ) -> None:
        self._ports, self._loader, self._emit, self._breakers = ports, loader, emit, breakers
        self._tokenizers: WeakValueDictionary[tuple[str, ChatFormat | None, Sight | None], Tokenizer] = (
            WeakValueDictionary()
        )
        """By their definition's sha256 and what the manifest adds to it: those of models in memory, which hold
        them."""
        self.ladder = DeviceLadder(config, ports)
        self.source = VersionSource(ports, loader, self.ladder.complete, emit)

    @property
    def config(self) -> EngineConfig:
        return self.ladder.config

    @config.setter
    def config(self, config: EngineConfig) -> None:
        self.ladder.config = config

    async def open(self, entry: ModelEntry, cancel: CancelToken, room: Room) -> LoadedModel:
        """The model on the best rung that holds. Raises LoadError, RuntimeFailure, InvalidManifest or
        Cancelled: the last rung's failure is the load's."""
        manifest = await self.source.obtain(entry, cancel)
        return await self._open(entry, manifest, cancel, room, settled=False)

    async def open_version(self, entry: ModelEntry, manifest: Manifest, cancel: CancelToken, room: Room) -> LoadedModel:
        """As ``open``, for one version of the model and no other."""
        return await self._open(entry, manifest, cancel, room, settled=True)

    async def _open(
        self, entry: ModelEntry, manifest: Manifest, cancel: CancelToken, room: Room, *, settled: bool
    ) -> LoadedModel:
        """Tries what ``opening.recovery`` says until an attempt succeeds or nothing is left."""
        job = await self._job(entry, manifest, cancel)
        plan = Plan(self._passing(job.rungs), self._context(manifest), settled=settled)
        while True:
            cancel.raise_if_cancelled()
            breaker = self._breakers.backend(plan.attempt.label)
            try:
                with breaker.entered() if breaker.admits() else nullcontext():  # the last rung is tried in any case
                    if not plan.admitted:
                        await self._admit(job, plan.attempt, plan.context, room)
                        plan = replace(plan, admitted=True)
                    return await self._try(job, plan.attempt, plan.context)
            except OrionError as error:
                if is_backends(error):
                    breaker.failure(error)
                job, plan = await self._recover(job, plan, error, room)

    async def _recover(
        self, job: _Job, plan: Plan[Attempt], error: OrionError, room: Room
    ) -> tuple[_Job, Plan[Attempt]]:
        """Applies the remedy against ``error``, and answers with what to try then. Where there is none it raises
        ``error``, or RunnerMissing in its place."""
        situation, before = await self._situation(job, plan, error), plan
        while (recovery := next_attempt(plan, error, situation)) is not None:
            plan = recovery.plan
            if recovery.remedy == "next_rung":
                kind = kind_of_step(before.attempt, plan.attempt)
                self._say(kind, before.attempt.label, plan.attempt.label, error)
                return job, plan
            if recovery.remedy == "shorter_context":
                self._say("context", f"{before.context:,} tokens", f"{plan.context:,} tokens", error)
                return job, replace(plan, rungs=self._passing(job.rungs))
            if await applied(recovery.remedy, error, self._ports.store, room, self._say):
                return job, plan
            if recovery.remedy == "another_version":
                # A part of the kept version was lost, and the server no longer has that version.
                other = await self.source.another(job.entry, job.manifest)
                if other is not None:
                    job = await self._job(job.entry, other, job.cancel)
                    return job, Plan(self._passing(job.rungs), self._context(other), settled=True)
        if isinstance(error, DownloadFailed) and await self.ladder.has_weights(job.manifest):
            failures = (*before.failures, f"{before.attempt.label}: {error.message}")
            raise RunnerMissing(f"Nothing on this device computes the model now. {' '.join(failures)}") from error
        raise error

    async def _situation(self, job: _Job, plan: Plan[Attempt], error: OrionError) -> Situation:
        in_memory = self._ports.store.memory_reason is not None
        if not isinstance(error, DownloadFailed):
            return Situation(in_memory)
        here = {rung.variant.id: await self.ladder.here(job.manifest, rung.variant) for rung in plan.rungs}
        return Situation(in_memory, here[plan.attempt.variant.id], frozenset(name for name in here if here[name]))

    async def _job(self, entry: ModelEntry, manifest: Manifest, cancel: CancelToken) -> _Job:
        """Raises BackendUnavailable where nothing of the model runs on this device, SimdMissing where no model does."""
        device = await self.ladder.device()
        device.require_simd()
        rungs = await self.ladder.attempts(manifest, device)
        if not rungs:
            raise BackendUnavailable(f"No variant of {entry.id} runs on this device.")
        return _Job(entry, manifest, device, tuple(rungs), cancel)

    def _context(self, manifest: Manifest) -> int:
        return min(manifest.architecture.context_length, self.config.context_tokens)

    async def open_beside(
        self, entry: ModelEntry, manifest: Manifest, attempt: Attempt, cancel: CancelToken
    ) -> LoadedModel:
        """A second copy of a model on another backend, checked but not serving. Nobody waits for it, so
        its progress isn't reported. Raises as ``open``."""
        job = _Job(entry, manifest, await self.ladder.device(), (attempt,), cancel)
        return await self._try(job, attempt, self._context(manifest), emit=lambda event: None)

    def _passing(self, rungs: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
        """Without those whose breaker is open; the last one stays, since there is nothing else."""
        passing = (*(r for r in rungs[:-1] if self._breakers.backend(r.label).admits()), rungs[-1])
        for rung in rungs:
            if rung not in passing:
                refusal = self._breakers.backend(rung.label).refusal()
                self._say(kind_of_step(rung, passing[0]), rung.label, passing[0].label, refusal)
        return passing

    async def _admit(self, job: _Job, attempt: Attempt, context: int, room: Room) -> None:
        """Makes room for what this rung takes: by onnxruntime two to three times what the kernel does."""
        try:
            await room.admit(memory_needed(job.entry, job.manifest, attempt.variant, context))
        except TooLarge as error:  # with a shorter context it may not be
            raise OutOfMemory(error.message, **error.detail) from error

    async def _try(self, job: _Job, attempt: Attempt, context: int, emit: Emit | None = None) -> LoadedModel:
        request = LoadRequest(job.manifest, attempt.variant, shards_base(job.entry), attempt.threads, context)
        made: list[Tokenizer] = []

        def make(_: str, definition: bytes) -> None:
            made[:] = [self._tokenizer(job.manifest, definition)]  # a large one takes as long as some shards

        session, report = await self._loader.load(request, job.cancel, emit or self._emit, make)
        (tokenizer,) = made
        manifest = with_named_end(job.manifest, tokenizer)
        model = LoadedModel(manifest, attempt.variant, session, tokenizer, report, context)
        model.for_kernel = wants_kernel(manifest, job.device, self.config)
        model.cache_wish = self.config.cache_bits
        model.asked_threads = attempt.threads
        model.on_fewer_threads = self._say_lost
        try:
            require_budget(model.manifest.model, model.report.memory_bytes, self.config.max_memory_mb * MB)
            await self._verify_backend(model, job)
        except BaseException:
            await model.close()
            raise
        if attempt.variant.engine == "kernel" and job.device.isolated and model.report.threads < attempt.threads:
            self._say_lost(attempt.label, model.label)
        return model

    def _tokenizer(self, manifest: Manifest, definition: bytes) -> Tokenizer:
        """One for all copies of a version in memory: it is large (20 to 60 MB in a browser), and goes with the last."""
        what = manifest.tokenizer, manifest.chat, manifest.sight
        tokenizer = self._tokenizers.get(what)
        if tokenizer is None:
            tokenizer = read_tokenizer(self._ports.tokenizer_factory, manifest, definition)
            self._tokenizers[what] = tokenizer
        return tokenizer

    async def _verify_backend(self, model: LoadedModel, job: _Job) -> None:
        """Checks the golden vectors once per device and model version, and keeps the verdict."""
        checks = self.ladder.backend_checks(job.device)
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
