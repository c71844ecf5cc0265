"""Makes agents when they are first needed, one instance per id."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from orion_py.agents.base import Agent
from orion_py.agents.registered import RegisteredAgent
from orion_py.errors import InvalidConfig, UnknownAgent
from orion_py.registry.models import Registry

AgentMaker = Callable[[], Agent]


class AgentFactory:
    """Built-in agents come from the registry; ``register`` adds others at run time."""

    def __init__(self, registry: Registry) -> None:
        self._makers: dict[str, AgentMaker] = {entry.id: partial(RegisteredAgent, entry) for entry in registry.agents}
        self._agents: dict[str, Agent] = {}

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._makers)

    def register(self, agent_id: str, maker: AgentMaker) -> None:
        """Raises InvalidConfig where the id is taken."""
        if agent_id in self._makers:
            raise InvalidConfig(f"agents: {agent_id!r} is taken", path="id")
        self._makers[agent_id] = maker

    def get(self, agent_id: str) -> Agent:
        """The agent of that id, made on first use. Raises UnknownAgent."""
        if agent_id not in self._agents:
            maker = self._makers.get(agent_id)
            if maker is None:
                raise UnknownAgent(f"{agent_id!r} is none of {', '.join(self._makers)}", agent=agent_id)
            self._agents[agent_id] = maker()
        return self._agents[agent_id]
