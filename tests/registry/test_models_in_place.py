"""A model that sees, where a site has one, takes the place of the absent one that agents for pictures name."""

from __future__ import annotations

from pathlib import Path

import pytest

from orion_py.agents.factory import AgentFactory
from orion_py.registry.built import only_built
from orion_py.registry.load import parse_registry
from orion_py.registry.models import Registry

TEXT = (Path(__file__).parents[2] / "models.json").read_text("utf-8")
LITE, EYES = "smollm2-135m-instruct", ("ppocr-v6-small", "nanodet-416", "efficientnet-lite0")
SEEING = ("vision", "vision-logic")


def built_with(*names: str) -> Registry:
    """The registry of a site with Lite and ``names``."""
    manifests = {f"models/{name}/manifest.json" for name in (LITE, *names)}
    return parse_registry(only_built(TEXT, manifests.__contains__))


@pytest.mark.parametrize("agent", SEEING)
def test_it_comes_before_what_the_senses_replace(agent: str) -> None:
    registry = built_with("smolvlm-256m", "smolvlm-256m-eyes", *EYES)
    assert registry.usable(AgentFactory(registry).models(agent)) == ("smolvlm-256m", LITE)


@pytest.mark.parametrize("agent", SEEING)
def test_it_is_enough_for_the_agent_and_nothing_is_missing(agent: str) -> None:
    registry = built_with("smolvlm-500m", "smolvlm-500m-eyes", "smolvlm-256m", "smolvlm-256m-eyes")
    agents = AgentFactory(registry)
    assert agents.available(agent)
    assert registry.usable(agents.models(agent)) == ("smolvlm-500m", "smolvlm-256m")
    assert registry.missing(agents.models(agent)) == ()
    assert agents.why_not(agent, "fr") == ""


def test_other_agents_answer_as_without_it() -> None:
    registry = built_with("smolvlm-256m", "smolvlm-256m-eyes")
    agents = AgentFactory(registry)
    assert registry.usable(agents.models("conversation")) == (LITE,)
    assert not agents.available("speech")


def test_each_model_that_sees_has_its_encoder_among_the_senses() -> None:
    registry = parse_registry(TEXT)
    seeing = [entry.id for entry in registry.models if "vision" in entry.capabilities]
    assert seeing == ["smolvlm-500m", "smolvlm-256m", "qwen2-vl-2b"]
    assert {f"{model}-eyes" for model in seeing} <= {entry.id for entry in registry.senses}
