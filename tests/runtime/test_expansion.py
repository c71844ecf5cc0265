"""The expansion to int8 follows its definition to the bit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_foundry.sharding.expansions import plan_expansion
from model_foundry.sharding.safetensors_file import Array, pack
from orion_py.errors import InvalidManifest
from orion_py.loading.manifest import Expansion, Shard
from orion_py.runtime.expansion import expand

f = np.float32


def shard_of(arrays: dict[str, Array]) -> tuple[Shard, np.ndarray, Expansion]:
    file = pack(arrays)
    shard = Shard(sha256="a" * 64, size=len(file.data), role="layers", tensors=file.tensors)
    expansion = plan_expansion(shard)
    assert expansion is not None
    return shard, np.frombuffer(file.data, np.uint8), expansion


def q4_arrays(seed: int, n: int, blocks: int, spread: float) -> dict[str, Array]:
    random = np.random.default_rng(seed)
    return {
        "w.q4": random.integers(0, 256, (n, blocks, 16)).astype(np.uint8),
        "w.scale": (random.normal(0, 1, (n, blocks)) * spread).astype(np.float16),
        "w.min": (random.normal(0, 3, (n, blocks)) * spread).astype(np.float16),
    }


def q8_arrays(seed: int, n: int, blocks: int, spread: float) -> dict[str, Array]:
    random = np.random.default_rng(seed)
    return {
        "w.q8": random.integers(0, 256, (n, blocks, 32)).astype(np.uint8),
        "w.scale": (random.normal(0, 1, (n, blocks)) * spread).astype(np.float16),
    }


def by_definition(arrays: dict[str, Array]) -> tuple[list[list[int]], list[float], list[float]]:
    """Rows of codes, scales and sums: ExpandedWeight's docstring, one scalar at a time."""
    codes, scales, sums = [], [], []
    n, blocks = arrays["w.scale"].shape
    for i in range(n):
        row: list[np.float32] = []
        for block in range(blocks):
            s = f(arrays["w.scale"][i, block])
            for j in range(32):
                if "w.q4" in arrays:
                    byte = int(arrays["w.q4"][i, block, j // 2])
                    q = byte >> 4 if j % 2 else byte & 15
                    row.append(f(f(q * float(s)) + float(f(arrays["w.min"][i, block]))))
                else:
                    row.append(f((int(arrays["w.q8"][i, block, j]) - 128) * float(s)))
        largest = max(abs(float(w)) for w in row)
        scale = f(largest / 127) if largest > 0 else f(1)
        line = [math.floor(float(f(float(w) / float(scale))) + 0.5) for w in row]
        codes.append(line)
        scales.append(float(scale))
        sums.append(float(f(sum(line) * float(scale))))
    return codes, scales, sums


def parts(expansion: Expansion, expanded: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    (w,) = expansion.weights
    codes = expanded[w.weight_offset : w.weight_offset + w.k * w.n].view(np.int8).reshape(w.k, w.n)
    scale = expanded[w.scale_offset : w.scale_offset + 4 * w.n].view("<f4")
    return codes, scale, expanded[w.sum_offset : w.sum_offset + 4 * w.n].view("<f4")


shapes = {
    "seed": st.integers(0, 2**32 - 1),
    "n": st.integers(1, 5),
    "blocks": st.integers(1, 3),
    "spread": st.sampled_from([6e-8, 1e-5, 1e-3, 0.1, 1.0, 100.0]),
}


@settings(max_examples=60, deadline=None)
@given(**shapes, nibbles=st.booleans())
def test_it_is_the_definition_bit_for_bit(seed: int, n: int, blocks: int, spread: float, nibbles: bool) -> None:
    arrays = (q4_arrays if nibbles else q8_arrays)(seed, n, blocks, spread)
    shard, data, expansion = shard_of(arrays)
    codes, scale, sums = parts(expansion, expand(expansion, shard, data))
    expected_codes, expected_scale, expected_sums = by_definition(arrays)
    np.testing.assert_array_equal(codes.T, expected_codes)
    np.testing.assert_array_equal(scale, np.array(expected_scale, np.float32))
    np.testing.assert_array_equal(sums, np.array(expected_sums, np.float32))


@settings(max_examples=40, deadline=None)
@given(**shapes)
def test_no_weight_is_further_off_than_half_a_step(seed: int, n: int, blocks: int, spread: float) -> None:
    arrays = q4_arrays(seed, n, blocks, spread)
    shard, data, expansion = shard_of(arrays)
    codes, scale, _ = parts(expansion, expand(expansion, shard, data))
    pairs = arrays["w.q4"]
    quants = np.stack([pairs & 15, pairs >> 4], -1).reshape(n, blocks, 32).astype(np.float64)
    exact = quants * arrays["w.scale"].astype(np.float64)[..., None] + arrays["w.min"].astype(np.float64)[..., None]
    step = scale.astype(np.float64)[:, None]
    assert (np.abs(codes.T * step - exact.reshape(n, -1)) <= step * 0.5001).all()
    assert (codes >= -127).all()


def test_a_row_of_zeros_has_the_scale_one() -> None:
    arrays = {"w.q8": np.full((2, 1, 32), 128, np.uint8), "w.scale": np.ones((2, 1), np.float16)}
    shard, data, expansion = shard_of(arrays)
    codes, scale, sums = parts(expansion, expand(expansion, shard, data))
    assert not codes.any()
    assert scale.tolist() == [1, 1]
    assert sums.tolist() == [0, 0]


def test_a_matrix_of_many_rows_is_expanded_whole() -> None:
    arrays = q8_arrays(1, 5000, 1, 0.1)
    shard, data, expansion = shard_of(arrays)
    codes, scale, _ = parts(expansion, expand(expansion, shard, data))
    assert (np.abs(codes).max(axis=0) == 127).all()
    assert (scale > 0).all()


def test_a_tensor_of_another_size_is_refused() -> None:
    arrays = q4_arrays(1, 4, 2, 0.1)
    shard, data, expansion = shard_of(arrays)
    (weight,) = expansion.weights
    wrong = expansion.model_copy(update={"weights": (weight.model_copy(update={"k": 32}),)})
    with pytest.raises(InvalidManifest, match=r"w\."):
        expand(wrong, shard, data)
