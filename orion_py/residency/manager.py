"""Owns the models in memory: who uses them, and what is evicted so that another fits.

One load per model at a time: a request that comes meanwhile joins it. How a model comes up is the
``ModelOpener``'s matter, who has to go the ``memory.budget``'s, and who still lives the pool's.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.config import EngineConfig
from orion_py.errors import OrionError
from orion_py.fetching.loader import ProgressiveLoader
from orion_py.memory.budget import MB, Budget, Resident, evictions, excess
from orion_py.memory.offers import require_offered
from orion_py.opening.graph_opener import GraphOpener
from orion_py.opening.ladder import Step
from orion_py.opening.opener import ModelOpener
from orion_py.ports import Ports
from orion_py.protocol import ENGINE_ID, FallbackEvent, MemoryEvent, ModelMemory, ProgressEvent
from orion_py.registry.models import ModelEntry, SenseEntry
from orion_py.residency.worker_pool import WorkerPool
from orion_py.resilience.breakers import Breakers
from orion_py.runtime.loaded_graphs import LoadedGraphs
from orion_py.runtime.loaded_model import LoadedModel

Entry: TypeAlias = ModelEntry | SenseEntry
Loaded: TypeAlias = LoadedModel | LoadedGraphs
Emit = Callable[[ProgressEvent | FallbackEvent | MemoryEvent], None]


@dataclass(slots=True)
class _Pending:
    """A load under way, and how many wait for it."""

    entry: Entry
    cancel: CancelToken
    task: asyncio.Future[Loaded] = field(init=False)
    waiters: int = 0
    bytes: int = 0
    """That it will take, by what is being opened now."""


class ModelManager:
    """Owns every loaded model, graph models included. ``emit`` gets progress, fallback and memory events; ``on_dead``
    the id of a model whose worker no longer answered."""

    def __init__(
        self,
        config: EngineConfig,
        ports: Ports,
        loader: ProgressiveLoader,
        emit: Emit,
        breakers: Breakers | None = None,
        on_dead: Callable[[str], None] = lambda model_id: None,
    ) -> None:
        self._breakers = breakers or Breakers(ports.clock)
        self.opener = ModelOpener(config, ports, loader, emit, self._breakers)
        self.graphs = GraphOpener(ports, loader, self.opener.source.versions, emit)
        self._emit = emit
        self._device = ports.runtime.device
        self._pool: WorkerPool[Loaded] = WorkerPool(ports.clock, ports.sleep, on_dead)
        self._entries: dict[str, Entry] = {}
        self._pending: dict[str, _Pending] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._ahead = ports.ahead
        self._said: tuple[MemoryEvent, list[int]] | None = None
        """What was said last, and of which models."""
        self._limit_ahead()

    @property
    def config(self) -> EngineConfig:
        return self.opener.config

    @config.setter
    def config(self, config: EngineConfig) -> None:
        self.opener.config = config
        self._limit_ahead()

    def _limit_ahead(self) -> None:
        """What was begun before anybody asked keeps to the budget as well, on this visit and the next."""
        held, budget = self._ahead.held(), self._budget().bytes
        self._ahead.limit(budget)
        if held is not None and held.bytes > budget:
            self._ahead.drop()

    @property
    def loaded(self) -> dict[str, LoadedModel]:
        """The decoders by id, least recently used first."""
        found = ((key, self._pool.workers(key)[0]) for key in self._pool.keys)
        return {key: model for key, model in found if isinstance(model, LoadedModel)}

    @property
    def senses(self) -> dict[str, LoadedGraphs]:
        """The graph models by id, least recently used first."""
        found = ((key, self._pool.workers(key)[0]) for key in self._pool.keys)
        return {key: model for key, model in found if isinstance(model, LoadedGraphs)}

    def holds(self, model_id: str) -> bool:
        """Whether it is in memory, a graph model or not."""
        return model_id in self._pool.keys

    @property
    def loading(self) -> Sequence[str]:
        return tuple(self._pending)

    @asynccontextmanager
    async def turn(self, model_id: str, cancel: CancelToken) -> AsyncIterator[None]:
        """A request that decodes with a model has it alone: its cache holds one conversation. Others wait here, in
        their order, while the workers of other models answer. Raises Cancelled."""
        lock = self._turns.setdefault(model_id, asyncio.Lock())
        waiting = asyncio.ensure_future(lock.acquire())
        try:
            await until_cancelled(waiting, cancel)
        except BaseException:
            if waiting.done() and not waiting.cancelled():
                lock.release()
            waiting.cancel()
            raise
        try:
            yield
        finally:
            lock.release()

    async def acquire(self, entry: ModelEntry, cancel: CancelToken, keep: Collection[str] = ()) -> LoadedModel:
        """The model in memory, loaded if need be; ``release`` gives it back. What is in use or
        among ``keep`` isn't ended for it.

        Raises LoadError, TooLarge and OutOfMemory among them, RuntimeFailure, InvalidManifest, or
        Cancelled when ``cancel`` fires; a load that somebody else waits for as well goes on.
        """
        # Again only where what was loaded is gone before it could be lent: a load that fails raises.
        while (model := await self._current(entry.id)) is None:
            if entry.tier == "large" or entry.device_memory_gb is not None:
                require_offered(entry, await self._device(), self.config)
            await self._join(entry, cancel, keep)
        if cancel.cancelled:
            await self.release(model)
            cancel.raise_if_cancelled()
        self._say_memory()
        return model

    async def acquire_graphs(self, entry: SenseEntry, cancel: CancelToken, keep: Collection[str] = ()) -> LoadedGraphs:
        """As ``acquire``, of a graph model."""
        while (model := await self._pool.lend(entry.id)) is None:
            await self._join(entry, cancel, keep)
        assert isinstance(model, LoadedGraphs), "no decoder has the id of a sense"
        if cancel.cancelled:
            await self.release(model)
            cancel.raise_if_cancelled()
        self._say_memory()
        return model

    async def _current(self, model_id: str) -> LoadedModel | None:
        """As ``WorkerPool.lend``; a model in a form that the configuration no longer asks for makes way."""
        model = await self._decoder(model_id)
        if model is None or not await self.opener.ladder.outdated(model):
            return model
        self._pool.give_back(model)
        if self._busy(model_id):
            return await self._decoder(model_id)  # its present user goes on, and so does this one
        await self._pool.remove(model_id, model)
        return None

    async def _decoder(self, model_id: str) -> LoadedModel | None:
        model = await self._pool.lend(model_id)
        assert not isinstance(model, LoadedGraphs), "no sense has the id of a decoder"
        return model

    async def release(self, model: Loaded) -> None:
        """Gives back what was lent, at once; safe for a model that was discarded meanwhile."""
        self._pool.give_back(model)
        self._say_memory()
        await self._evict(excess(self._residents(), self._budget()))

    async def discard(self, model_id: str, model: Loaded) -> None:
        """Ends a model that failed, and no other that may have taken its place."""
        await self._pool.remove(model_id, model)
        await model.close()
        self._say_memory()

    async def step_past(self, entry: ModelEntry, model: LoadedModel) -> Step | None:
        """``model`` failed while it answered, and is ended. From now on it is opened in the next way; None: there is
        none, or it isn't that way that fails."""
        await self.discard(entry.id, model)
        return await self.opener.ladder.step_past(model)

    async def step_down(self, entry: ModelEntry, model: LoadedModel) -> Step | None:
        """``model`` ran out of memory while it answered. It is ended, what idles makes room, and from now
        on the model is opened by the steps below; answers with the next one.

        None: there is nothing below, and the model is ended all the same.
        """
        await self.discard(entry.id, model)
        await self._evict([r.model for r in self._residents(entry.id) if not r.kept])
        return await self.opener.ladder.step_below(model)

    async def replace(self, model_id: str, model: Loaded) -> None:
        """``model`` serves from now on; what served before is closed."""
        await self._pool.remove(model_id)
        self._pool.add(model_id, model)
        self._say_memory()

    def cancel_loading(self, model_id: str | None = None, *, unless_awaited_by: int | None = None) -> None:
        """Stops the load of a model (None: all); with ``unless_awaited_by`` only where fewer wait for
        it. What is verified stays on the device. What was begun before anybody asked is loading, too."""
        held = self._ahead.held()
        if held is not None and unless_awaited_by is None and model_id in (None, held.model):
            self._ahead.drop()
        for key, pending in list(self._pending.items()):
            if model_id in (None, key) and (unless_awaited_by is None or pending.waiters < unless_awaited_by):
                pending.cancel.cancel()

    async def unload(self, model_id: str | None = None) -> None:
        """Ends the workers of a model (None: all), and so gives their memory back."""
        self.cancel_loading(model_id)
        for key in [k for k in self._pool.keys if model_id in (None, k)]:
            await self._pool.remove(key)
        # Whatever failed or was stopped is one with its own traceback, and would keep a tokenizer until much was made.
        gc.collect()
        self._say_memory()

    async def end(self, model_id: str) -> None:
        """As ``unload``; a load that is under way has come to its end when this returns."""
        self.cancel_loading(model_id)
        pending = self._pending.get(model_id)
        if pending is not None:
            await asyncio.wait({pending.task})
        await self.unload(model_id)

    async def check_health(self) -> None:
        """Asks the idle workers whether they live, and replaces silently those that don't."""
        for model_id in await self._pool.check():
            try:
                await self._join(self._entries[model_id], CancelToken(), self._pool.keys)
            except OrionError:
                continue  # the next request for it tries again, and reports what is wrong

    def memory(self) -> MemoryEvent:
        """What the models in memory, and those on their way there, take."""
        residents = self._residents()
        return MemoryEvent(
            id=ENGINE_ID,
            used_bytes=sum(r.bytes for r in residents),
            budget_bytes=self._budget().bytes,
            models=[ModelMemory(model=r.model, bytes=r.bytes, busy=self._busy(r.model)) for r in residents],
        )

    def has_room(self, entry: ModelEntry, keep: Collection[str]) -> bool:
        """Whether the model fits, by its estimate, without ending one that is in use or among ``keep``;
        by the number of models too."""
        residents = self._residents(entry.id, keep)
        try:
            going = evictions(residents, self.opener.ladder.expected_bytes(entry), self._budget(), entry.id)
        except OrionError:
            return False
        return sum(r.counts for r in residents if r.model not in going) < self._budget().models

    async def _join(self, entry: Entry, cancel: CancelToken, keep: Collection[str]) -> Loaded:
        pending = self._pending.get(entry.id)
        while pending is not None and pending.cancel.cancelled:
            # It is winding down; what it kept is the start of the next one.
            await asyncio.wait({pending.task})
            pending = self._pending.get(entry.id)
        if pending is None:
            pending = self._pending[entry.id] = _Pending(entry, CancelToken())
            pending.task = asyncio.ensure_future(self._load(entry, pending.cancel, keep))
            mine = pending
            pending.task.add_done_callback(lambda task: self._settled(entry.id, mine, task))
            self._say_memory()
        pending.waiters += 1
        try:
            return await until_cancelled(pending.task, cancel)
        finally:
            pending.waiters -= 1

    def _settled(self, model_id: str, pending: _Pending, task: asyncio.Future[Loaded]) -> None:
        if self._pending.get(model_id) is pending:
            del self._pending[model_id]
        if not task.cancelled():
            task.exception()  # its waiters got it; without any there is no reason for a warning
        self._say_memory()

    async def _load(self, entry: Entry, cancel: CancelToken, keep: Collection[str]) -> Loaded:
        self._entries[entry.id] = entry
        await self._device()  # what computes here decides how much it takes
        room = _Room(self, entry.id, keep)
        await room.admit(self._expected(entry))
        try:
            model = await self._opened(entry, cancel, room)
        except OrionError as error:
            self._breakers.model(entry.id).failure(error)
            raise
        self._pool.add(entry.id, model)
        await self._evict(excess(self._residents(keep=[*keep, entry.id]), self._budget()))
        return model

    async def _opened(self, entry: Entry, cancel: CancelToken, room: _Room) -> Loaded:
        if isinstance(entry, SenseEntry):
            return await self.graphs.open(entry, self.config, cancel, room)
        return await self.opener.open(entry, cancel, room)

    def _expected(self, entry: Entry) -> int:
        return entry.memory_bytes if isinstance(entry, SenseEntry) else self.opener.ladder.expected_bytes(entry)

    def _is_sense(self, model_id: str) -> bool:
        return isinstance(self._entries.get(model_id), SenseEntry)

    def _residents(self, without: str | None = None, keep: Collection[str] = ()) -> list[Resident]:
        """What is in memory, least recently used first, then what is on its way: nobody ends that."""
        here = self._pool.keys
        coming = [key for key, load in self._pending.items() if key not in here and not load.cancel.cancelled]
        held = self._ahead.held()
        if held is not None and held.model not in (*here, *coming, without):
            ahead = [Resident(held.model, held.bytes, held.model in keep)]
        else:
            ahead = []  # or it is counted as what it is taken over for
        return ahead + [
            Resident(key, self._bytes(key), key in coming or key in keep or self._busy(key), not self._is_sense(key))
            for key in (*here, *coming)
            if key != without
        ]

    def _bytes(self, model_id: str) -> int:
        measured = sum(model.report.memory_bytes for model in self._pool.workers(model_id))
        pending = self._pending.get(model_id)
        if known := measured or (pending.bytes if pending else 0):
            return known
        entry = self._entries.get(model_id) or self._pending[model_id].entry
        return self._expected(entry)

    def _busy(self, model_id: str) -> bool:
        return self._pool.busy(model_id)

    def _budget(self) -> Budget:
        return Budget(self.config.max_memory_mb * MB, self.config.max_agents_in_memory)

    async def _evict(self, going: Iterable[str]) -> None:
        for model_id in going:
            if self._busy(model_id):
                continue  # lent while another was ending
            held = self._ahead.held()
            if held is not None and held.model == model_id:
                self._ahead.drop()
            await self._pool.remove(model_id)
            self._say_memory([model_id])

    def _say_memory(self, evicted: Sequence[str] = ()) -> None:
        """Nothing where it is as it was said."""
        now = self.memory(), [id(model) for key in self._pool.keys for model in self._pool.workers(key)]
        if evicted or now != self._said:
            self._said = now
            self._emit(now[0].model_copy(update={"evicted": list(evicted)}))

    async def make_room(self, model_id: str, needed: int, keep: Collection[str]) -> None:
        """As ``memory.needs.Room.admit``, for a model that is being opened."""
        if pending := self._pending.get(model_id):
            pending.bytes = needed
        counts = not self._is_sense(model_id)
        await self._evict(evictions(self._residents(model_id, keep), needed, self._budget(), model_id, counts=counts))

    async def end_idle(self, model_id: str | None, keep: Collection[str]) -> bool:
        """As ``memory.needs.Room.give``, for a model that is being opened, or for what runs out of memory now."""
        idle = [r.model for r in self._residents(model_id, keep) if not r.kept]
        await self._evict(idle)
        return bool(idle)


@dataclass(frozen=True, slots=True)
class _Room:
    """The memory as one load asks for it (``memory.needs.Room``); what is among ``keep`` isn't ended for it."""

    manager: ModelManager
    model_id: str
    keep: Collection[str]

    async def admit(self, needed: int) -> None:
        await self.manager.make_room(self.model_id, needed, self.keep)

    async def give(self) -> bool:
        return await self.manager.end_idle(self.model_id, self.keep)
