"""Rounding to the nearest step: as near as a step allows, and exact where the weights are steps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model_foundry.errors import UnknownQuantization
from model_foundry.importing.rounding import FORMS, Form, quantized, rounding
from model_foundry.sharding.stored import EMBEDDING, contents
from model_foundry.weights import Affine, Symmetric
from tests.model_foundry.built import RECIPE
from tests.model_foundry.folders import FAMILIES, plan

Matrices = arrays(np.float32, (2, 64), elements=st.floats(-1000, 1000, width=32))


@settings(max_examples=40, deadline=None)
@given(matrix=Matrices, form=st.sampled_from(FORMS))
def test_no_weight_is_farther_than_half_a_step_and_what_the_halves_round(matrix: np.ndarray, form: Form) -> None:
    result = quantized(matrix, form)
    assert isinstance(result, Affine if form == "q4" else Symmetric)
    step = np.repeat(result.scale.astype(np.float64), 32, axis=1)
    blocks = matrix.reshape(2, 2, 32)
    extent = np.repeat(np.abs(blocks).max(axis=2), 32, axis=1)
    # Scale and minimum are float16: 11 bits, or steps of 2**-24 near 0; 15 or 127 steps add up the scale's.
    slack = extent * 2**-10 + 127 * 2**-24
    assert (np.abs(result.dequantized() - matrix) <= step / 2 + slack).all()
    assert (result.scale != 0).all()


@pytest.mark.parametrize("form", FORMS)
def test_weights_on_the_grid_come_back_exactly(form: Form) -> None:
    random = np.random.default_rng(2)
    low, high = (-8, 7) if form == "q4" else (-127, 127)
    steps = random.integers(low, high + 1, (3, 64)).astype(np.float32)
    steps[:, ::32], steps[:, 1::32] = low, high
    np.testing.assert_array_equal(quantized(steps / 64, form).dequantized(), steps / 64)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("value", [0.0, -0.75, 1e-9])
def test_a_constant_block_is_nearly_its_value_and_has_a_scale(form: Form, value: float) -> None:
    result = quantized(np.full((1, 32), value, np.float32), form)
    np.testing.assert_allclose(result.dequantized(), value, atol=1e-7, rtol=5e-3)
    assert (result.scale != 0).all()


@pytest.mark.parametrize("form", FORMS)
def test_what_has_no_form_is_refused(form: Form) -> None:
    with pytest.raises(UnknownQuantization, match="48 inputs"):
        quantized(np.zeros((2, 48), np.float32), form)
    with pytest.raises(UnknownQuantization, match="float16"):
        quantized(np.full((1, 32), 1e9, np.float32) * np.arange(32, dtype=np.float32), form)


def test_forms_are_chosen_for_layers_and_tables_apart_and_named_when_refused() -> None:
    quantizer = rounding("q4", "q8")
    assert isinstance(quantizer("layers.0.mlp.up", np.ones((1, 32), np.float32)), Affine)
    assert isinstance(quantizer(EMBEDDING, np.ones((1, 32), np.float32)), Symmetric)
    with pytest.raises(UnknownQuantization, match=r"layers\.3\.mlp\.up: 33 inputs"):
        quantizer("layers.3.mlp.up", np.ones((1, 33), np.float32))


def test_dense_weights_cannot_be_stored() -> None:
    with pytest.raises(UnknownQuantization, match="embedding has to be quantized"):
        contents(plan(FAMILIES / "llama").load(RECIPE.source), 1)
