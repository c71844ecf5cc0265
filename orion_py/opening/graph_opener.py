"""Opens a graph model: its version, its shards, its sessions, and the check of what they compute.

The rungs are its numbers of threads. What is tried after which error is the decoders' table (``resilience.remedies``),
read by the same ``opening.recovery``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from orion_py.cancellation import CancelToken, ended_by
from orion_py.config import EngineConfig
from orion_py.errors import (
    DownloadFailed,
    GoldenMismatch,
    InferenceTimeout,
    NoEarlierVersion,
    OrionError,
    RunnerMissing,
)
from orion_py.fetching.files import graph_files
from orion_py.fetching.loader import ProgressiveLoader
from orion_py.fetching.versions import StoredGraphs, Versions, read_graphs
from orion_py.manifest.graph_manifest import GraphManifest
from orion_py.manifest.shards import Shard
from orion_py.memory.budget import MB, require_budget
from orion_py.memory.needs import Room
from orion_py.opening.applying import applied
from orion_py.opening.backend_checks import SessionOn
from orion_py.opening.recovery import Plan, Situation, next_attempt
from orion_py.opening.session_backends import Read, SessionBackends
from orion_py.opening.version_source import in_place_of, newest, shards_base
from orion_py.ports import Ports
from orion_py.protocol import ENGINE_ID, FallbackEvent, FallbackKind, ProgressEvent
from orion_py.registry.models import SenseEntry
from orion_py.runtime.graph_golden import check_graphs
from orion_py.runtime.loaded_graphs import LoadedGraphs

Emit = Callable[[ProgressEvent | FallbackEvent], None]


@dataclass(frozen=True, slots=True)
class ThreadsRung:
    """One number of threads."""

    threads: int
    files: str = "all"

    @property
    def label(self) -> str:
        return f"{self.threads} thread{'s' if self.threads > 1 else ''}"

    def is_futile_after(self, failed: ThreadsRung, error: OrionError) -> bool:
        """What is computed wrongly isn't right with fewer threads, and what can't be fetched once can't be again."""
        return isinstance(error, GoldenMismatch | DownloadFailed)


class GraphOpener:
    """``emit`` gets progress and fallback events. Holds no model: the manager does."""

    def __init__(self, ports: Ports, loader: ProgressiveLoader, versions: Versions, emit: Emit) -> None:
        self._ports, self._loader, self._versions, self._emit = ports, loader, versions, emit
        self.backends = SessionBackends(ports, self._say)
        self._current: set[str] = set()
        """Models whose version was compared with the server's in this visit."""

    async def open(self, entry: SenseEntry, config: EngineConfig, cancel: CancelToken, room: Room) -> LoadedGraphs:
        """The model, checked. A version that computes wrongly here and has never answered gives way to the one before.
        Raises LoadError, RuntimeFailure, GoldenMismatch, InvalidManifest or Cancelled: the last rung's failure is the
        load's; SimdMissing where no model runs on this device."""
        (await self._ports.runtime.device()).require_simd()
        manifest = await self.obtain(entry)
        try:
            model = await self._open(entry, manifest, config, cancel, room)
        except GoldenMismatch as error:
            earlier = await self._earlier(entry, error)
            if earlier is None:
                raise
            model = await self._open(entry, earlier, config, cancel, room)
        await self._versions.on_answered(entry.id)
        return model

    async def open_beside(
        self, entry: SenseEntry, serves: LoadedGraphs, config: EngineConfig, cancel: CancelToken
    ) -> tuple[LoadedGraphs, Read]:
        """A second copy of a model in memory, all of it on the processor, and what reads its golden shards. Nobody
        waits for it, so its progress isn't reported. Raises as ``open``."""
        rung = ThreadsRung(serves.report.threads)
        return await self._built(entry, serves.manifest, rung, config, cancel, golden=True, emit=lambda event: None)

    async def _earlier(self, entry: SenseEntry, error: GoldenMismatch) -> GraphManifest | None:
        failed = await self._versions.kept_graphs(entry.id)
        if failed is None or not await self._versions.on_probation(entry.id):
            return None
        try:
            earlier = (await self._versions.rollback_graphs(entry.id)).manifest
        except NoEarlierVersion:
            return None
        names = [f"{entry.title} {each.version}" for each in (failed.manifest, earlier)]
        self._say("version", names[0], names[1], error)
        return earlier

    async def _open(
        self, entry: SenseEntry, manifest: GraphManifest, config: EngineConfig, cancel: CancelToken, room: Room
    ) -> LoadedGraphs:
        plan = Plan(await self._rungs(manifest, config), context=0)
        while True:
            cancel.raise_if_cancelled()
            try:
                if not plan.admitted:
                    await room.admit(entry.memory_bytes)
                    plan = replace(plan, admitted=True)
                return await self._try(entry, manifest, plan.attempt, config, cancel)
            except OrionError as error:
                manifest, plan = await self._recover(entry, manifest, plan, error, room)

    async def obtain(self, entry: SenseEntry) -> GraphManifest:
        """The version kept on the device where all of it is here; else the server's; offline, the kept one. Raises
        InvalidManifest or DownloadFailed."""
        kept = await self._versions.kept_graphs(entry.id)
        if kept is not None and await self.complete(kept.manifest):
            return kept.manifest
        self._current.add(entry.id)
        return await newest(self._versions, kept, lambda: self._published(entry))

    async def refresh(self, entry: SenseEntry) -> None:
        """Looks once a visit whether the server has another version than the one that was opened from the device, and
        brings it: the next load opens it. What can't be fetched now is looked for at the next visit."""
        if entry.id in self._current:
            return
        self._current.add(entry.id)
        kept = await self._versions.kept_graphs(entry.id)
        try:
            found = await self._published(entry)
            if kept is None or found.digest == kept.digest or await self._versions.rejected(found):
                return
            await self._versions.keep(found, "next")
            files = graph_files(found.manifest, shards_base(entry), golden=True, yields=True)
            await self._loader.read(files, _only_stored, CancelToken())
        except OrionError:
            return
        await self._versions.switch(found)

    async def complete(self, manifest: GraphManifest) -> bool:
        """Whether all that its sessions need lies on the device: golden runs are fetched for their check alone."""
        sizes = await self._ports.store.sizes()
        return all(sizes.get(shard.sha256) == shard.size for shard in manifest.shards if shard.role != "golden")

    async def _published(self, entry: SenseEntry) -> StoredGraphs:
        return read_graphs(entry.id, await self._ports.fetch_text(entry.manifest), self._versions.on_note)

    async def _rungs(self, manifest: GraphManifest, config: EngineConfig) -> tuple[ThreadsRung, ...]:
        here = (await self._ports.runtime.device()).threads if config.threads is None else config.threads
        most = max(session.threads for session in manifest.sessions.values())
        return tuple(ThreadsRung(count) for count in dict.fromkeys((min(here, most), 1)))

    async def _recover(
        self, entry: SenseEntry, manifest: GraphManifest, plan: Plan[ThreadsRung], error: OrionError, room: Room
    ) -> tuple[GraphManifest, Plan[ThreadsRung]]:
        """Applies the remedy against ``error``, and answers with what to try then. Where there is none it raises
        ``error``, or RunnerMissing in its place."""
        stored, before = self._ports.store.memory_reason is None, plan
        situation = Situation(not stored, await self.complete(manifest))
        while (recovery := next_attempt(plan, error, situation)) is not None:
            plan = recovery.plan
            if recovery.remedy == "next_rung":
                self._say("threads", before.attempt.label, plan.attempt.label, error)
                return manifest, plan
            if await applied(recovery.remedy, error, self._ports.store, room, self._say):
                return manifest, plan
            if recovery.remedy == "another_version":
                # A part of the kept version was lost, and the server no longer has that version.
                other = await in_place_of(self._versions, manifest, lambda: self._published(entry))
                if other is not None:
                    return other, plan
        if isinstance(error, DownloadFailed) and situation.model_here:
            raise RunnerMissing(f"What computes {entry.title} isn't on this device: {error.message}") from error
        raise error

    async def _try(
        self, entry: SenseEntry, manifest: GraphManifest, rung: ThreadsRung, config: EngineConfig, cancel: CancelToken
    ) -> LoadedGraphs:
        chosen = await self.backends.chosen(manifest, config)
        unchecked = await self.backends.unchecked(manifest, chosen)
        model, read = await self._built(entry, manifest, rung, config, cancel, golden=bool(unchecked), emit=self._emit)
        try:
            for sessions, how in ((unchecked, read), (set(chosen) - set(unchecked), None)):
                failed = await self.backends.place(model, sorted(sessions), how, config, cancel)
                for session, error in failed.items():
                    await self.backends.give_up(manifest, session, entry.title, error)
        except BaseException:
            await model.close()
            raise
        self.backends.watch(model, entry.title)
        return model

    async def _built(
        self,
        entry: SenseEntry,
        manifest: GraphManifest,
        rung: ThreadsRung,
        config: EngineConfig,
        cancel: CancelToken,
        *,
        golden: bool,
        emit: Emit,
    ) -> tuple[LoadedGraphs, Read]:
        """On the processor alone, and checked there; and what reads the golden shards, if they were asked for."""
        known = await self.backends.known(manifest, manifest.sessions, "wasm")
        unchecked = [name for name, verdict in known.items() if not verdict.get("right")]
        files = graph_files(manifest, shards_base(entry), golden=golden or bool(unchecked))
        read: dict[str, bytes] = {}
        runner, report = await self._loader.build(
            files,
            lambda: self._ports.runtime.open_graphs(manifest, rung.threads),
            cancel,
            emit,
            read.__setitem__,
        )
        model = LoadedGraphs(manifest, runner, {name: read[sha] for name, sha in manifest.files.items()}, report)

        async def reading(sha256: str) -> bytes:
            return read[sha256]

        try:
            require_budget(entry.title, model.memory_bytes, config.max_memory_mb * MB)
            if unchecked:
                await self._check(model, reading, config, cancel)
        except BaseException:
            await model.close()
            raise
        return model, reading

    async def _check(self, model: LoadedGraphs, read: Read, config: EngineConfig, cancel: CancelToken) -> None:
        """Makes the golden runs, and keeps a verdict for each session. Raises GoldenMismatch for the first that is
        wrong."""
        try:
            limit = config.inference_timeout_s * len(model.manifest.golden)
            verdicts = await ended_by(check_graphs(model, read), cancel, limit)
        except TimeoutError:
            raise InferenceTimeout(f"{model.manifest.model}: the check of what it computes didn't end.") from None
        checks = await self.backends.checks()
        for session, wrong in verdicts.items():
            await checks.keep(model.manifest, SessionOn(session, "wasm"), right=wrong is None)
        first = next((wrong for wrong in verdicts.values() if wrong is not None), None)
        if first is not None:
            raise first

    def _say(self, kind: FallbackKind, from_: str, to: str, error: OrionError) -> None:
        self._emit(FallbackEvent.step(ENGINE_ID, kind, from_, to, error.code, error.message))


async def _only_stored(shard: Shard) -> None:
    """A shard that the store has verified is all that is wanted."""
