"""Rounding to blocks: how far a weight may land from where it was, and what stays as it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model_foundry.commands.folder import LAYERS, TABLES
from model_foundry.errors import UnknownQuantization, UnknownScheme, UnquantizableMatrix
from model_foundry.model.weights import Affine, Float32, Symmetric
from model_foundry.quantizing.k_quant import k_quant
from model_foundry.quantizing.round_to_nearest import round_to_nearest, rounding
from model_foundry.quantizing.scheme import Scheme
from model_foundry.sharding.stored import EMBEDDING, contents
from orion_py.manifest.bit_stream import pack, unpack
from orion_py.manifest.stored_names import WIDTHS
from tests.model_foundry.built import RECIPE
from tests.model_foundry.folders import FAMILIES, plan

SCHEMES = [Scheme(bits, symmetric) for bits in WIDTHS for symmetric in (True, False)]
schemes = st.sampled_from(SCHEMES)
matrices = arrays(
    np.float32, st.tuples(st.integers(1, 3), st.sampled_from([32, 64, 96])), elements=st.floats(-8, 8, width=32)
)


def scales(matrix: Affine | Symmetric) -> Float32:
    return np.repeat(matrix.scale.astype(np.float32), 32, axis=1)


def random_matrix(n: int = 64, k: int = 128, seed: int = 1) -> Float32:
    return np.random.default_rng(seed).standard_t(4, (n, k)).astype(np.float32) * np.float32(0.05)


@given(matrices, schemes)
def test_a_weight_lands_within_half_a_scale_but_for_the_grids_own_rounding(weights: Float32, scheme: Scheme) -> None:
    matrix = round_to_nearest(weights, scheme)
    grid_rounding = np.abs(weights).max() * 2.0**-10 + 2**scheme.bits * 6e-8
    assert (np.abs(matrix.dequantized() - weights) <= scales(matrix) / 2 + grid_rounding).all()


@given(matrices, schemes)
def test_quants_stay_within_their_bits_and_scales_are_positive(weights: Float32, scheme: Scheme) -> None:
    for matrix in (round_to_nearest(weights, scheme), k_quant(weights, scheme)):
        assert scheme.describes(matrix)
        quants = matrix.unsigned() if isinstance(matrix, Symmetric) else matrix.quants
        assert quants.max() < 2**scheme.bits
        assert (matrix.scale > 0).all()
        assert np.isfinite(matrix.scale).all()
        np.testing.assert_array_equal(unpack(pack(quants, scheme.bits), scheme.bits), quants)


@given(matrices, schemes)
def test_weights_whose_blocks_span_their_grid_round_to_themselves(weights: Float32, scheme: Scheme) -> None:
    once = round_to_nearest(weights, scheme)
    quants = (once.unsigned() if isinstance(once, Symmetric) else once.quants).copy().reshape(len(weights), -1, 32)
    quants[..., 0], quants[..., 1] = 2**scheme.bits - 1, 0 if isinstance(once, Affine) else 1
    quants = quants.reshape(weights.shape)
    spanning: Affine | Symmetric
    if isinstance(once, Affine):
        spanning = Affine(once.bits, quants, once.scale, once.minimum)
    else:
        centred = quants.astype(np.int16) - 2 ** (once.bits - 1)
        spanning = Symmetric(once.bits, np.maximum(centred, 1 - 2 ** (once.bits - 1)).astype(np.int8), once.scale)
    again = round_to_nearest(spanning.dequantized(), scheme)
    np.testing.assert_allclose(again.dequantized(), spanning.dequantized(), rtol=2e-3, atol=1e-6)


@given(matrices, schemes)
def test_no_block_comes_out_of_the_search_worse_than_of_plain_rounding(weights: Float32, scheme: Scheme) -> None:
    plain = np.square(round_to_nearest(weights, scheme).dequantized() - weights).reshape(-1, 32).sum(axis=1)
    found = np.square(k_quant(weights, scheme).dequantized() - weights).reshape(-1, 32).sum(axis=1)
    assert (found <= plain * 1.001 + 1e-6).all()


@pytest.mark.parametrize("scheme", [scheme for scheme in SCHEMES if scheme.bits <= 4], ids=str)
def test_the_search_leaves_clearly_less_error_at_few_bits(scheme: Scheme) -> None:
    weights = random_matrix()
    plain = np.square(round_to_nearest(weights, scheme).dequantized() - weights).sum()
    found = np.square(k_quant(weights, scheme).dequantized() - weights).sum()
    assert found < 0.9 * plain


def test_the_search_spends_its_precision_on_inputs_that_matter() -> None:
    weights, importance = random_matrix(), np.full(128, 0.01, np.float32)
    importance[::7] = 100.0
    scheme = Scheme(3, symmetric=False)

    def missed(found: Float32) -> float:
        return float((np.square(found - weights) * importance).sum())

    informed = missed(k_quant(weights, scheme, importance).dequantized())
    assert informed < 0.5 * missed(k_quant(weights, scheme).dequantized())


def test_more_bits_leave_less_error() -> None:
    weights = random_matrix()
    for symmetric in (True, False):
        errors = [
            float(np.square(k_quant(weights, Scheme(bits, symmetric)).dequantized() - weights).sum()) for bits in WIDTHS
        ]
        assert errors == sorted(errors, reverse=True)


def test_a_constant_block_and_a_block_of_zeros_are_exact() -> None:
    weights = np.concatenate([np.full((1, 32), 0.5, np.float32), np.zeros((1, 32), np.float32)], axis=1)
    for scheme in (Scheme(2, symmetric=False), Scheme(4, symmetric=False)):
        np.testing.assert_array_equal(round_to_nearest(weights, scheme).dequantized(), weights)
        np.testing.assert_array_equal(k_quant(weights, scheme).dequantized(), weights)


def test_what_has_no_blocks_or_no_float16_is_refused() -> None:
    with pytest.raises(UnquantizableMatrix, match="33"):
        round_to_nearest(np.zeros((1, 33), np.float32), SCHEMES[0])
    with pytest.raises(UnquantizableMatrix, match="float16"):
        round_to_nearest(np.full((1, 32), 1e6, np.float32), SCHEMES[0])
    with pytest.raises(UnquantizableMatrix, match="finite"):
        k_quant(np.full((1, 32), np.nan, np.float32), SCHEMES[0])


def test_schemes_are_written_as_bits_with_or_without_a_form() -> None:
    assert Scheme.parse("q4") == Scheme(4, symmetric=False)
    assert Scheme.parse("q8") == Scheme(8, symmetric=True)
    assert Scheme.parse("q3-symmetric") == Scheme(3, symmetric=True)
    assert {Scheme.parse(str(scheme)) for scheme in SCHEMES} == set(SCHEMES)
    for text in ("q7", "4", "q4-k", ""):
        with pytest.raises(UnknownScheme, match="q2, q3, q4"):
            Scheme.parse(text)


@given(
    weights=arrays(np.float32, (2, 64), elements=st.floats(-1000, 1000, width=32)),
    scheme=st.sampled_from([LAYERS, TABLES]),
)
def test_a_folders_weights_are_no_farther_than_half_a_step_and_what_the_halves_round(
    weights: Float32, scheme: Scheme
) -> None:
    result = round_to_nearest(weights, scheme)
    assert isinstance(result, Symmetric if scheme.symmetric else Affine)
    # Scale and minimum are float16: 11 bits, or steps of 2**-24 near 0; 15 or 127 steps add up the scale's.
    extent = np.repeat(np.abs(weights.reshape(2, 2, 32)).max(axis=2), 32, axis=1)
    slack = extent * 2**-10 + 127 * 2**-24
    assert (np.abs(result.dequantized() - weights) <= scales(result) / 2 + slack).all()
    assert (result.scale != 0).all()


@pytest.mark.parametrize(("scheme", "low", "high"), [(LAYERS, -8, 7), (TABLES, -127, 127)])
def test_a_folders_weights_on_the_grid_come_back_exactly(scheme: Scheme, low: int, high: int) -> None:
    steps = np.random.default_rng(2).integers(low, high + 1, (3, 64)).astype(np.float32)
    steps[:, ::32], steps[:, 1::32] = low, high
    np.testing.assert_array_equal(round_to_nearest(steps / 64, scheme).dequantized(), steps / 64)


@pytest.mark.parametrize("scheme", [LAYERS, TABLES])
@pytest.mark.parametrize("value", [0.0, -0.75, 1e-9])
def test_a_constant_block_is_nearly_its_value_and_has_a_scale(scheme: Scheme, value: float) -> None:
    result = round_to_nearest(np.full((1, 32), value, np.float32), scheme)
    np.testing.assert_allclose(result.dequantized(), value, atol=1e-7, rtol=5e-3)
    assert (result.scale != 0).all()


def test_schemes_are_chosen_for_layers_and_tables_apart_and_matrices_named_when_refused() -> None:
    quantizer = rounding(LAYERS, TABLES)
    assert isinstance(quantizer("layers.0.mlp.up", np.ones((1, 32), np.float32)), Affine)
    assert isinstance(quantizer(EMBEDDING, np.ones((1, 32), np.float32)), Symmetric)
    with pytest.raises(UnquantizableMatrix, match=r"layers\.3\.mlp\.up: a row of 33 weights"):
        quantizer("layers.3.mlp.up", np.ones((1, 33), np.float32))
    with pytest.raises(UnquantizableMatrix, match=r"embedding: .*larger than float16"):
        quantizer(EMBEDDING, np.full((1, 32), 1e9, np.float32))


def test_widths_that_have_no_form_cannot_be_stored_and_floats_are_stored_as_they_are() -> None:
    model = plan(FAMILIES / "llama").load(RECIPE.source)
    table = contents(model, 1)[0].arrays["embedding.weight"]
    np.testing.assert_array_equal(table, model.embedding.dequantized())
    odd = Symmetric(7, np.ones((1, 32), np.int8), np.ones((1, 1), np.float16))
    with pytest.raises(UnknownQuantization, match="embedding has to be quantized"):
        contents(replace(model, embedding=odd), 1)
