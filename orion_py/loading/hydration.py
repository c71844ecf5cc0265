"""Brings the models that agents prefer, and new versions of those in use, while questions are answered.

A question never waits for what this brings: ``order`` puts first what is at hand, and notes what
was preferred. The preferred one then downloads when nothing else loads, comes into memory when
nothing is asked, and from then on stands first in ``order``: it takes over between two turns.
What was downloaded is kept across visits, and so is the person's word to pause it.

It gives way: to any load that a question needs, always; to an answer, when the line is fast enough
for receiving and storing to take a core's time from it (``BUSY_LINE``).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from orion_py.cancellation import CancelToken
from orion_py.errors import (
    Cancelled,
    DownloadFailed,
    InvalidManifest,
    OrionError,
    QuotaExceeded,
    RuntimeFailure,
    ShardCorrupt,
    StorageUnavailable,
    TooLarge,
)
from orion_py.loading.loader import ProgressiveLoader
from orion_py.loading.manager import ModelManager
from orion_py.loading.memory_budget import MB
from orion_py.loading.offers import offered, require_offered
from orion_py.loading.opener import shards_base
from orion_py.loading.updates import Updates
from orion_py.loading.versions import Kept
from orion_py.ports import Ports
from orion_py.protocol import ENGINE_ID, FallbackEvent, HydrationEvent, HydrationState, ProgressEvent
from orion_py.registry.models import ModelEntry, Registry
from orion_py.resilience.breakers import Breakers
from orion_py.runtime.base import Device

KEY = "hydration"
QUIET_S = 0.5
"""Between looks whether models still load."""
BUSY_LINE = 4 * MB
"""Bytes per second. Hashing and storing cost about 10 ms of a core per MB (measured: SHA-256 at 800,
IndexedDB at 170 MiB/s): from 4 MB/s on that is what an answer would feel."""

Emit = Callable[[HydrationEvent | FallbackEvent], None]


@dataclass(slots=True)
class _Job:
    """What is brought: ``version`` of a model, in place of the one in use where it is an update."""

    entry: ModelEntry
    version: Kept
    update: bool
    cancel: CancelToken = field(default_factory=CancelToken)
    gave_way: bool = False
    last: HydrationEvent | None = None

    @property
    def purpose(self) -> Literal["model", "update"]:
        return "update" if self.update else "model"


class Hydrator:
    """``tick`` is called whenever nothing was asked for a moment. ``idle``: nothing runs or waits."""

    def __init__(
        self,
        manager: ModelManager,
        loader: ProgressiveLoader,
        updates: Updates,
        breakers: Breakers,
        ports: Ports,
        registry: Registry,
        emit: Emit,
        idle: Callable[[], bool],
        device: Device | None = None,
    ) -> None:
        self._manager, self._loader, self._updates, self._breakers = manager, loader, updates, breakers
        self._ports, self._registry, self._emit, self._idle = ports, registry, emit, idle
        self._device = device or Device(threads=1, webgpu=False)
        self.enabled = True
        """Whether larger models are brought and used; updates come in any case."""
        self.waits = False
        """Whether a question waits for a larger model that lies on the device whole."""
        self._target: str | None = None
        self._paused = False
        self._allowed = False
        """The person asked for it although the line is metered: until the end of this visit."""
        self._refused: set[str] = set()
        """Models that this visit has given up: too large here, or not on this site."""
        self._job: _Job | None = None
        self._last: HydrationEvent | None = None
        self._resting = asyncio.Event()
        self._resting.set()

    # what is asked

    async def order(self, entries: Sequence[ModelEntry]) -> list[ModelEntry]:
        """``entries``, preferred first, as a question should try them: what is in memory or small, and
        after it, as a last resort, the larger ones that lie on the device. Only where nothing else
        exists, or ``waits`` says so, does a question wait for a larger one."""
        quick = [e for e in entries if e.tier == "lite" or (self.enabled and await self._at_hand(e))]
        if not quick:
            return list(entries)
        larger = [e for e in entries if e not in quick and self.enabled and offered(e, self._device)]
        unasked = [e for e in larger if e.tier != "large"]
        if unasked and list(entries).index(unasked[0]) < list(entries).index(quick[0]):
            await self._want(unasked[0].id)
        return [*quick, *[e for e in larger if await self._manager.opener.stored(e)]]

    async def _at_hand(self, entry: ModelEntry) -> bool:
        if entry.id in self._manager.loaded:
            return True
        if not self.waits or entry in self._registry.added or not offered(entry, self._device):
            return False
        opener = self._manager.opener
        try:  # a machine where models are built keeps no manifest of earlier visits, but has the files
            return await opener.complete(await opener.manifest(entry))
        except OrionError:
            return False

    def quickest(self, entries: Sequence[ModelEntry]) -> ModelEntry | None:
        """Which of an agent's models would answer now, without noting anything."""
        loaded = self._manager.loaded
        quick = [e for e in entries if e.tier == "lite" or (self.enabled and e.id in loaded)]
        return next(iter([*quick, *entries]), None)

    def wanted(self, model_id: str) -> None:
        """A request needs this model now: what runs in the background gives way if it stands in the way."""
        job = self._job
        if job is None:
            return
        if job.entry.id == model_id and not job.update:
            self._give_way(job, keep_loading=True)
        elif model_id not in self._manager.loaded or (job.last and job.last.state == "loading"):
            self._give_way(job)

    def hears(self, event: ProgressEvent) -> bool:
        """Whether this load's progress is the background's own: then it is told as such."""
        job = self._job
        if job is None or job.entry.id != event.model or job.cancel.cancelled:
            return False
        if event.phase != "ready":
            self._say(job, "loading", event)
        return True

    async def answered(self, model_id: str) -> None:
        """The version that answered has proved itself."""
        await self._updates.versions.answered(model_id)

    def larger(self) -> list[str]:
        """The larger models that are in memory."""
        return [e.id for e in self._registry.known if e.tier != "lite" and e.id in self._manager.loaded]

    def stop(self) -> None:
        """What is under way ends; what came is kept."""
        if self._job is not None:
            self._give_way(self._job)

    async def _want(self, model_id: str) -> None:
        if model_id != self._target and model_id not in self._refused and not self._asked_for_large():
            self._target = model_id
            await self._keep()

    def _asked_for_large(self) -> bool:
        """Whether the person's own wish for a large model stands: what agents prefer doesn't replace it."""
        asked = [e for e in self._registry.known if e.id == self._target and e.tier == "large"]
        return bool(asked) and self._target not in self._refused and offered(asked[0], self._device)

    # what the person says

    async def command(self, action: str, model_id: str | None = None) -> None:
        """``start``, ``pause``, ``resume`` or ``cancel``; what is to begin does so with the next ``tick``.
        Raises UnknownModel, and TooLarge for one that this device isn't offered."""
        if model_id is not None and action in ("start", "resume"):
            entry = self._registry.model(model_id)
            require_offered(entry, self._device)
            self._target = entry.id
        if action == "pause":
            self._paused = True
            if self._job is not None:
                self._job.cancel.cancel()
            self._close("paused")
        elif action == "cancel":
            await self._give_up(model_id or (self._job.entry.id if self._job else self._target))
        else:
            self._paused, self._allowed = False, self._allowed or action == "start"
            self._refused.discard(self._target or "")
        await self._keep()

    async def _give_up(self, model_id: str | None) -> None:
        job, self._target, self._paused = self._job, None, False
        if job is not None:
            job.cancel.cancel()
            await self._resting.wait()  # what arrives last is deleted, too
        self._close("cancelled")
        if model_id is None:
            return
        self._refused.add(model_id)
        if job is not None and job.update:
            await self._updates.decline(job.version)
        elif model_id not in self._manager.loaded:
            await self._updates.forget([model_id])

    # what is done meanwhile

    async def recall(self) -> None:
        """Goes on from what earlier visits left."""
        try:
            kept = json.loads(await self._ports.settings.get(KEY) or "{}")
        except ValueError:
            return
        if isinstance(kept, dict):
            known = {entry.id for entry in self._registry.known}
            self._target = kept.get("model") if kept.get("model") in known else None
            self._paused = kept.get("paused") is True

    async def _keep(self) -> None:
        await self._ports.settings.set(KEY, json.dumps({"model": self._target, "paused": self._paused}))

    async def tick(self) -> None:
        """Does the next thing there is to do, if nothing speaks against it. Raises nothing: whatever
        fails is an event, and is tried again when something is asked."""
        if not self._resting.is_set():
            return
        self._resting.clear()
        try:
            self._job = await self._next()
            if self._job is not None:
                await self._run(self._job)
        except OrionError:
            return  # no manifest was to be had: there is nothing to tell about
        finally:
            self._job = None
            self._resting.set()

    async def _next(self) -> _Job | None:
        while self._manager.loading:
            await self._ports.sleep(QUIET_S)
        entry = self._wanted_entry()
        if entry is not None:
            try:
                version = await self._version_of(entry)
            except DownloadFailed as error:
                if error.detail.get("status") == 404:
                    self._refused.add(entry.id)  # this site doesn't have it: nothing is offered
            else:
                return _Job(entry, version, update=False)
        for model_id in list(self._manager.loaded):
            known = [e for e in self._registry.known if e.id == model_id]
            found = await self._updates.look(known[0]) if known and model_id not in self._refused else None
            if found is not None:
                return _Job(known[0], found, update=True)
        return None

    def _wanted_entry(self) -> ModelEntry | None:
        target = self._target
        if not self.enabled or target is None or target in self._refused or target in self._manager.loaded:
            return None
        if self._breakers.model(target).state == "open":
            return None
        entry = self._registry.model(target)
        return entry if offered(entry, self._device) else None

    async def _version_of(self, entry: ModelEntry) -> Kept:
        opener = self._manager.opener
        await opener.manifest(entry)
        kept = await opener.versions.kept(entry.id)
        assert kept is not None, "manifest() keeps what it answers with"
        return kept

    async def _run(self, job: _Job) -> None:
        try:
            self._require_room(job)
            if not await self._manager.opener.complete(job.version.manifest) and not await self._download(job):
                return
            if not self._idle():
                return  # it is here; the next quiet moment takes it in
            if job.update:
                await self._take_update(job)
            else:
                await self._take_in(job)
        except Cancelled:
            if job.gave_way:
                self._say(job, "waiting", reason_code="busy")
        except OrionError as error:
            await self._failed(job, error)

    def _require_room(self, job: _Job) -> None:
        """Before a byte moves."""
        budget = self._manager.config.max_memory_mb * MB
        if job.entry.memory_bytes > budget:
            raise TooLarge(
                f"{job.entry.title} needs {job.entry.memory_bytes / MB:.0f} MB; all models together may use "
                f"{budget / MB:.0f} MB.",
                needed_bytes=job.entry.memory_bytes,
                budget_bytes=budget,
            )
        if self._ports.store.memory_reason is not None:
            raise StorageUnavailable("This window can't keep data, so the larger model isn't fetched.")

    async def _download(self, job: _Job) -> bool:
        """Whether all is here now."""
        if self._paused:
            self._say(job, "paused")
            return False
        if self._ports.metered() and not self._allowed:
            self._say(job, "waiting", reason_code="metered")
            return False
        variant = await self._manager.opener.first_variant(job.version.manifest)
        if variant is None:
            self._refused.add(job.entry.id)
            return False

        def told(event: ProgressEvent) -> None:
            self._say(job, "downloading", event)
            if (event.bytes_per_second or 0) > BUSY_LINE and not self._idle():
                self._give_way(job)

        await self._loader.fetch(job.version.manifest, variant, shards_base(job.entry), job.cancel, told)
        return True

    async def _take_in(self, job: _Job) -> None:
        """Into memory beside what is there, or where both don't fit in place of it."""
        others = list(self._manager.loaded)
        keep: Collection[str] = others if self._manager.has_room(job.entry, others) else ()
        self._say(job, "loading")
        try:
            with self._breakers.model(job.entry.id).entered():
                await self._manager.release(await self._manager.acquire(job.entry, job.cancel, keep))
        except OrionError:
            await self._bring_back(others)
            raise
        self._say(job, "ready")

    async def _take_update(self, job: _Job) -> None:
        self._say(job, "loading")
        if await self._updates.take_over(job.entry, job.version, job.cancel):
            self._say(job, "ready")

    async def _bring_back(self, model_ids: Sequence[str]) -> None:
        """What made room for a model that then didn't come; nobody asked, so nobody is told."""
        for model_id in model_ids:
            if model_id not in self._manager.loaded and self._idle():
                try:
                    entry = self._registry.model(model_id)
                    await self._manager.release(await self._manager.acquire(entry, CancelToken()))
                except OrionError:
                    return

    def _give_way(self, job: _Job, keep_loading: bool = False) -> None:
        job.gave_way = not keep_loading
        if not keep_loading:
            self._manager.cancel_loading(job.entry.id, unless_awaited_by=2)
        job.cancel.cancel()

    async def _failed(self, job: _Job, error: OrionError) -> None:
        """A line that broke is tried again; for the rest of the visit nothing else is. A version that
        doesn't compute rightly is never tried again."""
        if not isinstance(error, DownloadFailed):
            self._refused.add(job.entry.id)
        if job.update and isinstance(error, (RuntimeFailure, InvalidManifest, ShardCorrupt)):
            await self._updates.decline(job.version)
        self._say(job, "failed", reason_code=error.code, reason=error.message)
        if isinstance(error, (DownloadFailed, QuotaExceeded, StorageUnavailable)):
            return
        to = "the version before" if job.update else "the smaller model"
        kind: Literal["version", "model"] = "version" if job.update else "model"
        self._emit(FallbackEvent.step(ENGINE_ID, kind, job.entry.title, to, error.code, error.message))

    def _close(self, state: Literal["paused", "cancelled"]) -> None:
        """The person's word about what was told last, also while it isn't under way."""
        if self._last is not None and self._last.state not in ("ready", "cancelled"):
            change = {"state": state, "bytes_per_second": None, "seconds_left": None, "reason_code": "", "reason": ""}
            self._last = self._last.model_copy(update=change)
            self._emit(self._last)

    def _say(
        self,
        job: _Job,
        state: HydrationState,
        progress: ProgressEvent | None = None,
        *,
        reason_code: str = "",
        reason: str = "",
    ) -> None:
        if job.cancel.cancelled and state in ("downloading", "loading"):
            return  # what trickles in after it was stopped
        last = job.last
        job.last = HydrationEvent(
            id=ENGINE_ID,
            model=job.entry.id,
            version=job.version.manifest.version,
            purpose=job.purpose,
            state=state,
            loaded_bytes=progress.loaded_bytes if progress else last.loaded_bytes if last else 0,
            total_bytes=progress.total_bytes if progress else last.total_bytes if last else 0,
            bytes_per_second=progress.bytes_per_second if progress else None,
            seconds_left=progress.seconds_left if progress else None,
            reason_code=reason_code,
            reason=reason,
        )
        self._last = job.last
        self._emit(job.last)

    def status(self) -> dict[str, Any]:
        """``model`` (the one wanted, or None), ``paused``, and the last ``event`` told."""
        event = None if self._last is None else self._last.model_dump()
        return {"model": self._target, "paused": self._paused, "enabled": self.enabled, "event": event}
