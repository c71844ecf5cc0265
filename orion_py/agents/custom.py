"""Agents that a person makes: kept on the device, registered again at every start.

An agent's ``code`` is text that the engine keeps and never runs: the page runs it, apart from both
(docs/workshop.md). Without it, and when it fails, the prompt alone answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from pydantic import ValidationError

from orion_py.agents.factory import AgentFactory
from orion_py.errors import InvalidConfig, OrionError, UnknownAgent
from orion_py.faults import told
from orion_py.protocol import AgentDefinition
from orion_py.registry.models import AgentEntry, Bilingual, Registry
from orion_py.storage.settings import Settings

SETTING = "agents.custom"
MOST = 20
"""Custom agents on one device."""


class CustomAgents:
    """``register``, ``unregister`` and ``restore`` keep the factory and the settings in step.
    ``on_skipped`` is told why a kept definition couldn't be restored."""

    def __init__(
        self, settings: Settings, registry: Registry, factory: AgentFactory, on_skipped: Callable[[OrionError], None]
    ) -> None:
        self._settings, self._registry, self._factory, self._on_skipped = settings, registry, factory, on_skipped
        self._definitions: dict[str, AgentDefinition] = {}

    @property
    def definitions(self) -> tuple[AgentDefinition, ...]:
        return tuple(self._definitions.values())

    async def restore(self) -> None:
        """Registers what was kept. What can't be read or doesn't fit any more is left out, and kept."""
        try:
            rows = json.loads(await self._settings.get(SETTING) or "[]")
            rows = rows if isinstance(rows, list) else []
        except ValueError:
            rows = []
        for row in rows[:MOST]:
            try:
                self._take(AgentDefinition.model_validate(row))
            except ValidationError as error:
                self._on_skipped(InvalidConfig(f"a kept agent isn't valid: {told(error)}"))
            except OrionError as error:
                self._on_skipped(error)

    async def register(self, definition: AgentDefinition) -> None:
        """Adds an agent, or replaces the custom one of its id. Raises InvalidConfig where the id is a
        built-in one's, or there are too many."""
        earlier = self._definitions.get(definition.id)
        if earlier is None and len(self._definitions) >= MOST:
            raise InvalidConfig(f"agents: {MOST} custom ones are the most", path="definition")
        if earlier is not None:
            self._factory.unregister(definition.id)
        self._take(definition)
        await self._keep()

    async def unregister(self, agent_id: str) -> None:
        """Raises UnknownAgent for an id that isn't a custom agent's."""
        if self._definitions.pop(agent_id, None) is None:
            raise UnknownAgent(f"{agent_id!r} isn't a custom agent", agent=agent_id)
        self._factory.unregister(agent_id)
        await self._keep()

    def _take(self, definition: AgentDefinition) -> None:
        entry = entry_of(definition, self._registry)
        self._factory.register(entry, examples=definition.examples)
        self._definitions[definition.id] = definition

    async def _keep(self) -> None:
        rows = [definition.model_dump(mode="json") for definition in self.definitions]
        await self._settings.set(SETTING, json.dumps(rows))


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
