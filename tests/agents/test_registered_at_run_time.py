"""An agent that a program registers is routed to at once, by its examples, and leaves without a trace."""

from __future__ import annotations

from orion_py.agents.base import Brief
from orion_py.agents.registered import RegisteredAgent
from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.protocol import InferOptions
from orion_py.registry.models import AgentEntry
from orion_py.telemetry.log import Logger
from tests.tiny import REGISTRY, World, says

ENTRY = AgentEntry.model_validate(REGISTRY["agents"][0] | {"id": "pirate"})
EXAMPLES = ("talk like a pirate to me", "what would a pirate say", "arr, where is the treasure")


class Pirate(RegisteredAgent):
    async def prepare(self, query: str, locale: str, options: InferOptions) -> Brief:
        brief = await super().prepare(query, locale, options)
        return Brief(
            **{
                **{name: getattr(brief, name) for name in brief.__slots__},
                "assistant_prefix": "Arr",
                "answered_by": "engine",
            }
        )


async def test_an_agent_with_a_maker_of_its_own_is_routed_to_and_answers() -> None:
    world = World(says("ok"))
    made = await Engine.start(EngineConfig(), world.ports, Logger(clock=world.clock))
    made.agents.register(ENTRY, lambda: Pirate(ENTRY), EXAMPLES)
    response = await made.infer("please talk like a pirate to me")
    assert (response.agent, response.content) == ("pirate", "Arr")
    made.agents.unregister("pirate")
    assert (await made.infer("please talk like a pirate to me")).agent == "conversation"
    assert made.custom_agents == ()
