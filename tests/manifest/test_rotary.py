"""The rotary frequencies, against the formulas that the foundry's reference writes out for itself."""

from __future__ import annotations

import numpy as np
import pytest

from orion_py.manifest.architecture import Architecture, RopeScaling
from orion_py.manifest.rotary import frequencies
from orion_py.native.kernel_layout import rotary_table

PLAIN = Architecture(
    family="llama",
    layers=1,
    hidden_size=32,
    heads=4,
    kv_heads=2,
    head_dim=8,
    ffn_size=32,
    vocab_size=16,
    context_length=64,
    rope_theta=10_000.0,
    norm_epsilon=1e-5,
    tied_embeddings=True,
)
STRETCHED = RopeScaling(
    kind="llama3", factor=8.0, low_frequency_factor=1.0, high_frequency_factor=4.0, original_context=64
)


def test_each_pair_turns_slower_by_the_same_factor() -> None:
    np.testing.assert_allclose(frequencies(PLAIN), [1.0, 0.1, 0.01, 0.001])


def test_factors_divide_and_a_stretched_context_leaves_fast_waves_alone() -> None:
    divided = PLAIN.model_copy(update={"rope_factors": (1.0, 2.0, 4.0, 8.0)})
    np.testing.assert_allclose(frequencies(divided), [1.0, 0.05, 0.0025, 0.000125])
    stretched = frequencies(PLAIN.model_copy(update={"rope_scaling": STRETCHED}))
    turns = 64 * 0.1 / (2 * np.pi)
    kept = (turns - 1) / 3
    assert stretched == pytest.approx([1.0, 0.1 * (kept + (1 - kept) / 8), 0.01 / 8, 0.001 / 8])


def test_layers_turn_by_a_base_of_their_own_or_not_at_all() -> None:
    differing = PLAIN.model_copy(
        update={
            "layers": 3,
            "windows": (16, 0, 0),
            "local_rope_theta": 16.0,
            "unrotated": (2,),
            "rope_scaling": STRETCHED,
        }
    )
    assert [differing.rotation(layer) for layer in range(3)] == ["local", "usual", "none"]
    np.testing.assert_allclose(frequencies(differing, "local"), [1.0, 0.5, 0.25, 0.125])
    np.testing.assert_array_equal(frequencies(differing, "none"), np.zeros(4))
    assert (differing.window(0), differing.window(1)) == (16, 0)
    assert differing.model_copy(update={"context_length": 16}).window(0) == 0, "it is never left"


def test_the_kernels_table_has_the_cosines_and_then_the_sines_of_each_position() -> None:
    table = rotary_table(PLAIN, 3)
    angles = 2 * frequencies(PLAIN)
    np.testing.assert_allclose(table[2], np.concatenate([np.cos(angles), np.sin(angles)]), rtol=1e-6)
