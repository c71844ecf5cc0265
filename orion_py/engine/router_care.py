"""Loads the neural router in the background, and keeps the router's choice of agents up to date.

Until the neural router is there, and if it never comes, the keyword rules route.
"""

from __future__ import annotations

import asyncio

from orion_py.agents.factory import AgentFactory
from orion_py.answering.ability import switched_off
from orion_py.answering.deadline import Deadline
from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.config import EngineConfig
from orion_py.engine.changed_parts import ChangedParts
from orion_py.engine.tasks import BackgroundTasks
from orion_py.errors import Cancelled
from orion_py.ports import Ports
from orion_py.protocol import RouterStatus
from orion_py.registry.models import Registry, RouterEntry
from orion_py.residency.manager import ModelManager
from orion_py.routing.service import RouterService
from orion_py.safety.validation import validate_query

WAIT_S = 0.5
"""Between looks whether models still load, before the router's own load begins."""


class RouterCare:
    """``begin`` once the models are known; ``close`` at the end."""

    def __init__(
        self,
        router: RouterService,
        config: EngineConfig,
        ports: Ports,
        registry: Registry,
        agents: AgentFactory,
        manager: ModelManager,
        tasks: BackgroundTasks,
        changed: ChangedParts,
    ) -> None:
        self.router = router
        self._config, self._ports, self._registry, self._agents = config, ports, registry, agents
        self._manager, self._tasks, self._changed = manager, tasks, changed
        self._cancel = CancelToken()
        self._task: asyncio.Task[None] | None = None
        self._awaited = False

    def refresh(self) -> None:
        """Agents came or went, or may be chosen no longer."""
        self.router.enable(routable(self._config, self._registry, self._agents))
        self.router.exemplify(self._agents.examples)

    def configure(self, config: EngineConfig) -> None:
        self._config = config
        self.router.enable(routable(config, self._registry, self._agents))
        if config.use_neural_router:
            self.begin()
        else:
            self._cancel.cancel()  # what is on its way stops
            if self.router.ready:
                self._tasks.finish(self.router.retire)

    def begin(self) -> None:
        """Brings the neural router, where there is one and it isn't there or on its way."""
        entry = self._registry.router
        if entry is None or not self._config.use_neural_router or self.router.ready:
            return
        earlier = self._task
        if earlier is not None and not earlier.done() and not self._cancel.cancelled:
            return
        cancel = self._cancel = CancelToken()
        self._task = self._tasks.finish(lambda: self._bring(entry, cancel, earlier))

    async def _bring(self, entry: RouterEntry, cancel: CancelToken, earlier: asyncio.Task[None] | None) -> None:
        """After ``earlier``, which was called off, has come to its end."""
        if earlier is not None:
            await asyncio.wait({earlier})
        if not cancel.cancelled:
            self._changed.mark("router")  # it loads
            await self.router.load(entry, cancel, lambda: self._models_are_quiet(cancel))
            self._changed.mark("router")

    async def _models_are_quiet(self, cancel: CancelToken) -> None:
        if self._awaited:
            return
        # The page asks for its model right after this engine says that it is ready.
        await self._ports.sleep(WAIT_S)
        while self._manager.loading and not cancel.cancelled and not self._awaited:
            await self._ports.sleep(WAIT_S)

    async def settled(self, cancel: CancelToken, timeout_s: float | None) -> RouterStatus:
        """As ``Engine.wait_for_router``."""
        self._awaited = True
        limit = Deadline(cancel, timeout_s, self._ports.sleep)
        try:
            if self._task is not None:
                await until_cancelled(self._task, limit.token)
        except Cancelled:
            if not limit.passed:
                raise
        finally:
            limit.close()
        return await self.router.status()

    async def teach(self, action: str, query: str, agent: str) -> RouterStatus:
        """As ``Engine.teach``."""
        if action == "correct":
            await self.router.correct(validate_query(query, self._config.max_query_chars), agent)
        elif action == "undo":
            await self.router.undo()
        else:
            await self.router.forget()
        return await self.router.status()

    async def close(self) -> None:
        self._cancel.cancel()
        await self.router.close()


def routable(config: EngineConfig, registry: Registry, agents: AgentFactory) -> tuple[str, ...]:
    """The agents that the configuration lets the router choose."""
    return tuple(agent for agent in agents.ids if not switched_off(config, registry, agent))
