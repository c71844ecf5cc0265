"""Keeps the agents that a person wrote, and registers them at every start.

An agent's ``code`` is text that the engine keeps and never runs: the page runs it, apart from both
(docs/workshop.md). Without it, and when it fails, the prompt alone answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from orion_py.agents.factory import AgentFactory
from orion_py.errors import InvalidConfig, OrionError, UnknownAgent
from orion_py.faults import first_fault_text
from orion_py.protocol import AgentDefinition
from orion_py.registry.models import AgentEntry, Bilingual, Registry
from orion_py.storage.rows import KeptRows
from orion_py.storage.settings import Settings

SETTING = "agents.custom"
MOST = 20
"""Custom agents on one device."""


class CustomAgents:
    """``register``, ``unregister`` and ``restore`` keep the factory and the settings in step.
    ``on_skipped`` gets the reason why a kept definition couldn't be restored."""

    def __init__(
        self, settings: Settings, registry: Registry, factory: AgentFactory, on_skipped: Callable[[OrionError], None]
    ) -> None:
        self._registry, self._factory, self._on_skipped = registry, factory, on_skipped
        self._rows = KeptRows(settings, SETTING)
        self._one_at_a_time = asyncio.Lock()
        self._restored: list[Any] = []
        """The rows as they were last read."""
        self._definitions: dict[str, AgentDefinition] = {}

    @property
    def definitions(self) -> tuple[AgentDefinition, ...]:
        return tuple(self._definitions.values())

    async def restore(self) -> None:
        """Registers what is kept, by whichever tab, and takes back what is kept no longer. What can't be read
        or doesn't fit any more is left out, and kept."""
        async with self._one_at_a_time:
            await self._restore()

    async def _restore(self) -> None:
        rows = await self._rows.all()
        if rows == self._restored:
            return
        self._restored, wanted = rows, dict[str, AgentDefinition]()
        for row in rows[:MOST]:
            try:
                made = AgentDefinition.model_validate(_known_fields(row))
                entry_of(made, self._registry)
                wanted[made.id] = made
            except ValidationError as error:
                self._on_skipped(InvalidConfig(f"a kept agent isn't valid: {first_fault_text(error)}"))
        for agent_id in list(self._definitions):
            if agent_id not in wanted:
                self._drop(agent_id)
        for definition in wanted.values():
            try:
                if self._definitions.get(definition.id) != definition:
                    self._take(definition)
            except OrionError as error:
                self._on_skipped(error)

    async def register(self, definition: AgentDefinition) -> None:
        """Adds an agent, or replaces the custom one of its id. Raises InvalidConfig where the id is a
        built-in one's, or there are too many."""
        async with self._one_at_a_time:
            await self._register(definition)

    async def _register(self, definition: AgentDefinition) -> None:
        await self._restore()

        def not_too_many(others: list[Any]) -> None:
            if len(others) >= MOST:
                raise InvalidConfig(f"agents: {MOST} custom ones are the most", path="definition")

        if definition.id not in self._definitions:
            not_too_many(await self._rows.all())
        self._take(definition)
        try:
            await self._rows.put(definition.model_dump(mode="json"), not_too_many)
        except InvalidConfig:
            self._drop(definition.id)
            raise

    async def unregister(self, agent_id: str) -> None:
        """Raises UnknownAgent for an id that isn't a custom agent's."""
        async with self._one_at_a_time:
            await self._restore()
            if agent_id not in self._definitions:
                raise UnknownAgent(f"{agent_id!r} isn't a custom agent", agent=agent_id)
            self._drop(agent_id)
            await self._rows.remove(agent_id)

    def _take(self, definition: AgentDefinition) -> None:
        """In place of the one of its id, if there is one."""
        entry = entry_of(definition, self._registry)
        if definition.id in self._definitions:
            self._factory.replace(entry, definition.examples)
            del self._definitions[definition.id]  # the one that was changed last stands last, there as here
        else:
            self._factory.register(entry, examples=definition.examples)
        self._definitions[definition.id] = definition

    def _drop(self, agent_id: str) -> None:
        del self._definitions[agent_id]
        self._factory.unregister(agent_id)


def _known_fields(row: Any) -> Any:
    """Without what a newer version's tab added."""
    return {k: v for k, v in row.items() if k in AgentDefinition.model_fields} if isinstance(row, dict) else row


def entry_of(definition: AgentDefinition, registry: Registry) -> AgentEntry:
    """The definition as the registry would say it, on the first agent's models."""

    def both(text: str) -> Bilingual:
        return Bilingual(en=text, fr=text)

    first = registry.agents[0]
    return AgentEntry(
        id=definition.id,
        title=both(definition.name),
        description=Bilingual(en="An agent made on this device.", fr="Un agent fait sur cet appareil."),
        models=first.models,
        system=both(definition.prompt),
        temperature=definition.temperature,
        top_p=definition.top_p,
        top_k=definition.top_k,
        repetition_penalty=definition.repetition_penalty,
        max_tokens=definition.max_tokens,
        capabilities=("custom-code",) if definition.code else (),
    )
