"""Does what a person asks of models: load one, add one, roll back a version, delete."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from orion_py.agents.factory import AgentFactory
from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.engine.changed_parts import BY_MODELS, ChangedParts
from orion_py.engine.scheduler import Background, BackgroundScheduler
from orion_py.errors import LoadError, OrionError, RuntimeFailure, StorageUnavailable
from orion_py.external.added_models import AddedModels
from orion_py.ports import Ports
from orion_py.protocol.rows import VersionRow
from orion_py.registry.models import ModelEntry, Registry
from orion_py.residency.manager import ModelManager
from orion_py.residency.senses import Senses
from orion_py.resilience.breakers import Breakers
from orion_py.storage.among_tabs import AmongTabs
from orion_py.telemetry.log import Logger


@dataclass(frozen=True, slots=True)
class ManagedModels:
    """The engine's methods of the same names say what they do and raise."""

    ports: Ports
    log: Logger
    registry: Registry
    agents: AgentFactory
    manager: ModelManager
    breakers: Breakers
    added: AddedModels
    work: Background
    scheduler: BackgroundScheduler
    among: AmongTabs
    changed: ChangedParts
    senses: Senses

    async def preload(self, model_id: str | None, device_class: str, cancel: CancelToken) -> str:
        upgrade = self.work.upgrade
        if model_id and any(entry.id == model_id for entry in self.registry.senses):
            async with self.senses.lent(model_id, cancel):
                return model_id
        if model_id:
            await upgrade.allow_again([model_id])
        if model_id is None and (last := await self._model_of_last_answer()) is not None:
            try:
                async with upgrade.first.tried(last):
                    await self._bring(last, cancel)
                return last.id
            except (LoadError, RuntimeFailure) as error:
                self.log.warn("first model", model=last.id, code=error.code)
        entry = self.registry.model(model_id) if model_id else self._first_model(device_class)
        await self._bring(entry, cancel)
        return entry.id

    async def _bring(self, entry: ModelEntry, cancel: CancelToken) -> None:
        self.scheduler.on_model_needed(entry.id)
        with self.breakers.model(entry.id).entered(though_slow=True):
            await self.manager.release(await self.manager.acquire(entry, cancel))
        with suppress(OrionError):  # a promise of the browser's, on which nothing depends
            await self.ports.store.persist()
        self.scheduler.schedule()

    async def _model_of_last_answer(self) -> ModelEntry | None:
        """The larger model that answered last, where this engine may begin with it."""
        models = self.work.upgrade.models
        if self.manager.loaded or not models.enabled:
            return None
        usable = {model_id for agent in self.agents.ids for model_id in self.agents.models(agent)}
        listed = [entry for entry in self.registry.models if entry.id in usable and models.offered(entry)]
        return await self.work.upgrade.first.choose(listed)

    def _first_model(self, device_class: str) -> ModelEntry:
        recommended = self.registry.recommended(device_class)
        if recommended is not None and not self.manager.loaded:
            return recommended
        models = self.agents.models(self.agents.ids[0])
        usable = [self.registry.model(model_id) for model_id in self.registry.usable(models) or models]
        return self.work.upgrade.models.quickest(usable) or usable[0]

    def quickest_of(self, agent: str) -> ModelEntry | None:
        """Which of an agent's models, or else of the first agent's, would answer now."""
        models = (*self.agents.models(agent), *self.agents.models(self.agents.ids[0]))
        usable = self.registry.usable(tuple(dict.fromkeys(models)))
        return self.work.upgrade.models.quickest([self.registry.model(model_id) for model_id in usable])

    async def control_upgrade(self, action: str, model_id: str | None) -> None:
        await self.work.upgrade.command(action, model_id)
        self.scheduler.schedule()

    def check_version(self, model_id: str) -> None:
        self.work.updates.recheck(self.registry.model(model_id).id)
        self.scheduler.schedule()

    async def rollback(self, model_id: str, cancel: CancelToken | None) -> None:
        await self.work.updates.rollback(self.registry.model(model_id), cancel)

    async def inspect(self, address: str, cancel: CancelToken) -> ModelEntry:
        return await until_cancelled(self.added.inspect(address), cancel)

    async def add(self, address: str, cancel: CancelToken | None) -> ModelEntry:
        entry = await self.added.add(address, cancel)
        self.changed.mark(*BY_MODELS)
        await self.work.upgrade.allow_again([entry.id])
        return entry

    async def remove(self, model_id: str) -> None:
        await self.added.remove(model_id)
        self.changed.mark(*BY_MODELS)
        await self._forget([model_id])

    async def forget(self, model_id: str | None) -> None:
        known = [*(m.id for m in self.registry.known), *(m.id for m in self.registry.senses)]
        await self._forget([each for each in known if model_id in (None, each)])
        if model_id is None:
            with suppress(StorageUnavailable):
                await self.work.prefixes.forget()  # of models too that nobody knows any more

    async def _forget(self, model_ids: Sequence[str]) -> None:
        await self.work.upgrade.abandon(model_ids)
        self.among.tell("forget", models=list(model_ids))
        for model_id in model_ids:
            await self.manager.end(model_id)
        with suppress(StorageUnavailable):
            await self.work.prefixes.forget(model_ids)
        await self.work.updates.forget(model_ids)

    async def versions(self) -> list[VersionRow]:
        rows = [await self.work.updates.versions.describe(entry.id) for entry in self.registry.known]
        return [row for row in rows if row["current"]]
