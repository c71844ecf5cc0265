"""Forms of weight matrices: what they stand for survives reordering, shifting and fusing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_foundry.errors import InexactScale, UnknownQuantization
from model_foundry.model.weights import Affine, Dense, Matrix, Symmetric, stacked
from orion_py.manifest.stored_names import WIDTHS


def drawn(kind: type[Affine] | type[Symmetric], bits: int, seed: int, n: int = 3, blocks: int = 2) -> Matrix:
    random = np.random.default_rng(seed)
    scale = random.uniform(-0.1, 0.1, (n, blocks)).astype(np.float16)
    quants = random.integers(0, 2**bits, (n, 32 * blocks))
    if kind is Affine:
        return Affine(bits, quants.astype(np.uint8), scale, random.normal(0, 1, (n, blocks)).astype(np.float16))
    return Symmetric(bits, (quants - 2 ** (bits - 1)).astype(np.int8), scale)


forms = st.builds(drawn, st.sampled_from([Affine, Symmetric]), st.sampled_from(WIDTHS), st.integers(0, 2**32 - 1))


@settings(max_examples=60, deadline=None)
@given(parts=st.lists(forms, min_size=1, max_size=3))
def test_fused_matrices_hold_the_same_numbers_in_order(parts: list[Matrix]) -> None:
    fused = stacked(parts)
    # A symmetric part beside an affine one adds its minimum last: one rounding of float32 more.
    expected = np.concatenate([part.dequantized() for part in parts])
    np.testing.assert_allclose(fused.dequantized(), expected, rtol=0, atol=2e-6)
    assert not isinstance(fused, Dense)
    assert fused.bits == max(part.bits for part in parts if not isinstance(part, Dense))


def test_symmetric_matrices_of_different_bits_stay_symmetric_and_exact() -> None:
    parts = [drawn(Symmetric, 5, 1), drawn(Symmetric, 8, 2)]
    fused = stacked(parts)
    assert isinstance(fused, Symmetric)
    np.testing.assert_array_equal(fused.dequantized(), np.concatenate([part.dequantized() for part in parts]))


def test_a_symmetric_block_of_zeros_stays_zero_as_an_affine_one() -> None:
    zeros = Symmetric(5, np.full((1, 32), -7, np.int8), np.zeros((1, 1), np.float16))
    affine = zeros.affine()
    assert (affine.scale != 0).all()
    assert not affine.dequantized().any()


def test_a_scale_that_has_no_affine_form_is_refused() -> None:
    with pytest.raises(InexactScale):
        Symmetric(8, np.ones((1, 32), np.int8), np.full((1, 1), 60000, np.float16)).affine()


def test_dense_matrices_are_fused_with_dense_ones_only() -> None:
    dense = Dense(np.ones((2, 64), np.float32))
    assert stacked([dense, dense]).shape == (4, 64)
    with pytest.raises(UnknownQuantization):
        stacked([dense, drawn(Symmetric, 8, 1)])


@settings(max_examples=40, deadline=None)
@given(matrix=forms)
def test_rows_can_be_reordered_and_blocks_shifted(matrix: Matrix) -> None:
    order = np.array([2, 0, 1])
    np.testing.assert_array_equal(matrix.rows(order).dequantized(), matrix.dequantized()[order])
    shifted = matrix.scaled(np.array([[1, 3]], np.int32)).dequantized()
    factors = np.repeat(np.array([2, 8], np.float32), 32)
    np.testing.assert_array_equal(shifted, matrix.dequantized() * factors)
    dense = Dense(matrix.dequantized())
    np.testing.assert_array_equal(dense.scaled(np.array([[1, 3]], np.int32)).dequantized(), shifted)
