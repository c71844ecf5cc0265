"""Brings the models that agents prefer, and new versions of those in use, while questions are answered.

No question waits for it (``model_order``). What an agent prefers downloads when nothing else loads, comes into
memory when nothing is asked, and takes over between two turns. Downloads and the person's pause outlast the visit.

A load that a question needs always comes first. So does an answer where the connection is so fast
that receiving and storing take a core's time from it (``BUSY_LINE``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Literal

from orion_py.background.bring_in import bring_in
from orion_py.background.first_model import FirstModel
from orion_py.background.model_order import ModelOrder, Ordered
from orion_py.background.updates import Updates
from orion_py.background.upgrade_events import Job, UpgradeEvents
from orion_py.background.upgrade_plan import UpgradePlan
from orion_py.errors import (
    Cancelled,
    DownloadFailed,
    InvalidManifest,
    OrionError,
    QuotaExceeded,
    RuntimeFailure,
    ShardCorrupt,
    StorageUnavailable,
)
from orion_py.fetching.loader import ProgressiveLoader
from orion_py.memory.budget import MB, require_room
from orion_py.memory.offers import require_offered
from orion_py.opening.version_source import shards_base
from orion_py.ports import Ports
from orion_py.protocol import ENGINE_ID, FallbackEvent, ProgressEvent, UpgradeEvent
from orion_py.protocol.rows import UpgradeRow
from orion_py.registry.models import ModelEntry, Registry
from orion_py.residency.manager import ModelManager
from orion_py.resilience.breakers import Breakers
from orion_py.runtime.base import Device
from orion_py.storage.among_tabs import AmongTabs

QUIET_S = 0.5
"""Between looks whether models still load."""
BUSY_LINE = 4 * MB
"""Bytes per second. Hashing and storing cost about 10 ms of a core per MB (measured: SHA-256 at 800,
IndexedDB at 170 MiB/s): from 4 MB/s on that is what an answer would feel."""

Emit = Callable[[UpgradeEvent | FallbackEvent], None]


class BackgroundUpgrade:
    """Call ``poll`` whenever nothing was asked for a moment. ``idle`` says whether no request runs or waits."""

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
        self._plan = UpgradePlan(ports.settings, registry)
        self._allowed = False
        """The person asked for it despite a metered connection: until the end of this visit."""
        self.first = FirstModel(ports.settings, manager.opener.source.stored, ports.ahead)
        self.models = ModelOrder(manager, registry, self._device, self.first.coming)
        """Its ``enabled`` says whether larger models are brought, too; updates come in any case."""
        self._refused: set[str] = set()
        """Models that this visit has given up: too large here, or not on this site."""
        self._asked = False
        """Something was asked in this tab: until then nothing is brought for its own sake."""
        self._for_others = False
        """Another tab wants the target, whether or not larger models are used in this one."""
        self._swept = False
        self._among: AmongTabs | None = None
        self._job: Job | None = None
        self._events = UpgradeEvents(emit, lambda model_id: self._job is not None or model_id in manager.loaded)
        self._resting = asyncio.Event()
        self._resting.set()

    # other tabs

    def join(self, among: AmongTabs) -> None:
        """Joins the other tabs: from now on the leading tab downloads for all."""
        self._among = among
        self._events.join(among)

    @property
    def _leads(self) -> bool:
        return self._among is None or self._among.leads

    def on_wanted(self, model_id: str) -> bool:
        """Whether this tab leads, and so downloads what another one waits for."""
        if not self._leads or all(entry.id != model_id for entry in self._registry.known):
            return False
        self._plan.target, self._for_others = model_id, True
        return True

    async def on_plan_changed(self) -> None:
        """Another tab changed what is wanted."""
        target = self._plan.target
        await self.recall()
        self._for_others = self._plan.target is not None and (self._for_others or self._plan.target != target)
        job = self._job
        if job is not None and not job.update and (self._plan.paused or job.entry.id in self._barred):
            job.cancel.cancel()
            self._events.close("paused" if self._plan.paused else "cancelled")

    async def on_command(self, action: str, model_id: str | None) -> None:
        """The person said so in another tab; what that tab stored is here already."""
        await self.recall()
        if action == "start":
            self._allowed = True
        if action in ("start", "resume") and model_id is not None:
            self._refused.discard(model_id)
        if action == "cancel" and model_id is not None:
            self._refused.add(model_id)
            await self._end_job([model_id])
            await self._updates.sweep()

    async def abandon(self, model_ids: Collection[str], *, for_good: bool = True) -> None:
        """Stops the downloads of these models; they don't start again automatically."""
        larger = [e.id for e in self._registry.known if e.id in model_ids and e.tier != "lite"]
        self._refused |= set(model_ids)
        await self._plan.forget(model_ids, larger, keep=for_good)
        await self._end_job(model_ids)
        self._refused -= set(model_ids)

    async def _end_job(self, model_ids: Collection[str]) -> None:
        job = self._job
        if job is not None and job.entry.id in model_ids:
            job.cancel.cancel()
            await self._resting.wait()  # what arrives last is deleted, too
        if self._events.last is not None and self._events.last.model in model_ids:
            self._events.close("cancelled")

    @property
    def _barred(self) -> set[str]:
        return self._refused | self._plan.forgotten

    # what is asked

    async def prefer(self, found: Ordered) -> None:
        """Schedules the background download of the model that an agent prefers to all models at hand."""
        if found.waits:
            await self.allow_again([e.id for e in found.models])
        elif found.preferred is not None:
            await self._want(found.preferred)

    def on_model_needed(self, model_id: str) -> None:
        """A request needs this model now: background work that conflicts with it yields."""
        job, self._asked = self._job, True
        if job is None:
            return
        if job.entry.id == model_id and not job.update:
            self._give_way(job, keep_loading=True)
        elif model_id not in self._manager.loaded or (job.last and job.last.state == "loading"):
            self._give_way(job)

    def owns(self, event: ProgressEvent) -> bool:
        """Whether this load belongs to the background: then its progress is reported as such."""
        job = self._job
        if job is None or job.entry.id != event.model or job.cancel.cancelled:
            return False
        if event.phase != "ready":
            self._events.say(job, "loading", event)
        return True

    async def on_answered(self, model_id: str) -> None:
        """The version that answered has proved itself."""
        await self._updates.versions.on_answered(model_id)
        if any(entry.id == model_id for entry in self._registry.models):
            await self.first.on_answered(model_id)

    def stop(self) -> None:
        """Stops what is running; what was downloaded is kept."""
        if self._job is not None:
            self._give_way(self._job)

    async def _want(self, model_id: str) -> None:
        if model_id != self._plan.target and model_id not in self._barred and not self._asked_for_large():
            self._plan.target = model_id
            await self._plan.keep()

    async def allow_again(self, model_ids: Collection[str]) -> None:
        """The person asks for what was forgotten."""
        await self._plan.allow(model_ids)

    def _asked_for_large(self) -> bool:
        """Whether the person chose a large model: what agents prefer doesn't replace that choice."""
        asked = [e for e in self._registry.known if e.id == self._plan.target and e.tier == "large"]
        return bool(asked) and self._plan.target not in self._barred and self.models.offered(asked[0])

    # what the person says

    async def command(self, action: str, model_id: str | None = None) -> None:
        """``start``, ``pause``, ``resume`` or ``cancel``; what it starts begins with the next ``poll``.
        Raises UnknownModel, and TooLarge for one that this device isn't offered."""
        self._asked = True
        if model_id is not None and action in ("start", "resume"):
            entry = self._registry.model(model_id)
            require_offered(entry, self._device, self._manager.config)
            self._plan.target = entry.id
            self._refused.discard(entry.id)
            await self.allow_again([entry.id])
        if action == "pause":
            self._plan.paused = True
            if self._job is not None:
                self._job.cancel.cancel()
            self._events.close("paused")
        elif action == "cancel":
            await self._give_up(model_id or (self._job.entry.id if self._job else self._plan.target))
        else:
            self._plan.paused, self._allowed = False, self._allowed or action == "start"
            self._refused.discard(self._plan.target or "")
        await self._plan.keep()
        if self._among is not None:
            last = self._events.last
            self._among.tell("upgrade.control", action=action, model=model_id or (last.model if last else None))

    async def _give_up(self, model_id: str | None) -> None:
        job, self._plan.target, self._plan.paused = self._job, None, False
        if job is not None:
            job.cancel.cancel()
            await self._resting.wait()  # what arrives last is deleted, too
        self._events.close("cancelled")
        if model_id is None:
            return
        self._refused.add(model_id)
        if job is not None and job.update:
            await self._updates.reject(job.version)
        elif model_id not in self._manager.loaded:
            await self._updates.forget([model_id])

    # what is done meanwhile

    async def recall(self) -> None:
        """Continues from what earlier visits stored."""
        await self._plan.recall()

    async def poll(self) -> None:
        """Runs the next pending job, if idle. Raises nothing: a failure becomes an event, and the job is
        retried after the next question."""
        if not self._resting.is_set():
            return
        self._resting.clear()
        try:
            self._job = await self._next()
            if self._job is not None and self._job.entry.id in self._barred:
                await self._drop(self._job)  # forgotten while it was looked up
            elif self._job is not None:
                await self._run(self._job)
            elif self._leads and not self._swept:
                self._swept = True
                await self._updates.sweep()
        except OrionError:
            return  # no manifest could be fetched: there is nothing to report
        finally:
            self._job = None
            self._resting.set()

    async def _next(self) -> Job | None:
        while self._manager.loading:
            await self._ports.sleep(QUIET_S)
        entry = self._wanted_entry()
        if entry is not None and not self._leads:
            # Another tab brings it; here it comes into memory once all of it is on the device.
            here = await self._updates.complete(entry)
            if here is None and self._among is not None:
                self._among.tell("wanted", model=entry.id)
            return None if here is None else Job(entry, here, update=False)
        if entry is not None:
            try:
                version = await self._updates.in_use(entry)
            except DownloadFailed as error:
                if error.detail.get("status") == 404:
                    self._refused.add(entry.id)  # this site doesn't have it: nothing is offered
            else:
                return Job(entry, version, update=False)
        for model_id in list(self._manager.loaded) if self._leads else ():
            known = [e for e in self._registry.known if e.id == model_id]
            found = await self._updates.check(known[0]) if known and model_id not in self._barred else None
            if found is not None:
                return Job(known[0], found, update=True)
        return None

    def _wanted_entry(self) -> ModelEntry | None:
        target = self._plan.target
        wanted = (self.models.enabled and self._asked) or (self._for_others and self._leads)
        if not wanted or target is None or target in self._barred or target in self._manager.loaded:
            return None
        if self._breakers.model(target).state == "open":
            return None
        entry = self._registry.model(target)
        return entry if self.models.offered(entry) else None

    async def _drop(self, job: Job) -> None:
        """Deletes what was downloaded of it, unless it is in use or kept again by now."""
        if not job.update and job.entry.id not in self._manager.loaded:
            await self._updates.forget([job.entry.id])
        else:
            await self._updates.sweep()

    async def _run(self, job: Job) -> None:
        try:
            # Before a byte moves.
            require_room(
                job.entry.title,
                self._manager.opener.ladder.expected_bytes(job.entry),
                self._manager.config.max_memory_mb * MB,
            )
            if self._ports.store.memory_reason is not None:
                raise StorageUnavailable("Nothing can be stored here, so the larger model isn't downloaded.")
            if not await self._manager.opener.ladder.complete(job.version.manifest):
                if not await self._download(job):
                    return
                if not await self._updates.keeps(job.version):
                    await self._updates.sweep()  # the person deleted it in another tab meanwhile
                    return
            if not (self.models.enabled and self._asked) and not job.update:
                return  # it came for another tab
            if not self._idle():
                return  # it is here; the next quiet moment takes it in
            await self._take_in(job)
        except Cancelled:
            if job.gave_way:
                self._events.say(job, "waiting", reason_code="busy")
        except OrionError as error:
            await self._failed(job, error)

    async def _download(self, job: Job) -> bool:
        """Downloads what is missing; whether everything is here now."""
        variant = await self._manager.opener.ladder.first_variant(job.version.manifest)
        if variant is None:
            self._refused.add(job.entry.id)
            return False
        here: list[ProgressEvent] = []
        await self._loader.report_stored(job.version.manifest, variant, here.append)
        if self._plan.paused:
            self._events.say(job, "paused", here[-1])
            return False
        if self._ports.metered() and not self._allowed:
            self._events.say(job, "waiting", here[-1], reason_code="metered")
            return False

        def report(event: ProgressEvent) -> None:
            self._events.say(job, "downloading", event)
            if (event.bytes_per_second or 0) > BUSY_LINE and not self._idle():
                self._give_way(job)

        await self._loader.fetch(job.version.manifest, variant, shards_base(job.entry), job.cancel, report)
        if self._among is not None:
            self._among.tell("arrived", model=job.entry.id)
        return True

    async def _take_in(self, job: Job) -> None:
        self._events.say(job, "loading")
        if job.update:
            await self._updates.take_over(job.entry, job.version, job.cancel)
        else:
            await bring_in(self._manager, self._registry, self._breakers, job.entry, job.cancel, self._idle)
        self._events.say(job, "ready")

    def _give_way(self, job: Job, keep_loading: bool = False) -> None:
        job.gave_way = not keep_loading
        if not keep_loading:
            self._manager.cancel_loading(job.entry.id, unless_awaited_by=2)
        job.cancel.cancel()

    async def _failed(self, job: Job, error: OrionError) -> None:
        """After a broken connection the job is retried, after any other failure not before the next visit. A version
        that computes wrongly is never tried again."""
        if not isinstance(error, DownloadFailed):
            self._refused.add(job.entry.id)
        if job.update and isinstance(error, (RuntimeFailure, InvalidManifest, ShardCorrupt)):
            await self._updates.reject(job.version)
        self._events.say(job, "failed", reason_code=error.code, reason=error.message)
        if isinstance(error, (DownloadFailed, QuotaExceeded, StorageUnavailable)):
            return
        to = "the version before" if job.update else "the smaller model"
        kind: Literal["version", "model"] = "version" if job.update else "model"
        self._emit(FallbackEvent.step(ENGINE_ID, kind, job.entry.title, to, error.code, error.message))

    def status(self) -> UpgradeRow:
        event = None if self._events.last is None else self._events.last.model_dump()
        return {"model": self._plan.target, "paused": self._plan.paused, "enabled": self.models.enabled, "event": event}
