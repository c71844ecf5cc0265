"""A merge recipe is read as mergekit reads it; what isn't known is refused by its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_foundry.errors import FoundryError, MalformedMerge
from model_foundry.merging.parameters import evaluated, first_value
from model_foundry.merging.plain_yaml import MAX_BYTES, read_yaml
from model_foundry.merging.recipe import OTHER_METHODS, Conditional, load_recipe
from model_foundry.recipes import FOLDER
from tests.model_foundry.merging.written import recipe_from

PLAIN = "merge_method: linear\nmodels: [{model: a, parameters: {weight: 1}}]\n"


def refused(text: str, match: str) -> None:
    with pytest.raises(MalformedMerge, match=match):
        recipe_from(text)


@pytest.mark.parametrize("key", ["modules", "chat_template", "residual_weight", "name", "slicez"])
def test_a_key_that_isnt_known_is_refused_by_its_name(key: str) -> None:
    refused(f"{PLAIN}{key}: x\n", key)


def test_a_faulty_key_deep_inside_is_told_with_its_place() -> None:
    refused(
        "merge_method: linear\nmodels: [{model: a, parametres: {}}]", r"models\.0\.parametres: .*parametres is unknown"
    )
    refused(PLAIN + "tokenizer: {tokens: {x: {}}}", "tokens .*mergekit's")
    refused("merge_method: slerp\nparameters: {t: high}\nmodels: [{model: a}]", r"parameters\.t")
    refused("merge_method: slerp\nparameters: {t: .inf}\nmodels: [{model: a}]", r"parameters\.t")
    refused("merge_method: slerp\nparameters: {t: []}\nmodels: [{model: a}]", r"parameters\.t")


@pytest.mark.parametrize("method", OTHER_METHODS)
def test_a_method_that_only_mergekit_has_is_refused_by_its_name(method: str) -> None:
    refused(PLAIN.replace("linear", method), f"{method} is mergekit's and isn't known here; known are linear")


def test_a_method_that_nobody_has_is_refused() -> None:
    refused(PLAIN.replace("linear", "stir"), "merge_method")


def test_adapters_revisions_and_other_forms_of_a_model_are_refused_by_name() -> None:
    refused(PLAIN.replace("model: a", "model: a+lora"), "adapter")
    refused(PLAIN.replace("model: a", "model: a@main"), "revision")
    refused(PLAIN.replace("model: a", "model: {model: a, override_architecture: X}"), "override_architecture")
    long = recipe_from(PLAIN.replace("model: a", "model: {model: {path: a}}"))
    assert long.names == ("a",)


def test_a_recipe_has_models_or_slices_and_one_kind_of_tokenizer() -> None:
    refused("merge_method: linear", "either models or slices")
    refused(PLAIN + "slices: [{sources: [{model: a, layer_range: [0, 1]}]}]", "either models or slices")
    refused(PLAIN + "tokenizer_source: base\ntokenizer: {source: base}", "either tokenizer_source or tokenizer")


def test_slices_need_layers_and_as_many_of_each_source() -> None:
    refused("merge_method: linear\nslices: [{sources: [{model: a, layer_range: [3, 3]}]}]", "holds no layer")
    refused("merge_method: linear\nslices: [{sources: [{model: a, layer_range: [-1, 3]}]}]", "layer_range")
    sources = "[{model: a, layer_range: [0, 2]}, {model: b, layer_range: [0, 3]}]"
    refused(f"merge_method: linear\nslices: [{{sources: {sources}}}]", "different numbers of layers")


def test_names_are_told_once_with_the_base_first() -> None:
    recipe = recipe_from("merge_method: ties\nmodels: [{model: b}, {model: a}, {model: base}]\nbase_model: base")
    assert recipe.names == ("base", "b", "a")


@pytest.mark.parametrize("path", sorted((FOLDER / "merges").rglob("*.yaml")), ids=lambda path: path.stem)
def test_the_recipes_that_come_along_are_read(path: Path) -> None:
    assert {"code", "reference"} <= set(load_recipe(path).names) or load_recipe(path).merge_method == "slerp"


def test_the_hybrids_have_the_shares_of_their_names() -> None:
    shares = {path.stem: load_recipe(path).parameters["t"] for path in (FOLDER / "merges").glob("*.yaml")}
    assert shares["orion-code-logic"] == 0.5
    assert shares["orion-creative-multilingual"] == 0.3
    assert evaluated(shares["orion-vision-logic"], "lm_head.weight", 0) == 0.4


def test_the_vision_encoder_is_kept_whole() -> None:
    recipe = load_recipe(FOLDER / "merges" / "orion-vision-logic.yaml")
    assert evaluated(recipe.parameters["t"], "visual.blocks.3.attn.qkv.weight", 0.5) == 0
    assert evaluated(recipe.parameters["t"], "model.layers.3.mlp.up_proj.weight", 0.5) == 0.4


# YAML


def test_aliases_are_refused_before_they_are_followed() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20)
    )
    refused(bomb, "anchor or alias in line 1")


def test_a_recipe_is_bounded_in_size_and_depth(tmp_path: Path) -> None:
    refused("merge_method: " + "[" * 5000, "nested deeper")
    path = tmp_path / "big.yml"
    path.write_text("#" * (MAX_BYTES + 1))
    with pytest.raises(MalformedMerge, match="larger than"):
        read_yaml(path)
    with pytest.raises(MalformedMerge, match="can't be read"):
        read_yaml(tmp_path / "none.yml")
    path.write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(MalformedMerge, match="UTF-8"):
        read_yaml(path)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("!!python/object/apply:os.system [echo]", "type tag:yaml.org,2002:python"),
        ("a: !x y", "type !x"),
        ("a: 2001-01-01", "timestamp"),
        ("a: 1\na: 2", "key a stands twice in line 2"),
        ("1: a", "a key isn't a text"),
        ("<<: {a: 1}", "a key isn't a text"),
        ("- a", "isn't a mapping"),
        ("", "isn't a mapping"),
        ("a: [", "isn't YAML"),
        ("a: 1\n---\nb: 2", "isn't YAML"),
    ],
)
def test_yaml_that_is_more_than_plain_data_is_refused(text: str, match: str) -> None:
    refused(text, match)


@given(st.text(max_size=200) | st.text("[]{}:,-&*!|>'\"#%@ \nabc01", max_size=60))
def test_any_text_is_a_recipe_or_a_told_fault(text: str) -> None:
    told = ""
    try:
        recipe_from(text)
    except FoundryError as error:
        told = str(error)
    assert "\n" not in told


def test_a_number_in_scientific_notation_is_a_number() -> None:
    assert recipe_from(PLAIN.replace("weight: 1", "weight: 1e-1")).models[0].parameters == {"weight": 0.1}  # type: ignore[index]


# parameters


def test_a_gradient_is_interpolated_over_the_layers() -> None:
    assert [evaluated([0.0, 1.0, 0.0], "x", position) for position in (0, 0.25, 0.5, 0.75, 1)] == [0, 0.5, 1, 0.5, 0]
    assert evaluated([0.3], "x", 0.7) == 0.3


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=9), st.floats(0, 1))
def test_a_gradient_never_leaves_its_values(gradient: list[float], position: float) -> None:
    value = evaluated(gradient, "x", position)
    assert value is not None
    assert min(gradient) - 1e-9 <= value <= max(gradient) + 1e-9


def test_the_first_filter_that_fits_wins_and_without_any_the_next_scope_speaks() -> None:
    setting = [Conditional(filter="mlp", value=0.1), Conditional(filter="*", value=[0, 1])]
    assert evaluated(setting, "model.layers.0.mlp.up_proj.weight", 0.5) == 0.1
    assert evaluated(setting, "lm_head.weight", 0.5) == 0.5
    only = [Conditional(filter="mlp", value=0.1)]
    assert evaluated(only, "lm_head.weight", 0.5) is None
    assert first_value([{"t": only}, {"t": 0.9}], "t", "lm_head.weight", 0.5) == 0.9
    assert first_value([{"t": only}], "t", "lm_head.weight", 0.5) is None


def test_half_a_character_is_refused_where_it_stands() -> None:
    refused(PLAIN.replace("model: a", 'model: "\\ud800"'), "half of a character in line 2")
    refused(PLAIN + '"\\udfff": 1\n', "half of a character in line 3")
