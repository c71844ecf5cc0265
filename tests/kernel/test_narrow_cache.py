"""The rows of a cache of 8-bit numbers, as kernel/attention_bytes.h describes them."""

from __future__ import annotations

import numpy as np
import pytest

from model_foundry.reference.llama import ReferenceModel
from orion_py.memory.cache_width import cache_bytes
from orion_py.native.kernel_module import ROW_BYTES
from tests.kernel.models import Recipe, Stored, kl
from tests.kernel.test_forward import cache_of, one_by_one, some_tokens

HEADS: dict[str, tuple[int, int]] = {
    "half a block": (16, 2),
    "a block": (32, 1),
    "one and a quarter": (40, 2),
    "two": (64, 1),
}
"""Values of a head, and key heads."""


def rows_of(recipe: Recipe, bits: int, tokens: list[int]) -> bytes:
    kernel = Stored.of(recipe.model()).opened("plain", cache_bits=bits)
    kernel.forward(tokens, 0)
    return cache_of(kernel, len(tokens))


def sized(head_dim: int, kv_heads: int) -> Recipe:
    return Recipe(sizes={"layers": 1, "head_dim": head_dim, "heads": 4 * kv_heads, "kv_heads": kv_heads})


@pytest.mark.parametrize("name", HEADS)
def test_each_value_is_within_half_a_step_of_what_16_bits_hold(name: str) -> None:
    head_dim, kv_heads = HEADS[name]
    recipe, blocks = sized(head_dim, kv_heads), -(-head_dim // 32)
    tokens = some_tokens(recipe, 20)
    exact = np.frombuffer(rows_of(recipe, 16, tokens), np.float16).astype(np.float32).reshape(-1, head_dim)
    rows = np.frombuffer(rows_of(recipe, 8, tokens), np.uint8).reshape(-1, head_dim + 2 * blocks)
    exact, rows = exact[len(exact) // 2 :], rows[len(rows) // 2 :]  # what is behind the keys
    scales = (rows[:, head_dim:].copy().view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    steps = np.repeat(scales, 32, axis=1)[:, :head_dim]
    found = rows[:, :head_dim].view(np.int8) * steps
    rounding = np.abs(exact) / 2048 + 1e-7
    assert (np.abs(found - exact) <= steps / 2 + rounding).all()
    greatest = np.maximum.reduceat(np.abs(exact), np.arange(0, head_dim, 32), axis=1)
    assert (scales <= greatest / 127 * 1.01 + 1e-7).all(), "no range is given away"


@pytest.mark.parametrize("bits", [16, 8])
@pytest.mark.parametrize("name", HEADS)
def test_the_cache_takes_what_the_engine_plans_with(name: str, bits: int) -> None:
    recipe = sized(*HEADS[name])
    kernel = Stored.of(recipe.model()).opened("plain", cache_bits=bits)
    assert kernel.layout.cache_bytes == cache_bytes(recipe.architecture, recipe.architecture.context_length, bits)
    assert int(kernel.description()[ROW_BYTES]) % 2 == 0


def test_values_of_nothing_and_of_much_stay_finite() -> None:
    recipe = Recipe()
    model = recipe.model()
    stored = Stored.of(model)
    kernel = stored.opened("relaxed", cache_bits=8)
    still = np.zeros((3, recipe.architecture.hidden_size), np.float32)
    assert np.isfinite(kernel.forward([], 0, embeddings=still)).all()
    assert np.isfinite(kernel.forward([], 3, embeddings=still + np.float32(1e30))).all()


def test_a_token_that_stands_alone_at_the_end_of_a_chunk_reads_no_row_behind_it() -> None:
    """The last row of the cache has none behind it: 65 is a chunk and one more."""
    recipe = Recipe(sizes={"context_length": 65})
    tokens = some_tokens(recipe, 65)
    stored = Stored.of(recipe.model())
    kernel, dirty = (stored.opened("plain", cache_bits=8) for _ in range(2))
    at = dirty.layout.cache
    dirty.memory[at : at + dirty.layout.cache_bytes] = 0xFF
    assert np.array_equal(kernel.forward(tokens, 0), dirty.forward(tokens, 0))


def test_channels_with_a_large_bias_do_not_coarsen_the_others() -> None:
    """Keys of Qwen2.5 have some channels with a bias of a hundred beside others of about one: rotated, they would
    share a scale with them."""
    recipe = Recipe(biases=True, sizes={"family": "qwen2", "head_dim": 32, "kv_heads": 2})
    model = recipe.model()
    keys = recipe.architecture.heads * 32
    for layer in model.layers:
        assert layer.qkv.bias is not None
        layer.qkv.bias[[keys + 3, keys + 9, keys + 32 + 20]] = (90.0, -70.0, 120.0)
    tokens = some_tokens(recipe, 90)
    expected = ReferenceModel(model).forward(tokens)
    wide, narrow = (one_by_one(Stored.of(model).opened("plain", cache_bits=bits), tokens) for bits in (16, 8))
    assert kl(expected, narrow) < 1.2e-2, "0.067 where they do"
    assert kl(expected, wide) < 1e-4
