"""A site without some of the models says so, and its agents go on with those that are there."""

from __future__ import annotations

import json
from pathlib import Path

from orion_py.registry.built import only_built
from orion_py.registry.load import parse_registry
from tests.registry.test_load import ABSENT, AGENT, GOOD, MODEL

LARGE = MODEL | {"id": "large", "title": "Large", "manifest": "models/large/manifest.json", "tier": "full"}
TEXT = json.dumps(
    GOOD
    | {
        "models": [LARGE, MODEL],
        "agents": [AGENT | {"models": ["large", "tiny"]}],
        "absent": [ABSENT],
        "recommendations": {"production": "large", "low_end": "tiny"},
    }
)


def test_a_model_that_isnt_built_is_absent_with_a_reason() -> None:
    registry = parse_registry(only_built(TEXT, lambda manifest: "tiny" in manifest))
    assert [entry.id for entry in registry.models] == ["tiny"]
    assert [entry.id for entry in registry.absent] == ["eyes", "large"]
    assert registry.absent[1].reason.in_language("fr") == "Ce site a été construit sans Large."


def test_agents_go_on_with_their_next_model_and_recommendations_with_one_that_is_there() -> None:
    registry = parse_registry(only_built(TEXT, lambda manifest: "tiny" in manifest))
    assert registry.usable(registry.agents[0].models) == ("tiny",)
    assert registry.recommendations == {"production": "tiny", "low_end": "tiny"}


def test_a_registry_all_or_none_of_whose_models_is_built_stays_as_it_is() -> None:
    assert only_built(TEXT, lambda manifest: True) == TEXT
    assert only_built(TEXT, lambda manifest: False) == TEXT


def test_without_the_full_model_every_text_agent_of_this_project_answers_with_lite() -> None:
    text = (Path(__file__).parents[2] / "models.json").read_text("utf-8")
    whole, lite = parse_registry(text), parse_registry(only_built(text, lambda manifest: "smollm2" in manifest))
    for agent in whole.groups["text"]:
        entry = next(entry for entry in whole.agents if entry.id == agent)
        assert whole.usable(entry.models) == (
            "qwen2.5-coder-1.5b-instruct",
            "qwen2.5-coder-0.5b-instruct",
            "smollm2-135m-instruct",
        )
        assert lite.usable(entry.models) == ("smollm2-135m-instruct",)
