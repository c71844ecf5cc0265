"""The expansion to int8, and the widening, follow their definitions to the bit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_foundry.sharding.expansions import plan_expansion, plan_widening
from model_foundry.sharding.safetensors_file import Array, pack
from orion_py.errors import InvalidManifest
from orion_py.manifest.derived import Expansion
from orion_py.manifest.expansion import expand, widen
from orion_py.manifest.shards import Shard
from orion_py.manifest.stored_names import WIDTHS

f = np.float32


def shard_of(arrays: dict[str, Array]) -> tuple[Shard, np.ndarray, Expansion]:
    file = pack(arrays)
    shard = Shard(sha256="a" * 64, size=len(file.data), role="layers", tensors=file.tensors)
    expansion = plan_expansion(shard)
    assert expansion is not None
    return shard, np.frombuffer(file.data, np.uint8), expansion


def drawn_arrays(seed: int, n: int, blocks: int, spread: float, bits: int, affine: bool) -> dict[str, Array]:
    random = np.random.default_rng(seed)
    arrays: dict[str, Array] = {
        f"w.q{bits}": random.integers(0, 256, (n, blocks, 4 * bits)).astype(np.uint8),
        "w.scale": (random.normal(0, 1, (n, blocks)) * spread).astype(np.float16),
    }
    if affine:
        arrays["w.min"] = (random.normal(0, 3, (n, blocks)) * spread).astype(np.float16)
    return arrays


def integers(arrays: dict[str, Array], i: int, block: int) -> tuple[int, list[int]]:
    """The bits of a weight, and a block's 32 integers, out of one large number."""
    name = next(name for name in arrays if name.startswith("w.q"))
    bits, number = int(name[3:]), int.from_bytes(arrays[name][i, block].tobytes(), "little")
    return bits, [(number >> (bits * j)) & (2**bits - 1) for j in range(32)]


def by_definition(arrays: dict[str, Array]) -> tuple[list[list[int]], list[float], list[float]]:
    """Rows of codes, scales and sums: ExpandedWeight's docstring, one scalar at a time."""
    codes, scales, sums = [], [], []
    n, blocks = arrays["w.scale"].shape
    for i in range(n):
        row: list[np.float32] = []
        for block in range(blocks):
            s = f(arrays["w.scale"][i, block])
            bits, quants = integers(arrays, i, block)
            for q in quants:
                if "w.min" in arrays:
                    row.append(f(f(q * float(s)) + float(f(arrays["w.min"][i, block]))))
                else:
                    row.append(f((q - 2 ** (bits - 1)) * float(s)))
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

forms = {"bits": st.sampled_from(WIDTHS), "affine": st.booleans()}


@settings(max_examples=100, deadline=None)
@given(**shapes, **forms)
def test_it_is_the_definition_bit_for_bit(
    seed: int, n: int, blocks: int, spread: float, bits: int, affine: bool
) -> None:
    arrays = drawn_arrays(seed, n, blocks, spread, bits, affine)
    shard, data, expansion = shard_of(arrays)
    codes, scale, sums = parts(expansion, expand(expansion, shard, data))
    expected_codes, expected_scale, expected_sums = by_definition(arrays)
    np.testing.assert_array_equal(codes.T, expected_codes)
    np.testing.assert_array_equal(scale, np.array(expected_scale, np.float32))
    np.testing.assert_array_equal(sums, np.array(expected_sums, np.float32))


@settings(max_examples=40, deadline=None)
@given(**shapes)
def test_no_weight_is_further_off_than_half_a_step(seed: int, n: int, blocks: int, spread: float) -> None:
    arrays = drawn_arrays(seed, n, blocks, spread, 4, True)
    shard, data, expansion = shard_of(arrays)
    codes, scale, _ = parts(expansion, expand(expansion, shard, data))
    pairs = arrays["w.q4"]
    quants = np.stack([pairs & 15, pairs >> 4], -1).reshape(n, blocks, 32).astype(np.float64)
    exact = quants * arrays["w.scale"].astype(np.float64)[..., None] + arrays["w.min"].astype(np.float64)[..., None]
    step = scale.astype(np.float64)[:, None]
    assert (np.abs(codes.T * step - exact.reshape(n, -1)) <= step * 0.5001).all()
    assert (codes >= -127).all()


def floats_by_definition(values: np.ndarray) -> tuple[list[list[int]], list[float], list[float]]:
    """As ``by_definition``, for weights that are floats."""
    codes, scales, sums = [], [], []
    for row in values.astype(np.float32):
        largest = max(abs(float(w)) for w in row)
        scale = f(largest / 127) if largest >= 2.0**-119 else f(1)
        line = [math.floor(float(f(float(w) / float(scale))) + 0.5) for w in row]
        codes.append(line)
        scales.append(float(scale))
        sums.append(float(f(sum(line) * float(scale))))
    return codes, scales, sums


@settings(max_examples=100, deadline=None)
@given(
    seed=shapes["seed"],
    n=shapes["n"],
    k=st.integers(1, 70),
    exponent=st.integers(-149, 100),
    kind=st.sampled_from([np.float16, np.float32]),
)
def test_floats_are_expanded_by_the_definition_bit_for_bit(
    seed: int, n: int, k: int, exponent: int, kind: type
) -> None:
    spread = max(exponent, -24) if kind is np.float16 else exponent
    drawn = np.random.default_rng(seed).normal(0, 1, (n, k)) * 2.0 ** min(spread, 10 if kind is np.float16 else 100)
    shard, data, expansion = shard_of({"w.weight": drawn.astype(kind)})
    codes, scale, sums = parts(expansion, expand(expansion, shard, data))
    expected_codes, expected_scale, expected_sums = floats_by_definition(drawn.astype(kind))
    np.testing.assert_array_equal(codes.T, expected_codes)
    np.testing.assert_array_equal(scale, np.array(expected_scale, np.float32))
    np.testing.assert_array_equal(sums, np.array(expected_sums, np.float32))
    assert np.abs(codes.astype(int)).max() <= 127


def test_floats_that_are_what_blocks_stand_for_expand_to_the_same() -> None:
    arrays = drawn_arrays(3, 70, 2, 0.1, 8, False)
    quants = arrays["w.q8"].reshape(70, 2, 32).astype(np.float32) - 128
    dense = (quants * arrays["w.scale"].astype(np.float32)[..., None]).reshape(70, 64)
    in_blocks, in_floats = shard_of(arrays), shard_of({"w.weight": dense})
    made = [expand(expansion, shard, data) for shard, data, expansion in (in_blocks, in_floats)]
    np.testing.assert_array_equal(*made)


@pytest.mark.parametrize("fault", ["dtype", "size"])
def test_floats_that_are_not_what_is_said_are_refused(fault: str) -> None:
    shard, data, expansion = shard_of({"w.weight": np.ones((4, 8), np.float32)})
    if fault == "dtype":
        tensor = shard.tensors[0].model_copy(update={"dtype": "I32"})
        shard = shard.model_copy(update={"tensors": (tensor,)})
    else:
        weight = expansion.weights[0].model_copy(update={"k": 4})
        expansion = expansion.model_copy(update={"weights": (weight,)})
    with pytest.raises(InvalidManifest, match=r"w\.weight"):
        expand(expansion, shard, data)


def test_a_row_of_zeros_has_the_scale_one() -> None:
    arrays = {"w.q8": np.full((2, 1, 32), 128, np.uint8), "w.scale": np.ones((2, 1), np.float16)}
    shard, data, expansion = shard_of(arrays)
    codes, scale, sums = parts(expansion, expand(expansion, shard, data))
    assert not codes.any()
    assert scale.tolist() == [1, 1]
    assert sums.tolist() == [0, 0]


def test_a_matrix_of_many_rows_is_expanded_whole() -> None:
    arrays = drawn_arrays(1, 5000, 1, 0.1, 8, False)
    shard, data, expansion = shard_of(arrays)
    codes, scale, _ = parts(expansion, expand(expansion, shard, data))
    assert (np.abs(codes).max(axis=0) == 127).all()
    assert (scale > 0).all()


@settings(max_examples=60, deadline=None)
@given(seed=shapes["seed"], n=shapes["n"], blocks=shapes["blocks"], **forms)
def test_widened_weights_mean_the_same(seed: int, n: int, blocks: int, bits: int, affine: bool) -> None:
    arrays = drawn_arrays(seed, n, blocks, 0.1, bits, affine)
    wider = 4 if bits < 4 else 8
    file = pack(arrays)
    shard = Shard(sha256="a" * 64, size=len(file.data), role="layers", tensors=file.tensors)
    widening = plan_widening(shard, lambda source, stored: wider)
    if bits == wider:
        assert widening is None
        return
    assert widening is not None
    made = widen(widening, shard, np.frombuffer(file.data, np.uint8))
    assert len(made) % 64 == 0
    wide = {"w.scale": arrays["w.scale"], f"w.q{wider}": made[: n * blocks * 4 * wider].reshape(n, blocks, -1)}
    shift = 0 if affine else 2 ** (wider - 1) - 2 ** (bits - 1)
    for i in range(n):
        for block in range(blocks):
            assert integers(wide, i, block)[1] == [q + shift for q in integers(arrays, i, block)[1]]


def test_a_layout_leaves_out_what_isnt_wanted() -> None:
    arrays = {f"{name}.q4": np.zeros((2, 1, 16), np.uint8) for name in ("a", "b")}
    file = pack(arrays)
    shard = Shard(sha256="a" * 64, size=len(file.data), role="layers", tensors=file.tensors)
    expansion = plan_expansion(shard, lambda source: source == "b")
    assert expansion is not None
    assert [weight.source for weight in expansion.weights] == ["b"]
    assert plan_expansion(shard, lambda source: False) is None


def test_a_tensor_of_another_size_is_refused() -> None:
    arrays = drawn_arrays(1, 4, 2, 0.1, 4, True)
    shard, data, expansion = shard_of(arrays)
    (weight,) = expansion.weights
    wrong = expansion.model_copy(update={"weights": (weight.model_copy(update={"k": 32}),)})
    with pytest.raises(InvalidManifest, match=r"w\."):
        expand(wrong, shard, data)
