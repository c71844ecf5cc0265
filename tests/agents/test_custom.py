"""Agents that a person makes: kept, restored, replaced, refused."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from orion_py.agents.custom import MOST, SETTING, CustomAgents
from orion_py.agents.factory import AgentFactory
from orion_py.errors import InvalidConfig, OrionError, UnknownAgent
from orion_py.protocol import AgentDefinition, InferOptions
from orion_py.registry.load import parse_registry
from orion_py.storage.memory_settings import MemorySettings
from tests.tiny import REGISTRY

REGISTRY_MODEL = parse_registry(json.dumps(REGISTRY))


def made(agent_id: str = "barman", **more: object) -> AgentDefinition:
    fields = {"id": agent_id, "name": "Barman", "prompt": "You mix drinks.", "examples": ["How do I make a mojito?"]}
    return AgentDefinition.model_validate(fields | more)


def agents(settings: MemorySettings) -> tuple[CustomAgents, AgentFactory, list[OrionError]]:
    factory, skipped = AgentFactory(REGISTRY_MODEL), []
    return CustomAgents(settings, REGISTRY_MODEL, factory, skipped.append), factory, skipped


async def test_what_is_registered_is_there_and_back_after_a_restart() -> None:
    settings = MemorySettings()
    custom, factory, _ = agents(settings)
    await custom.register(made(code="async def respond(request, llm): return 'hi'", temperature=0.2))
    assert "barman" in factory.ids
    again, other, skipped = agents(settings)
    await again.restore()
    assert again.definitions == custom.definitions
    assert other.examples == {"barman": ("How do I make a mojito?",)}
    brief = await other.get("barman").prepare("A mojito?", "fr", InferOptions())
    assert (brief.system, brief.sampling.temperature) == ("You mix drinks.", 0.2)
    assert skipped == []


async def test_its_description_says_whether_it_has_code() -> None:
    custom, factory, _ = agents(MemorySettings())
    await custom.register(made())
    await custom.register(made("coded", code="x = 1"))
    told = {row["id"]: (row["custom"], row["capabilities"]) for row in factory.describe()}
    assert told["barman"] == (True, ())
    assert told["coded"] == (True, ("custom-code",))


async def test_a_prompt_may_be_given_for_one_answer() -> None:
    custom, factory, _ = agents(MemorySettings())
    await custom.register(made())
    brief = await factory.get("barman").prepare("A mojito?", "en", InferOptions(system="Rhyme."))
    assert brief.system == "Rhyme."


async def test_registering_again_replaces() -> None:
    custom, factory, _ = agents(MemorySettings())
    await custom.register(made())
    await custom.register(made(prompt="You shake drinks."))
    assert [d.prompt for d in custom.definitions] == ["You shake drinks."]
    assert (await factory.get("barman").prepare("x", "en", InferOptions())).system == "You shake drinks."


async def test_built_in_agents_can_be_neither_replaced_nor_removed() -> None:
    custom, _, _ = agents(MemorySettings())
    with pytest.raises(InvalidConfig, match="taken"):
        await custom.register(made("conversation"))
    with pytest.raises(UnknownAgent, match="custom"):
        await custom.unregister("conversation")
    assert custom.definitions == ()


async def test_an_agent_goes_for_good() -> None:
    settings = MemorySettings()
    custom, factory, _ = agents(settings)
    await custom.register(made())
    await custom.unregister("barman")
    assert "barman" not in factory.ids
    assert await settings.get(SETTING) == "[]"


async def test_there_is_a_most() -> None:
    custom, _, _ = agents(MemorySettings())
    for number in range(MOST):
        await custom.register(made(f"agent-{number}"))
    with pytest.raises(InvalidConfig, match="most"):
        await custom.register(made("one-more"))
    await custom.register(made("agent-3", name="Renamed"))


async def test_what_was_kept_and_is_broken_is_left_out_and_told() -> None:
    settings = MemorySettings()
    await settings.set(SETTING, json.dumps([{"id": "X"}, made("conversation").model_dump(), made().model_dump()]))
    custom, _factory, skipped = agents(settings)
    await custom.restore()
    assert [d.id for d in custom.definitions] == ["barman"]
    assert len(skipped) == 2
    await settings.set(SETTING, "not JSON")
    other, _, _ = agents(settings)
    await other.restore()
    assert other.definitions == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "Bar Man"),
        ("id", ""),
        ("name", ""),
        ("name", "x" * 61),
        ("prompt", ""),
        ("prompt", "x" * 4001),
        ("examples", ["x"] * 21),
        ("examples", [""]),
        ("code", "x" * 20_001),
        ("temperature", 6),
        ("max_tokens", 5000),
        ("surprise", 1),
    ],
)
def test_limits_are_named(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        made(**{field: value}) if field != "id" else made(str(value))
