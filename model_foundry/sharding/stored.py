"""What of a model goes into which shard, and under which names.

A matrix called ``s`` is stored as the graphs read it, without another conversion:

    Affine4     s.q4     U8  [n, k/32, 16]   weights 2j and 2j+1 of a block in byte j, low nibble first
                s.scale  F16 [n, k/32]
                s.min    F16 [n, k/32]
    Symmetric8  s.q8     U8  [n, k/32, 32]   zero point 128
                s.scale  F16 [n, k/32]

The nibbles are in the order of onnxruntime's MatMulNBits, the numbers are the source's own.
Norms and biases are F32 vectors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from model_foundry.description import Layer, Linear, ModelDescription
from model_foundry.errors import UnknownQuantization
from model_foundry.sharding.safetensors_file import Array
from model_foundry.weights import BLOCK, Affine4, Dense, Matrix

EMBEDDING, HEAD, FINAL_NORM = "embedding", "head", "final_norm"
"""Names of what no layer owns. A tied model has no ``head``: its graphs read ``embedding``."""

EMBEDDING_SCALE = "embedding.rescale"
"""F32 [hidden], where the table is equalized as a head: multiplies a row after the lookup."""


@dataclass(frozen=True)
class ShardContent:
    role: Literal["embedding", "layers", "head"]
    layers: tuple[int, int] | None
    arrays: dict[str, Array]


def contents(model: ModelDescription, layers_per_shard: int) -> list[ShardContent]:
    """The weight shards of ``model`` in the order in which a forward pass needs them."""
    table = _matrix(EMBEDDING, model.embedding)
    if model.embedding_scale is not None:
        table[EMBEDDING_SCALE] = model.embedding_scale
    shards = [ShardContent("embedding", None, table)]
    count = model.architecture.layers
    for first in range(0, count, layers_per_shard):
        end = min(first + layers_per_shard, count)
        arrays: dict[str, Array] = {}
        for index in range(first, end):
            arrays |= _layer(index, model.layers[index])
        if end == count:
            arrays[FINAL_NORM] = model.final_norm
        shards.append(ShardContent("layers", (first, end), arrays))
    if model.head is not None:
        shards.append(ShardContent("head", None, _matrix(HEAD, model.head)))
    return shards


def linear_names(layer: int) -> dict[str, str]:
    """Field of ``description.Layer`` to stored name, for the linear maps of layer ``layer``."""
    return {
        "qkv": f"layers.{layer}.attention.qkv",
        "attention_output": f"layers.{layer}.attention.output",
        "gate": f"layers.{layer}.mlp.gate",
        "up": f"layers.{layer}.mlp.up",
        "down": f"layers.{layer}.mlp.down",
    }


def norm_names(layer: int) -> tuple[str, str]:
    """Stored names of the norm before attention and of the one before the MLP."""
    return f"layers.{layer}.attention_norm", f"layers.{layer}.mlp_norm"


def _layer(index: int, layer: Layer) -> dict[str, Array]:
    attention_norm, mlp_norm = norm_names(index)
    arrays: dict[str, Array] = {attention_norm: layer.attention_norm, mlp_norm: layer.mlp_norm}
    for field, name in linear_names(index).items():
        linear: Linear = getattr(layer, field)
        arrays |= _matrix(name, linear.weight)
        if linear.bias is not None:
            arrays[f"{name}.bias"] = linear.bias
    return arrays


def _matrix(name: str, matrix: Matrix) -> dict[str, Array]:
    """Raises UnknownQuantization for a dense matrix, which has no stored form."""
    if isinstance(matrix, Dense):
        raise UnknownQuantization(f"{name} has to be quantized before it is stored")
    n, k = matrix.shape
    if isinstance(matrix, Affine4):
        pairs = matrix.quants.reshape(n, k // BLOCK, BLOCK // 2, 2)
        return {
            f"{name}.q4": (pairs[..., 0] | (pairs[..., 1] << 4)).astype(np.uint8),
            f"{name}.scale": matrix.scale,
            f"{name}.min": matrix.minimum,
        }
    shifted = (matrix.quants.astype(np.int16) + 128).astype(np.uint8)
    return {f"{name}.q8": shifted.reshape(n, k // BLOCK, BLOCK), f"{name}.scale": matrix.scale}
