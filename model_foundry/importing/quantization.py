"""ggml's block formats to the forms in ``model_foundry.weights``.

Block layouts: ggml-common.h in https://github.com/ggml-org/ggml. One decoder a format, in
``DECODERS``; the next format is one more entry.
"""

from __future__ import annotations

from collections.abc import Callable

import gguf
import numpy as np
from numpy.typing import NDArray

from model_foundry.errors import MalformedGguf, UnknownQuantization
from model_foundry.weights import BLOCK, Affine4, Float16, Float32, Matrix, Symmetric8


def decode_matrix(tensor: gguf.ReaderTensor) -> Matrix:
    """A quantized matrix [n, k]. Raises UnknownQuantization or MalformedGguf."""
    decoder = DECODERS.get(tensor.tensor_type)
    if decoder is None:
        known = ", ".join(sorted(kind.name for kind in DECODERS))
        raise UnknownQuantization(f"tensor {tensor.name} is {tensor.tensor_type.name}; known are {known}")
    if len(tensor.shape) != 2:
        raise MalformedGguf(f"tensor {tensor.name} isn't a matrix")
    k, n = (int(extent) for extent in tensor.shape)
    blocks = np.asarray(tensor.data, dtype=np.uint8).reshape(n, k // BLOCK, -1)
    return decoder(tensor.name, blocks)


def decode_vector(tensor: gguf.ReaderTensor) -> Float32:
    """A float32 vector. Raises UnknownQuantization or MalformedGguf."""
    if tensor.tensor_type != gguf.GGMLQuantizationType.F32:
        raise UnknownQuantization(f"tensor {tensor.name} is {tensor.tensor_type.name}; a vector has to be F32")
    values = np.array(tensor.data, dtype=np.float32).reshape(-1)
    if not np.isfinite(values).all():
        raise MalformedGguf(f"tensor {tensor.name} holds numbers that aren't finite")
    return values


def _halves(name: str, raw: NDArray[np.uint8]) -> Float16:
    """F16 [n, k/32] from its bytes [n, k/32, 2]."""
    values: Float16 = np.ascontiguousarray(raw).view("<f2")[..., 0].astype(np.float16)
    if not np.isfinite(values).all():
        raise MalformedGguf(f"tensor {name} holds numbers that aren't finite")
    return values


def _q4_1(name: str, blocks: NDArray[np.uint8]) -> Matrix:
    """20 bytes a block: F16 scale, F16 minimum, 16 bytes with weight j low and j + 16 high."""
    scale, minimum = _halves(name, blocks[..., 0:2]), _halves(name, blocks[..., 2:4])
    nibbles = blocks[..., 4:20]
    quants = np.concatenate([nibbles & 15, nibbles >> 4], axis=-1)
    # A zero scale makes every weight the minimum; say so with a scale that a zero point survives.
    constant = scale == 0
    quants[constant] = 0
    scale = np.where(constant, np.where(minimum == 0, np.float16(1), np.abs(minimum)), scale)
    n, count, _ = quants.shape
    return Affine4(quants.reshape(n, count * BLOCK), scale, minimum)


def _q8_0(name: str, blocks: NDArray[np.uint8]) -> Matrix:
    """34 bytes a block: F16 scale, 32 signed bytes."""
    scale = _halves(name, blocks[..., 0:2])
    n, count, _ = blocks.shape
    quants = np.ascontiguousarray(blocks[..., 2:34]).view(np.int8)
    return Symmetric8(quants.reshape(n, count * BLOCK), scale)


Decoder = Callable[[str, NDArray[np.uint8]], Matrix]

DECODERS: dict[gguf.GGMLQuantizationType, Decoder] = {
    gguf.GGMLQuantizationType.Q4_1: _q4_1,
    gguf.GGMLQuantizationType.Q8_0: _q8_0,
}
