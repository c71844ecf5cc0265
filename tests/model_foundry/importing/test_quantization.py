"""Tensors of every type say what the gguf package's own decoder says, as far as the forms can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gguf
import numpy as np
import pytest
from gguf.quants import dequantize, quantize

from model_foundry.errors import MalformedGguf, UnknownQuantization
from model_foundry.importing.quantization import decode_exactly, decode_matrix
from model_foundry.model.weights import Affine, Symmetric

Kind = gguf.GGMLQuantizationType
N, K = 6, 512


@dataclass
class Tensor:
    """What is read of a gguf.ReaderTensor."""

    data: Any
    tensor_type: Kind
    name: str = "t"
    shape: tuple[int, ...] = (K, N)


def random_blocks(kind: Kind, seed: int = 1) -> Tensor:
    """Random bytes for a K format, whose package has no encoder, with scales of a usual size."""
    size, length = gguf.GGML_QUANT_SIZES[kind]
    data = np.random.default_rng(seed).integers(0, 256, (N, K // size, length)).astype(np.uint8)
    affine = ((0, 1e-3), (2, 2e-3))
    halves = {Kind.Q4_K: affine, Kind.Q5_K: affine, Kind.Q6_K: ((208, 1e-4),)}[kind]
    for at, value in halves:
        data[..., at : at + 2] = np.frombuffer(np.float16(value).tobytes(), np.uint8)
    return Tensor(data.reshape(N, -1), kind)


def encoded(kind: Kind, seed: int = 1) -> Tensor:
    values = np.random.default_rng(seed).normal(0, 0.02, (N, K)).astype(np.float32)
    return Tensor(quantize(values, kind), kind)


def relative_error(tensor: Tensor) -> float:
    exact = dequantize(tensor.data, tensor.tensor_type).reshape(N, K)
    return float(np.linalg.norm(decode_matrix(tensor).dequantized() - exact) / np.linalg.norm(exact))


@pytest.mark.parametrize("kind", [Kind.Q4_0, Kind.Q4_1, Kind.Q5_0, Kind.Q5_1, Kind.Q8_0])
def test_blocks_of_32_with_a_scale_keep_their_numbers(kind: Kind) -> None:
    tensor = encoded(kind)
    np.testing.assert_array_equal(decode_matrix(tensor).dequantized(), dequantize(tensor.data, kind))


@pytest.mark.parametrize(("kind", "bits"), [(Kind.Q4_K, 4), (Kind.Q5_K, 5)])
def test_affine_k_formats_change_by_what_float16_rounds(kind: Kind, bits: int) -> None:
    tensor = random_blocks(kind)
    matrix = decode_matrix(tensor)
    assert isinstance(matrix, Affine)
    assert matrix.bits == bits
    assert relative_error(tensor) < 5e-4


def test_q4_k_blocks_without_a_scale_are_their_minimum() -> None:
    tensor = random_blocks(Kind.Q4_K)
    tensor.data.reshape(N, -1, 144)[..., 0:2] = 0
    assert relative_error(tensor) < 5e-4
    matrix = decode_matrix(tensor)
    assert isinstance(matrix, Affine)
    assert (matrix.scale != 0).all()


@pytest.mark.parametrize(("kind", "worst"), [(Kind.F32, 0.006), (Kind.F16, 0.006), (Kind.BF16, 0.006)])
def test_plain_numbers_become_the_nearest_of_8_bits(kind: Kind, worst: float) -> None:
    assert 0 < relative_error(encoded(kind)) < worst


def test_q6_k_becomes_the_nearest_of_8_bits() -> None:
    tensor = random_blocks(Kind.Q6_K)
    matrix = decode_matrix(tensor)
    assert isinstance(matrix, Symmetric)
    assert matrix.bits == 8
    assert 0 < relative_error(tensor) < 0.007


@pytest.mark.parametrize("kind", [Kind.Q4_K, Kind.Q5_K, Kind.Q6_K])
def test_a_k_format_is_read_exactly_where_that_is_asked_for(kind: Kind) -> None:
    tensor = random_blocks(kind)
    np.testing.assert_array_equal(decode_exactly(tensor).dequantized(), dequantize(tensor.data, kind).reshape(N, K))


def test_a_block_of_zeros_stays_zero() -> None:
    assert not decode_matrix(Tensor(np.zeros((N, K), np.float32), Kind.F32)).dequantized().any()


def test_an_unknown_type_is_named_with_those_that_are_known() -> None:
    with pytest.raises(UnknownQuantization, match=r"Q2_K; known are .*Q4_K.*Q6_K"):
        decode_matrix(Tensor(np.zeros((N, 168), np.uint8), Kind.Q2_K))


def test_numbers_that_arent_finite_are_refused() -> None:
    with pytest.raises(MalformedGguf, match="finite"):
        decode_matrix(Tensor(np.full((N, K), np.nan, np.float32), Kind.F32))


def test_numbers_that_no_scale_holds_are_refused() -> None:
    with pytest.raises(UnknownQuantization, match="too large"):
        decode_matrix(Tensor(np.full((N, K), 1e30, np.float32), Kind.F32))


def test_rows_that_arent_whole_blocks_are_refused() -> None:
    with pytest.raises(UnknownQuantization, match="multiple of 32"):
        decode_matrix(Tensor(np.zeros((N, 40), np.float32), Kind.F32, shape=(40, N)))
