"""Computes how many bytes weights take on the wire, without writing them."""

from __future__ import annotations

from model_foundry.description import ModelDescription
from model_foundry.float_formats import WIDTHS
from model_foundry.weights import Affine, Dense, Matrix


def matrix_bytes(matrix: Matrix) -> int:
    """Quants, scales and minima; floats as wide as they were in the source."""
    n, k = matrix.shape
    if isinstance(matrix, Dense):
        return n * k * WIDTHS[matrix.dtype]
    minima = matrix.minimum.nbytes if isinstance(matrix, Affine) else 0
    return n * k * matrix.bits // 8 + matrix.scale.nbytes + minima


def weight_bytes(model: ModelDescription) -> int:
    """All matrices of ``model``; norms and biases are too small to count."""
    matrices = [model.embedding, *([] if model.head is None else [model.head])]
    for layer in model.layers:
        maps = (layer.qkv, layer.attention_output, layer.gate, layer.up, layer.down)
        matrices += [linear.weight for linear in maps]
    return sum(matrix_bytes(matrix) for matrix in matrices)
