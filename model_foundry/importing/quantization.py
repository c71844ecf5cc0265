"""Converts ggml's block formats to the forms in ``model_foundry.model.weights``.

Block layouts: ggml-common.h in https://github.com/ggml-org/ggml. Formats whose blocks are blocks of
32 with a scale keep their own numbers. The others come out as close as the forms get: Q4_K's and Q5_K's
scales, products of two numbers, are rounded to float16; Q6_K, which has a scale for 16 weights, and
plain numbers are rounded to 8 bits. ``foundry import`` says how much that changes.
"""

from __future__ import annotations

from collections.abc import Callable

import gguf
import numpy as np
from gguf.quants import dequantize

from model_foundry.errors import MalformedGguf, UnknownQuantization
from model_foundry.model.weights import BLOCK, Affine, Bytes, Dense, Float16, Float32, Matrix, Symmetric

Kind = gguf.GGMLQuantizationType
_SUPER = 256
"""Weights of a block of the K formats, which holds blocks of its own."""


def decode_matrix(tensor: gguf.ReaderTensor) -> Matrix:
    """A matrix [n, k] in a form that can be stored. Raises UnknownQuantization or MalformedGguf."""
    n, k = _shape(tensor)
    if k % BLOCK:
        raise UnknownQuantization(f"tensor {tensor.name} has rows of {k}, which isn't a multiple of {BLOCK}")
    decoder = DECODERS.get(tensor.tensor_type)
    if decoder is None:
        return rounded(_exact(tensor))
    size = gguf.GGML_QUANT_SIZES[tensor.tensor_type][0]
    return decoder(tensor.name, np.asarray(tensor.data, dtype=np.uint8).reshape(n, k // size, -1))


def decode_exactly(tensor: gguf.ReaderTensor) -> Dense:
    """A matrix [n, k] as the gguf package reads it. Raises UnknownQuantization or MalformedGguf."""
    return Dense(_exact(tensor).reshape(_shape(tensor)))


def rounded(values: Float32) -> Symmetric:
    """F32 [n, k] to the nearest of 8 bits, a block's largest magnitude being 127 (as in Q8_0).

    Raises UnknownQuantization for numbers that are too large for a float16 scale.
    """
    n, k = values.shape
    blocks = values.reshape(n, k // BLOCK, BLOCK)
    largest = np.abs(blocks).max(axis=-1)
    if largest.size and largest.max() > 127 * float(np.finfo(np.float16).max):
        raise UnknownQuantization(f"a weight of {largest.max():.3g} is too large for a float16 scale")
    scale: Float16 = (largest / np.float32(127)).astype(np.float16)
    divisor = np.where(scale == 0, np.float32(1), scale.astype(np.float32))
    quants = np.clip(np.rint(blocks / divisor[..., None]), -127, 127).astype(np.int8)
    return Symmetric(8, quants.reshape(n, k), scale)


def _shape(tensor: gguf.ReaderTensor) -> tuple[int, int]:
    known = {*DECODERS, *ROUNDED}
    if tensor.tensor_type not in known:
        names = ", ".join(sorted(kind.name for kind in known))
        raise UnknownQuantization(f"tensor {tensor.name} is {tensor.tensor_type.name}; known are {names}")
    if len(tensor.shape) != 2:
        raise MalformedGguf(f"tensor {tensor.name} isn't a matrix")
    k, n = (int(extent) for extent in tensor.shape)
    return n, k


def _exact(tensor: gguf.ReaderTensor) -> Float32:
    values = np.asarray(dequantize(tensor.data, tensor.tensor_type), dtype=np.float32)
    if not np.isfinite(values).all():
        raise MalformedGguf(f"tensor {tensor.name} holds numbers that aren't finite")
    return values.reshape(_shape(tensor))


def decode_vector(tensor: gguf.ReaderTensor) -> Float32:
    """A float32 vector. Raises UnknownQuantization or MalformedGguf."""
    if tensor.tensor_type != Kind.F32:
        raise UnknownQuantization(f"tensor {tensor.name} is {tensor.tensor_type.name}; a vector has to be F32")
    values = np.array(tensor.data, dtype=np.float32).reshape(-1)
    if not np.isfinite(values).all():
        raise MalformedGguf(f"tensor {tensor.name} holds numbers that aren't finite")
    return values


def _halves(name: str, raw: Bytes) -> Float16:
    """F16 [n, k/32] from its bytes [n, k/32, 2]."""
    values: Float16 = np.ascontiguousarray(raw).view("<f2")[..., 0].astype(np.float16)
    if not np.isfinite(values).all():
        raise MalformedGguf(f"tensor {name} holds numbers that aren't finite")
    return values


def _nibbles(raw: Bytes) -> Bytes:
    """16 bytes with weight j low and j + 16 high, to U8 [..., 32]."""
    return np.concatenate([raw & 15, raw >> 4], axis=-1)


def _fifth_bits(raw: Bytes) -> Bytes:
    """4 bytes with the highest bit of weight j at bit j, to U8 [..., 32] with that bit in its place."""
    return np.left_shift(np.unpackbits(raw, axis=-1, bitorder="little"), 4, dtype=np.uint8)


def _affine(bits: int, quants: Bytes, scale: Float16, minimum: Float16) -> Affine:
    """From U8 [n, k/32, 32]. A zero scale makes every weight the minimum; it is said with a scale
    that a zero point survives."""
    constant = scale == 0
    quants[constant] = 0
    scale = np.where(constant, np.where(minimum == 0, np.float16(1), np.abs(minimum)), scale)
    return Affine(bits, quants.reshape(len(quants), -1), scale, minimum)


def _symmetric(bits: int, quants: Bytes, scale: Float16) -> Symmetric:
    """From U8 [n, k/32, 32] around 2**(bits-1)."""
    centred = quants.view(np.int8) - np.int8(2 ** (bits - 1))
    return Symmetric(bits, centred.reshape(len(quants), -1), scale)


def _q4_0(name: str, blocks: Bytes) -> Matrix:
    """18 bytes a block: F16 scale, 16 bytes of nibbles."""
    return _symmetric(4, _nibbles(blocks[..., 2:18]), _halves(name, blocks[..., 0:2]))


def _q4_1(name: str, blocks: Bytes) -> Matrix:
    """20 bytes a block: F16 scale, F16 minimum, 16 bytes of nibbles."""
    scale, minimum = _halves(name, blocks[..., 0:2]), _halves(name, blocks[..., 2:4])
    return _affine(4, _nibbles(blocks[..., 4:20]), scale, minimum)


def _q5_0(name: str, blocks: Bytes) -> Matrix:
    """22 bytes a block: F16 scale, 4 bytes of fifth bits, 16 bytes of nibbles."""
    quants = _nibbles(blocks[..., 6:22]) | _fifth_bits(blocks[..., 2:6])
    return _symmetric(5, quants, _halves(name, blocks[..., 0:2]))


def _q5_1(name: str, blocks: Bytes) -> Matrix:
    """24 bytes a block: F16 scale, F16 minimum, 4 bytes of fifth bits, 16 bytes of nibbles."""
    scale, minimum = _halves(name, blocks[..., 0:2]), _halves(name, blocks[..., 2:4])
    return _affine(5, _nibbles(blocks[..., 8:24]) | _fifth_bits(blocks[..., 4:8]), scale, minimum)


def _q8_0(name: str, blocks: Bytes) -> Matrix:
    """34 bytes a block: F16 scale, 32 signed bytes."""
    scale = _halves(name, blocks[..., 0:2])
    quants = np.ascontiguousarray(blocks[..., 2:34]).view(np.int8)
    return Symmetric(8, quants.reshape(len(quants), -1), scale)


def _q4_k(name: str, blocks: Bytes) -> Matrix:
    """144 bytes for 8 blocks: what ``_k_scales`` reads, 128 bytes that ``_k_nibbles`` reads."""
    n, count, _ = blocks.shape
    quants = _k_nibbles(blocks[..., 16:144]).reshape(n, count * _SUPER // BLOCK, BLOCK)
    return _affine(4, quants, *_k_scales(name, blocks))


def _q5_k(name: str, blocks: Bytes) -> Matrix:
    """176 bytes for 8 blocks: what ``_k_scales`` reads, 32 bytes with the fifth bit of weight j of block i at bit i
    of byte j, 128 bytes that ``_k_nibbles`` reads."""
    n, count, _ = blocks.shape
    bits = np.unpackbits(blocks[..., None, 16:48], axis=-2, bitorder="little")
    fifth = np.left_shift(bits, 4, dtype=np.uint8)
    quants = (_k_nibbles(blocks[..., 48:176]) | fifth).reshape(n, count * _SUPER // BLOCK, BLOCK)
    return _affine(5, quants, *_k_scales(name, blocks))


def _k_nibbles(raw: Bytes) -> Bytes:
    """128 bytes with the nibbles of blocks 2i (low) and 2i + 1 (high) in 32 bytes, to U8 [n, count, 8, 32]."""
    pairs = raw.reshape(*raw.shape[:2], 4, 1, BLOCK)
    return np.concatenate([pairs & 15, pairs >> 4], axis=-2).reshape(*raw.shape[:2], 8, BLOCK)


def _k_scales(name: str, blocks: Bytes) -> tuple[Float16, Float16]:
    """Scale and minimum of each block, F16 [n, k/32], from 16 bytes for 8 blocks: F16 scale of scales and of minima,
    12 bytes with a 6-bit scale and minimum each."""
    n = len(blocks)
    unit, minimum_unit = (_halves(name, blocks[..., at : at + 2]).astype(np.float32) for at in (0, 2))
    first, second, third = (blocks[..., at : at + 4] for at in (4, 8, 12))
    scales = np.concatenate([first & 63, (third & 15) | ((first >> 6) << 4)], axis=-1)
    minima = np.concatenate([second & 63, (third >> 4) | ((second >> 6) << 4)], axis=-1)
    scale = (unit[..., None] * scales).astype(np.float16).reshape(n, -1)
    minimum = (-minimum_unit[..., None] * minima).astype(np.float16).reshape(n, -1)
    if not (np.isfinite(scale).all() and np.isfinite(minimum).all()):
        raise MalformedGguf(f"tensor {name} has a block whose scale leaves float16's range")
    return scale, minimum


Decoder = Callable[[str, Bytes], Matrix]

DECODERS: dict[Kind, Decoder] = {
    Kind.Q4_0: _q4_0,
    Kind.Q4_1: _q4_1,
    Kind.Q5_0: _q5_0,
    Kind.Q5_1: _q5_1,
    Kind.Q8_0: _q8_0,
    Kind.Q4_K: _q4_k,
    Kind.Q5_K: _q5_k,
}

ROUNDED = (Kind.Q6_K, Kind.F16, Kind.BF16, Kind.F32)
"""Formats that come out as the nearest 8 bits."""
