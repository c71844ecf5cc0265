from __future__ import annotations

import json

import pytest

from orion_py.agents.factory import AgentFactory
from orion_py.agents.registered import RegisteredAgent
from orion_py.errors import InvalidConfig, UnknownAgent
from orion_py.registry.load import parse_registry
from orion_py.registry.models import AgentEntry
from tests.tiny import REGISTRY

ABSENT = {"id": "eyes", "title": "Eyes", "reason": {"en": "No eyes here.", "fr": "Pas d'yeux ici."}}
VISION = REGISTRY["agents"][0] | {"id": "vision", "models": ["eyes"]}
REGISTRY_WITH_ABSENT = parse_registry(
    json.dumps(REGISTRY | {"absent": [ABSENT], "agents": [*REGISTRY["agents"], VISION]})
)
MINE = AgentEntry.model_validate(REGISTRY["agents"][0] | {"id": "mine"})


def test_an_agent_is_made_when_first_asked_for_and_once() -> None:
    made = []
    factory = AgentFactory(REGISTRY_WITH_ABSENT)
    factory.register(MINE, lambda: made.append(1) or RegisteredAgent(MINE))
    assert made == []
    assert factory.get("mine") is factory.get("mine")
    assert made == [1]


def test_custom_agents_come_and_go_and_listeners_hear_of_it() -> None:
    heard = []
    factory = AgentFactory(REGISTRY_WITH_ABSENT, on_change=lambda agent, change: heard.append((agent, change)))
    factory.register(MINE)
    assert "mine" in factory.ids
    factory.unregister("mine")
    assert heard == [("mine", "registered"), ("mine", "unregistered")]
    with pytest.raises(UnknownAgent, match="mine"):
        factory.get("mine")


def test_an_id_can_be_taken_only_once() -> None:
    with pytest.raises(InvalidConfig, match="taken"):
        AgentFactory(REGISTRY_WITH_ABSENT).register(MINE.model_copy(update={"id": "conversation"}))


def test_a_custom_agent_needs_a_model_that_is_known() -> None:
    with pytest.raises(InvalidConfig, match="huge"):
        AgentFactory(REGISTRY_WITH_ABSENT).register(MINE.model_copy(update={"models": ("huge",)}))


def test_built_in_agents_stay() -> None:
    factory = AgentFactory(REGISTRY_WITH_ABSENT)
    with pytest.raises(InvalidConfig, match="built in"):
        factory.unregister("conversation")
    with pytest.raises(UnknownAgent):
        factory.unregister("nobody")


def test_an_agent_without_its_model_is_not_available_and_says_what_is_missing() -> None:
    factory = AgentFactory(REGISTRY_WITH_ABSENT)
    assert (factory.available("conversation"), factory.available("vision")) == (True, False)
    assert factory.why_not("vision", "fr") == "Pas d'yeux ici."
    assert factory.why_not("conversation", "fr") == ""


def test_the_description_tells_what_is_available_and_what_is_custom() -> None:
    factory = AgentFactory(REGISTRY_WITH_ABSENT)
    factory.register(MINE)
    told = {a["id"]: (a["available"], a["usable"], a["custom"]) for a in factory.describe()}
    assert told == {
        "conversation": (True, ["tiny"], False),
        "vision": (False, [], False),
        "mine": (True, ["tiny"], True),
    }


@pytest.mark.parametrize(
    ("agent_id", "made"),
    [
        ("conversation", "ConversationAgent"),
        ("code-logic", "CodeLogicAgent"),
        ("creative-multilingual", "CreativeMultilingualAgent"),
        ("vision", "VisionAgent"),
        ("styles", "RegisteredAgent"),
        ("a.b", "RegisteredAgent"),
        ("json", "RegisteredAgent"),
    ],
)
def test_an_entry_has_the_skill_of_the_module_with_its_name_and_else_none(agent_id: str, made: str) -> None:
    entry = REGISTRY["agents"][0] | {"id": agent_id}
    factory = AgentFactory(parse_registry(json.dumps(REGISTRY | {"agents": [entry]})))
    assert type(factory.get(agent_id)).__name__ == made


def test_an_agent_that_comes_at_run_time_is_a_persona_whatever_its_name() -> None:
    factory = AgentFactory(REGISTRY_WITH_ABSENT)
    factory.register(MINE.model_copy(update={"id": "logical"}))
    assert type(factory.get("logical")) is RegisteredAgent
