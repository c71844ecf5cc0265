"""The registry and its schema as they stand at the repository's root."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orion_py.config import PRESETS
from orion_py.manifest.reading import parse_manifest
from orion_py.registry.load import parse_registry
from orion_py.registry.schema import FILE, schema_text

ROOT = Path(__file__).parents[2]


def test_the_schema_is_what_the_classes_say() -> None:
    assert FILE.read_text(encoding="utf-8") == schema_text(), "run: python -m orion_py.registry.schema"


def test_the_registry_passes_its_own_schema() -> None:
    registry = parse_registry((ROOT / "models.json").read_text(encoding="utf-8"))
    assert registry.agents[0].id == "conversation"
    assert registry.model("smollm2-135m-instruct").manifest == "models/smollm2-135m-instruct/manifest.json"


def test_the_agents_that_the_project_was_created_for_are_there_in_their_order() -> None:
    registry = parse_registry((ROOT / "models.json").read_text(encoding="utf-8"))
    text = ("conversation", "code", "logical", "creative", "multilingual")
    hybrids = ("code-logic", "creative-multilingual", "vision-logic")
    wanted = (*text, "vision", "speech", *hybrids)
    assert tuple(agent.id for agent in registry.agents if agent.id in wanted) == wanted
    assert registry.groups["text"][: len(text)] == text
    assert all(registry.usable(agent.models) for agent in registry.agents if agent.id in text)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_prompts_are_short_enough_for_a_small_model(language: str) -> None:
    registry = parse_registry((ROOT / "models.json").read_text(encoding="utf-8"))
    prompts = [agent.system.in_language(language) for agent in registry.agents]
    assert max(map(len, prompts)) < 130
    assert all("ORION" in prompt for prompt in prompts)


def test_every_device_class_has_a_recommendation() -> None:
    registry = parse_registry((ROOT / "models.json").read_text(encoding="utf-8"))
    assert set(registry.recommendations) == set(PRESETS)


def test_the_schema_refuses_unknown_fields_as_the_classes_do() -> None:
    schema = json.loads(schema_text())
    objects = [schema, *schema["$defs"].values()]
    assert all(part.get("additionalProperties") is False for part in objects if part.get("type") == "object")


@pytest.mark.model
def test_a_built_model_is_as_large_as_the_registry_says(lite_manifest: Path) -> None:
    manifest = parse_manifest(lite_manifest.read_bytes())
    entry = parse_registry((ROOT / "models.json").read_text(encoding="utf-8")).model(manifest.model)
    largest = max(sum(shard.size for shard in manifest.shards_for(variant)) for variant in manifest.variants)
    assert abs(entry.download_bytes - largest) <= 0.02 * largest
