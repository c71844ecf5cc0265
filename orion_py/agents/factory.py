"""Makes agents when they are first needed, one instance per id."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, cast

from orion_py.agents.base import Agent
from orion_py.errors import InvalidConfig, UnknownAgent
from orion_py.language.detector import LanguageDetector, NoDetector
from orion_py.protocol.rows import AbsentRow, AgentRow
from orion_py.registry.models import AgentEntry, Registry

AgentMaker = Callable[[], Agent]
Change = Literal["registered", "replaced", "unregistered"]

_SKILLED = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
"""Ids for which there may be a module."""


def _make(entry: AgentEntry, languages: LanguageDetector) -> Agent:
    """With its skill: ``code-logic`` is made by ``CodeLogicAgent`` in the module ``code_logic`` of this package. An
    entry without such a module is a persona.

    The module is imported with the agent's first question: its patterns take tens of milliseconds to compile, which no
    start need wait for.
    """
    return _skill(entry.id)(entry, languages)


def _persona(entry: AgentEntry, languages: LanguageDetector) -> Agent:
    from orion_py.agents.registered import RegisteredAgent

    return RegisteredAgent(entry, languages)


def _skill(agent_id: str) -> Callable[[AgentEntry, LanguageDetector], Agent]:
    module = f"{__package__}.{agent_id.replace('-', '_')}"
    if not _SKILLED.fullmatch(agent_id):
        return _persona
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return _persona
    name = "".join(part.capitalize() for part in agent_id.split("-")) + "Agent"
    kind: Callable[[AgentEntry, LanguageDetector], Agent] = getattr(found, name, _persona)
    return kind


class AgentFactory:
    """Built-in agents come from the registry; ``register`` adds others at run time.

    ``on_change`` is called with each agent that comes, goes or is replaced at run time. An agent is available when one
    of its models can be loaded: that is looked up, and never said by the agent itself.
    """

    def __init__(
        self,
        registry: Registry,
        languages: LanguageDetector | None = None,
        on_change: Callable[[str, Change], None] = lambda agent_id, change: None,
    ) -> None:
        self._registry, self._languages, self.on_change = registry, languages or NoDetector(), on_change
        self._entries: dict[str, AgentEntry] = {entry.id: entry for entry in registry.agents}
        self._makers: dict[str, AgentMaker] = {
            entry.id: partial(_make, entry, self._languages) for entry in registry.agents
        }
        self._agents: dict[str, Agent] = {}
        self._examples: dict[str, tuple[str, ...]] = {}

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._makers)

    @property
    def examples(self) -> dict[str, tuple[str, ...]]:
        """What the agents that came at run time are to be asked, by their ids."""
        return dict(self._examples)

    def register(self, entry: AgentEntry, maker: AgentMaker | None = None, examples: Sequence[str] = ()) -> None:
        """Adds an agent for as long as the engine runs; without ``maker`` it is a persona over its models
        and no more. Questions like one of ``examples`` are routed to it. A definition that is to be kept
        on the device goes to ``Engine.register_agent``: a maker can't be kept.

        Raises InvalidConfig where the id is taken or no model that it names is known.
        """
        if entry.id in self._makers:
            raise InvalidConfig(f"agents: {entry.id!r} is taken", path="id")
        self._require_models(entry)
        self._take(entry, maker, examples)
        self.on_change(entry.id, "registered")

    def replace(self, entry: AgentEntry, examples: Sequence[str] = ()) -> None:
        """Registers ``entry`` in place of the custom agent of its id. Raises as ``register`` and ``unregister``; then
        the agent stays as it was."""
        self._require_models(entry)
        self._drop(entry.id)
        self._take(entry, None, examples)
        self.on_change(entry.id, "replaced")

    def _require_models(self, entry: AgentEntry) -> None:
        if not self._registry.usable(entry.models) and not self._registry.missing(entry.models):
            raise InvalidConfig(f"models: none of {', '.join(entry.models)} is known", path="models")

    def _take(self, entry: AgentEntry, maker: AgentMaker | None, examples: Sequence[str]) -> None:
        self._entries[entry.id] = entry
        self._makers[entry.id] = maker or partial(_persona, entry, self._languages)
        self._examples[entry.id] = tuple(examples)

    def unregister(self, agent_id: str) -> None:
        """Takes a custom agent back. Raises UnknownAgent, and InvalidConfig for a built-in one."""
        self._drop(agent_id)
        self.on_change(agent_id, "unregistered")

    def _drop(self, agent_id: str) -> None:
        if agent_id not in self._makers:
            raise self._unknown(agent_id)
        if any(entry.id == agent_id for entry in self._registry.agents):
            raise InvalidConfig(f"agents: {agent_id!r} is built in", path="id")
        del self._makers[agent_id], self._entries[agent_id], self._examples[agent_id]
        self._agents.pop(agent_id, None)

    def get(self, agent_id: str) -> Agent:
        """The agent of that id, made on first use. Raises UnknownAgent."""
        if agent_id not in self._agents:
            maker = self._makers.get(agent_id)
            if maker is None:
                raise self._unknown(agent_id)
            self._agents[agent_id] = maker()
        return self._agents[agent_id]

    def models(self, agent_id: str) -> Sequence[str]:
        """The models that the agent names, without making it. Raises UnknownAgent."""
        return self._entry(agent_id).models

    def _unknown(self, agent_id: str) -> UnknownAgent:
        return UnknownAgent(f"{agent_id!r} is none of {', '.join(self._makers)}", agent=agent_id)

    def available(self, agent_id: str) -> bool:
        """Whether one of the agent's models can be loaded here. Raises UnknownAgent."""
        return bool(self._registry.usable(self._entry(agent_id).models))

    def is_textual(self, agent_id: str) -> bool:
        """Whether a model for text alone can replace the agent's own. Raises UnknownAgent."""
        return "chat" in self._entry(agent_id).capabilities

    def can(self, agent_id: str, capability: str) -> bool:
        """Whether the registry says so of the agent. Raises UnknownAgent."""
        return capability in self._entry(agent_id).capabilities

    def title(self, agent_id: str, locale: str) -> str:
        """What people call the agent. Raises UnknownAgent."""
        return self._entry(agent_id).title.in_language(locale)

    def why_not(self, agent_id: str, locale: str) -> str:
        """What is missing for an agent that isn't available, in words for people; else "". Raises
        UnknownAgent."""
        if self.available(agent_id):
            return ""
        missing = self._registry.missing(self._entry(agent_id).models)
        return " ".join(entry.reason.in_language(locale) for entry in missing)

    def describe(self) -> list[AgentRow]:
        """Every agent's registry entry, with ``available``, the ``usable`` ones of its models, and
        whether it is ``custom``."""
        built_in = {entry.id for entry in self._registry.agents}
        return [
            {
                **cast(AgentRow, entry.model_dump(exclude={"topic", "keywords"})),
                "available": self.available(entry.id),
                "usable": list(self._registry.usable(entry.models)),
                "missing": [
                    cast(AbsentRow, absent.model_dump(exclude={"capability"}))
                    for absent in self._registry.missing(entry.models)
                ],
                "custom": entry.id not in built_in,
            }
            for entry in self._entries.values()
        ]

    def _entry(self, agent_id: str) -> AgentEntry:
        if agent_id not in self._entries:
            raise self._unknown(agent_id)
        return self._entries[agent_id]
