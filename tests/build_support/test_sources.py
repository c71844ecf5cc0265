"""What is fetched for a model is what its recipe is for."""

from __future__ import annotations

import pytest

from build_support.models import check_names
from build_support.sources import MODELS
from model_foundry.recipes import load_recipe
from orion_py.registry.load import parse_registry
from tests.test_architecture import ROOT


@pytest.mark.parametrize("name", MODELS)
def test_a_models_source_is_its_recipes(name: str) -> None:
    recipe, source = load_recipe(name), MODELS[name]
    assert source.sha256 == recipe.source_sha256
    registry = parse_registry((ROOT / "models.json").read_text("utf-8"))
    assert registry.model(recipe.model).tier == name


def test_the_official_place_of_large_is_asked_first_and_packages_carry_the_same_bytes() -> None:
    large = MODELS["large"]
    assert large.urls
    assert load_recipe("large").source_revision in large.urls[0]
    assert len(large.members) == 22
    assert {member.version for member in large.members} == {"0.2.0"}


def test_large_is_a_name_of_the_command_line() -> None:
    assert check_names(["lite", "full", "large"]) == ["lite", "full", "large"]
