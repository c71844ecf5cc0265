"""Blocks of integers are written and read as the bit streams that they are defined to be."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from orion_py.manifest.bit_stream import pack, unpack
from orion_py.manifest.stored_names import WIDTHS


def drawn(bits: int, seed: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**bits, shape).astype(np.uint8)


@settings(max_examples=60, deadline=None)
@given(bits=st.sampled_from(WIDTHS), seed=st.integers(0, 2**32 - 1), rows=st.integers(0, 4), blocks=st.integers(1, 3))
def test_what_is_packed_is_unpacked(bits: int, seed: int, rows: int, blocks: int) -> None:
    values = drawn(bits, seed, (rows, 32 * blocks))
    packed = pack(values, bits)
    assert packed.shape == (rows, blocks, 4 * bits)
    np.testing.assert_array_equal(unpack(packed, bits), values)


@settings(max_examples=60, deadline=None)
@given(bits=st.sampled_from(WIDTHS), seed=st.integers(0, 2**32 - 1))
def test_a_block_is_one_number_with_the_first_value_lowest(bits: int, seed: int) -> None:
    values = drawn(bits, seed, (1, 32))
    number = sum(int(value) << (bits * index) for index, value in enumerate(values[0]))
    assert pack(values, bits).tobytes() == number.to_bytes(4 * bits, "little")


def test_four_bits_are_two_a_byte_low_nibble_first() -> None:
    packed = pack(np.arange(32, dtype=np.uint8)[None] % 16, 4)
    assert packed[0, 0, :3].tolist() == [0x10, 0x32, 0x54]
