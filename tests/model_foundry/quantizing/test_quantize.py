"""Quantizing a whole model: which matrix gets which form, and what stays what the model computes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model_foundry.errors import UnknownScheme
from model_foundry.model.description import Layer, Linear, ModelDescription
from model_foundry.model.weights import Affine, Dense, Float32, Matrix, Symmetric
from model_foundry.quantizing.activation_aware import choose_factor, scaled_for_inputs
from model_foundry.quantizing.activations import observe
from model_foundry.quantizing.plan import METHODS, Method, QuantizationPlan
from model_foundry.quantizing.quantize import matrix_names, quantize
from model_foundry.quantizing.round_to_nearest import round_to_nearest
from model_foundry.quantizing.scheme import Scheme
from model_foundry.reference.llama import ReferenceModel
from tests.model_foundry.built import imported
from tests.model_foundry.tiny_gguf import TinyModel

TEXT = "the cat sat on the mat and thought of the thing"
Q3 = Scheme(3, symmetric=False)


def quiet(what: str, done: int, total: int) -> None: ...


@pytest.fixture
def model(tmp_path: Path) -> ModelDescription:
    return imported(tmp_path, TinyModel(tied=False))


def dense(model: ModelDescription) -> ModelDescription:
    """The same model as an importer of floats would give it, with inputs of very different sizes."""

    def floats(linear: Linear) -> Linear:
        return replace(linear, weight=Dense(linear.weight.dequantized()))

    def layer(layer: Layer) -> Layer:
        maps = {field: floats(getattr(layer, field)) for field in ("qkv", "attention_output", "gate", "up", "down")}
        uneven = np.where(np.arange(len(layer.mlp_norm)) % 8 == 0, 12, 1).astype(np.float32)
        return replace(layer, **maps, attention_norm=layer.attention_norm * uneven, mlp_norm=layer.mlp_norm * uneven)

    return replace(model, layers=tuple(layer(one) for one in model.layers))


def logits(model: ModelDescription) -> Float32:
    return ReferenceModel(model).forward([5, 80, 255, 40, 70, 100])


@pytest.mark.parametrize("method", METHODS)
def test_every_matrix_gets_the_form_that_the_plan_has_for_it(model: ModelDescription, method: Method) -> None:
    plan = QuantizationPlan.of(Q3, method, ["layers.*.mlp.down=q6-symmetric", "layers.1.*=keep", "head=q4"])
    made = quantize(model, plan, TEXT, quiet)
    first, second = made.layers
    for matrix in (first.qkv.weight, first.attention_output.weight, first.gate.weight, first.up.weight):
        assert Q3.describes(matrix)
    assert Scheme(6, symmetric=True).describes(first.down.weight)
    assert second.down.weight is model.layers[1].down.weight  # the later override counts
    assert isinstance(made.head, Affine)
    assert made.head.bits == 4
    assert isinstance(made.embedding, Symmetric)


def test_a_matrix_that_has_its_form_already_is_left_alone(model: ModelDescription) -> None:
    for method in METHODS:
        made = quantize(model, QuantizationPlan.of(Scheme.parse("q4"), method), TEXT, quiet)
        assert made.layers[0].qkv.weight is model.layers[0].qkv.weight
        assert made.embedding is model.embedding


def test_an_override_that_matches_nothing_is_refused_with_the_names_that_there_are(model: ModelDescription) -> None:
    with pytest.raises(UnknownScheme, match=r"layers\.0\.mlp\.down"):
        quantize(model, QuantizationPlan.of(Q3, "rtn", ["mlp.down=q6"]), TEXT, quiet)
    for text in ("q6", "=q6", "head=q7", "head=zero"):
        with pytest.raises(UnknownScheme):
            QuantizationPlan.of(Q3, "rtn", [text])
    assert "head" in matrix_names(model)


def test_scaling_for_activations_does_not_change_what_the_model_computes(model: ModelDescription) -> None:
    floats = dense(model)

    def rounded(name: str, weight: Float32) -> Matrix:
        return round_to_nearest(weight, Q3)

    scaled, factors = scaled_for_inputs(floats, observe(floats, TEXT), rounded, lambda name, matrix: False, quiet)
    assert factors
    assert not np.array_equal(scaled.layers[0].mlp_norm, floats.layers[0].mlp_norm)
    np.testing.assert_allclose(logits(scaled), logits(floats), rtol=2e-3, atol=2e-3)


def test_factors_raise_inputs_that_are_large_and_lower_the_error() -> None:
    random = np.random.default_rng(3)
    weight = random.normal(0, 1, (64, 64)).astype(np.float32)
    inputs = random.normal(0, 1, (100, 64)).astype(np.float32)
    inputs[:, ::16] *= 30
    factor = choose_factor({"w": weight}, inputs, lambda name, matrix: round_to_nearest(matrix, Q3))
    assert factor is not None
    assert factor[::16].min() > np.delete(factor, np.s_[::16]).max()

    def error(weights: Float32) -> float:
        return float(np.square(inputs @ (weights - weight).T).sum())

    scaled = round_to_nearest(weight * factor, Q3).dequantized() / factor
    assert error(scaled) < 0.5 * error(round_to_nearest(weight, Q3).dequantized())


def test_each_step_from_plain_rounding_brings_uneven_inputs_closer_to_the_original(model: ModelDescription) -> None:
    floats = dense(model)
    original = logits(floats)

    def missed(method: Method) -> float:
        made = quantize(floats, QuantizationPlan.of(Q3, method), TEXT, quiet)
        return float(np.square(logits(made) - original).mean())

    assert missed("k-quant") < missed("rtn")
    assert missed("awq") < missed("rtn")


def test_activations_are_those_of_every_map_and_every_token_counts_alike(model: ModelDescription) -> None:
    activations = observe(model, TEXT)
    assert set(activations.inputs) == {name for name in matrix_names(model) if name != "embedding"}
    for inputs in activations.inputs.values():
        np.testing.assert_allclose(np.square(inputs).mean(axis=1), 1, rtol=1e-3)
    assert activations.importance("embedding") is None
