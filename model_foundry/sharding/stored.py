"""Decides what of a model goes into which shard, under which names, and how many bytes it takes.

A matrix called ``s`` with b bits a weight, b one of 2, 3, 4, 5, 6 and 8, is stored as

    s.q{b}   U8  [n, k/32, 4b]   a block's 32 weights as a bit stream (orion_py/manifest/bit_stream.py)
    s.scale  F16 [n, k/32]       or [n, k/64], [n, k/128] where larger blocks share one
    s.min    F16 [n, k/32]       where it is affine: weight = q scale + min
                                 where it isn't:     weight = (q - 2^(b-1)) scale

The numbers are the source's own. With 4 and 8 bits onnxruntime's MatMulNBits reads them in place;
other widths are widened on the device (see ``Widening`` in orion_py/manifest/derived.py). A matrix of
floats is stored as

    s.weight F16 or F32 [n, k]

Norms and biases are F32 vectors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from model_foundry.errors import UnknownQuantization
from model_foundry.formats.float_formats import WIDTHS as FLOAT_WIDTHS
from model_foundry.model.description import Layer, Linear, ModelDescription
from model_foundry.model.weights import Affine, Dense, Matrix
from model_foundry.sharding.safetensors_file import Array
from orion_py.manifest.bit_stream import pack
from orion_py.manifest.stored_names import FLOATS, WIDTHS

EMBEDDING, HEAD, FINAL_NORM = "embedding", "head", "final_norm"
"""Names of what no layer owns. A tied model has no ``head``: its graphs read ``embedding``."""

EMBEDDING_SCALE = "embedding.rescale"
"""F32 [hidden], where the table is equalized as a head: multiplies a row after the lookup."""


@dataclass(frozen=True)
class ShardContent:
    role: Literal["embedding", "layers", "head", "weights"]
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


def norm_names(layer: int) -> dict[str, str]:
    """Field of ``description.Layer`` to stored name, for the norms of layer ``layer``. Not every family has all."""
    return {
        "attention_norm": f"layers.{layer}.attention_norm",
        "query_norm": f"layers.{layer}.attention.query_norm",
        "key_norm": f"layers.{layer}.attention.key_norm",
        "attention_post_norm": f"layers.{layer}.attention.post_norm",
        "mlp_norm": f"layers.{layer}.mlp_norm",
        "mlp_post_norm": f"layers.{layer}.mlp.post_norm",
    }


def _layer(index: int, layer: Layer) -> dict[str, Array]:
    norms = {name: getattr(layer, field) for field, name in norm_names(index).items()}
    arrays: dict[str, Array] = {name: norm for name, norm in norms.items() if norm is not None}
    for field, name in linear_names(index).items():
        linear: Linear = getattr(layer, field)
        arrays |= _matrix(name, linear.weight)
        if linear.bias is not None:
            arrays[f"{name}.bias"] = linear.bias
    return arrays


def _matrix(name: str, matrix: Matrix) -> dict[str, Array]:
    """Raises UnknownQuantization for a width that has no stored form."""
    if isinstance(matrix, Dense):
        floats: Array = matrix.values.astype(np.float16) if matrix.dtype == "F16" else matrix.values
        return {f"{name}.{FLOATS}": floats}
    if matrix.bits not in WIDTHS:
        raise UnknownQuantization(f"{name} has to be quantized to one of {WIDTHS} bits before it is stored")
    if isinstance(matrix, Affine):
        quants = {f"{name}.q{matrix.bits}": pack(matrix.quants, matrix.bits)}
        return {**quants, f"{name}.scale": matrix.scale, f"{name}.min": matrix.minimum}
    return {f"{name}.q{matrix.bits}": pack(matrix.unsigned(), matrix.bits), f"{name}.scale": matrix.scale}


def matrix_bytes(matrix: Matrix) -> int:
    """On the wire: quants, scales and minima; floats as wide as they were in the source."""
    n, k = matrix.shape
    if isinstance(matrix, Dense):
        return n * k * FLOAT_WIDTHS[matrix.dtype]
    minima = matrix.minimum.nbytes if isinstance(matrix, Affine) else 0
    return n * k * matrix.bits // 8 + matrix.scale.nbytes + minima


def weight_bytes(model: ModelDescription) -> int:
    """All matrices of ``model``; norms and biases are too small to count."""
    matrices = [model.embedding, *([] if model.head is None else [model.head])]
    for layer in model.layers:
        maps = (layer.qkv, layer.attention_output, layer.gate, layer.up, layer.down)
        matrices += [linear.weight for linear in maps]
    return sum(matrix_bytes(matrix) for matrix in matrices)
