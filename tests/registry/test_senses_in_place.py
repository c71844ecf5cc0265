"""A model that the site doesn't have is replaced by senses, as soon as the site has all of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orion_py.agents.factory import AgentFactory
from orion_py.registry.built import only_built
from orion_py.registry.load import parse_registry
from orion_py.registry.models import Registry

TEXT = (Path(__file__).parents[2] / "models.json").read_text("utf-8")
EYES = ("ppocr-v6-small", "nanodet-416", "efficientnet-lite0")
SEEING = ("vision", "vision-logic")


def built_with(*names: str) -> Registry:
    """The registry of a site with Lite and ``names``."""
    return parse_registry(
        only_built(TEXT, lambda manifest: any(name in manifest for name in ("smollm2-135m-instruct", *names)))
    )


@pytest.mark.parametrize("agent", SEEING)
def test_with_all_that_sees_an_agent_that_sees_answers_with_the_first_agents_models(agent: str) -> None:
    registry = built_with(*EYES)
    agents = AgentFactory(registry)
    assert agents.available(agent)
    assert registry.usable(agents.models(agent)) == ("smollm2-135m-instruct",)
    assert agents.why_not(agent, "en") == ""
    assert not next(row for row in agents.describe() if row["id"] == agent)["missing"]


@pytest.mark.parametrize("agent", SEEING)
def test_with_a_part_of_it_the_agent_says_what_is_missing(agent: str) -> None:
    agents = AgentFactory(built_with(*EYES[:2]))
    assert not agents.available(agent)
    assert "without the models" in agents.why_not(agent, "en")


def test_it_sees_as_soon_as_the_site_has_grown() -> None:
    registry = built_with()
    agents = AgentFactory(registry)
    assert not agents.available("vision")
    registry.grow(built_with(*EYES))
    assert agents.available("vision")


def test_a_model_that_no_sense_replaces_stays_absent() -> None:
    assert not AgentFactory(built_with(*EYES)).available("speech")


def test_an_agents_own_models_come_before_what_replaces_another() -> None:
    listed = json.loads(only_built(TEXT, lambda manifest: True))
    vision = next(agent for agent in listed["agents"] if agent["id"] == "vision")
    vision["models"] = ["smollm2-135m-instruct", "orion-vision"]
    registry = parse_registry(json.dumps(listed))
    usable = registry.usable(AgentFactory(registry).models("vision"))
    assert usable[0] == "smollm2-135m-instruct"
    assert len(usable) == len(set(usable)) > 1
