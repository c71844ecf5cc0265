"""Builds y = W x in several forms, one for each kernel that is worth having.

Each takes activations F32 [1, s, k] and the stored name of a matrix [n, k] and gives F32
[1, s, n]. Which is fast where was measured: MatMulNBits dequantizes on every call on WASM (good
for many tokens, useless for one) and has no WebGPU kernel for float zero points.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np
from onnx import TensorProto

from model_foundry.graphs.builder import MICROSOFT, GraphBuilder
from model_foundry.graphs.weights import StoredWeights
from model_foundry.model.weights import BLOCK
from orion_py.manifest.stored_names import FLOATS


class LinearMap(Protocol):
    """``activations`` may be used by several maps; what derives from them alone is shared."""

    def __call__(self, activations: str, source: str) -> str: ...


class PerRowInt8:
    """int8 weights per channel, activations U8 quantized per row: for many tokens.

    Each row comes out as ``DynamicInt8`` computes it alone, bit for bit: that is what makes a draft's
    verification agree with single steps. With row scale a and zero point z, x ≈ a (u - z), so
    W x ≈ ((u - 128) C + (128 - z) sum(C)) (a w), where C are the integers and w the scales of W.
    MatMulIntegerToFloat gives the first product and the expansion's ``sum`` the second. Both are
    integers in float32, so exact up to 2^24, and the last product is rounded as the kernel's is
    (onnxruntime, dynamic_quantize_matmul.cc; its scale, zero point and rounding to even are those of
    DynamicQuantizeLinear, here once a row). The range always contains 0, so that 0 stays exact.
    """

    def __init__(self, graph: GraphBuilder, weights: StoredWeights) -> None:
        self._graph, self._weights = graph, weights
        self._quantized: dict[str, tuple[str, str, str]] = {}

    def __call__(self, activations: str, source: str) -> str:
        graph, weights = self._graph, self._weights
        quants, row_scale, row_shift = self._quantize(activations)
        scale = graph.stored(weights[f"{source}.int8.scale"])
        product = graph.node(
            "MatMulIntegerToFloat",
            [
                quants,
                graph.stored(weights[f"{source}.int8"]),
                graph.scalar(1.0),
                graph.scalar(1.0),
                graph.constant("zero_point_128", np.array(128, np.uint8)),
            ],
            f"{source}.product",
            MICROSOFT,
        )
        # ``sum`` carries the scale; without it, it is an integer again. The session folds this.
        sums = graph.node("Round", [graph.node("Div", [graph.stored(weights[f"{source}.int8.sum"]), scale])])
        integers = graph.node("Add", [product, graph.node("Mul", [row_shift, sums])])
        return graph.node("Mul", [integers, graph.node("Mul", [row_scale, scale])], f"{source}.y")

    def _quantize(self, x: str) -> tuple[str, str, str]:
        """U8 values [1, s, k], their scale a and 128 - z, both [1, s, 1]."""
        if x not in self._quantized:
            graph, last = self._graph, self._graph.integers(-1)
            # Above 0 by nothing that counts, so that a row of zeros has a range too; its quants are z.
            high = graph.node("Max", [graph.node("ReduceMax", [x, last], keepdims=1), graph.scalar(1e-30)])
            low = graph.node("Min", [graph.node("ReduceMin", [x, last], keepdims=1), graph.scalar(0.0)])
            span = graph.node("Sub", [high, low])
            scale = graph.node("Div", [span, graph.scalar(255.0)], f"{x}.scale")
            shift = graph.node("Add", [graph.node("Round", [graph.node("Div", [low, scale])]), graph.scalar(128.0)])
            zero_point = graph.node("Cast", [graph.node("Sub", [graph.scalar(128.0), shift])], to=TensorProto.UINT8)
            by_row = [graph.node("Reshape", [value, last]) for value in (scale, zero_point)]
            quants = graph.node("QuantizeLinear", [x, *by_row], f"{x}.quants", axis=1)
            self._quantized[x] = quants, scale, shift
        return self._quantized[x]


class DynamicInt8:
    """int8 weights per channel, activations quantized inside the kernel: for one token."""

    def __init__(self, graph: GraphBuilder, weights: StoredWeights) -> None:
        self._graph, self._weights = graph, weights

    def __call__(self, activations: str, source: str) -> str:
        graph, weights = self._graph, self._weights
        matrix = graph.stored(weights[f"{source}.int8"])
        # No zero points: they are 0, and x64's precise mode trips over shared ones.
        inputs = [activations, matrix, graph.stored(weights[f"{source}.int8.scale"])]
        return graph.node("DynamicQuantizeMatMul", inputs, f"{source}.y", MICROSOFT)


class _BlockQuantized:
    """What the exact maps of blocks share: MatMulNBits on the shard's own numbers, or on these widened."""

    def __init__(self, graph: GraphBuilder, weights: StoredWeights) -> None:
        self._graph, self._weights = graph, weights
        self._sums: dict[tuple[str, int], str] = {}

    def __call__(self, activations: str, source: str) -> str:
        raise NotImplementedError

    def _bits(self, source: str) -> int:
        """8 or 4, whichever is there; a tied token table may be there in both."""
        return 8 if f"{source}.q8" in self._weights else 4

    def _block(self, source: str) -> int:
        """Weights that share a scale."""
        blocks = self._weights[f"{source}.q{self._bits(source)}"].shape[1]
        return BLOCK * blocks // self._weights[f"{source}.scale"].shape[1]

    def _affine(self, source: str) -> bool:
        return f"{source}.min" in self._weights

    def _float(self, name: str) -> str:
        """A stored F16 tensor as F32; the session folds it into a constant."""
        return self._graph.as_float32(self._graph.stored(self._weights[name]))

    def _product(self, activations: str, source: str, bits: int, zero_points: str = "") -> str:
        """With (q - 2^(bits-1)) scale, or with (q - zero point) scale."""
        tensor, block = self._weights[f"{source}.q{bits}"], self._block(source)
        n, k = tensor.shape[0], tensor.shape[1] * BLOCK
        # The same bytes, in the shape that the kernel wants for larger blocks.
        quants = self._graph.stored(replace(tensor, shape=(n, k // block, block * bits // 8)))
        inputs = [activations, quants, self._float(f"{source}.scale")]
        if zero_points:
            inputs.append(zero_points)
        return self._graph.node(
            "MatMulNBits",
            inputs,
            f"{source}.product",
            MICROSOFT,
            K=k,
            N=n,
            bits=bits,
            block_size=block,
        )

    def _corrected(self, activations: str, source: str, bits: int) -> str:
        """q scale + min = (q - c) scale + (min + c scale) with c = 2^(bits-1): a symmetric product
        plus, for each block, the sum of its activations times (min + c scale), a small product."""
        graph = self._graph
        centre = graph.node("Mul", [self._float(f"{source}.scale"), graph.scalar(float(2 ** (bits - 1)))])
        rest = graph.node("Add", [self._float(f"{source}.min"), centre])
        correction = graph.node("Transpose", [rest], f"{source}.correction", perm=[1, 0])
        added = graph.node("MatMul", [self._block_sums(activations, source), correction])
        return graph.node("Add", [self._product(activations, source, bits), added], f"{source}.y")

    def _block_sums(self, x: str, source: str) -> str:
        """F32 [1, s, k/block]: the sum of each block of activations."""
        block, count = self._block(source), self._weights[f"{source}.scale"].shape[1]
        if (x, block) not in self._sums:
            graph = self._graph
            grouped = graph.node("Reshape", [x, graph.integers(0, 0, count, block)])
            sums = graph.node("ReduceSum", [grouped, graph.integers(3)], f"{x}.sums.{block}", keepdims=0)
            self._sums[x, block] = sums
        return self._sums[x, block]


class _Floats:
    """A matrix of floats, F16 or F32 on the wire: an F32 product with just these numbers.

    Gemm, unlike MatMul, takes [n, k] as it is stored, so that a tied table is one tensor; it has kernels
    on both backends. F16 becomes F32 when the session is made: half the download, the same memory as F32.
    """

    def __init__(self, graph: GraphBuilder, weights: StoredWeights) -> None:
        self._graph, self._weights = graph, weights
        self._rows: dict[str, str] = {}

    def __call__(self, activations: str, source: str) -> str:
        graph, axis = self._graph, self._graph.integers(0)
        if activations not in self._rows:
            self._rows[activations] = graph.node("Squeeze", [activations, axis], f"{activations}.rows")
        product = graph.node("Gemm", [self._rows[activations], self._matrix(source)], f"{source}.product", transB=1)
        return graph.node("Unsqueeze", [product, axis], f"{source}.y")

    def _matrix(self, source: str) -> str:
        tensor = self._weights[f"{source}.{FLOATS}"]
        stored = self._graph.stored(tensor)
        return stored if tensor.dtype == "F32" else self._graph.as_float32(stored)


class _Exact:
    """The numbers that are stored: floats by ``_Floats``, blocks by the map of the backend."""

    blocks: type[_BlockQuantized]

    def __init__(self, graph: GraphBuilder, weights: StoredWeights) -> None:
        self._weights = weights
        self._floats, self._blocks = _Floats(graph, weights), self.blocks(graph, weights)

    def __call__(self, activations: str, source: str) -> str:
        form = self._floats if f"{source}.{FLOATS}" in self._weights else self._blocks
        return form(activations, source)


class _FloatZeroPoint(_BlockQuantized):
    """Exact on WASM: q scale + min = (q - z) scale with the float zero point z = -min / scale.

    The kernel knows these with 4 bits only; with 8 the minimum is added as on WebGPU.
    """

    def __call__(self, activations: str, source: str) -> str:
        bits = self._bits(source)
        if not self._affine(source):
            return self._product(activations, source, bits)
        if bits == 8:
            return self._corrected(activations, source, bits)
        graph = self._graph
        negated = graph.node("Neg", [self._float(f"{source}.min")])
        zero_points = graph.node("Div", [negated, self._float(f"{source}.scale")], f"{source}.zero_points")
        return self._product(activations, source, bits, zero_points)


class _CorrectedSymmetric(_BlockQuantized):
    """Exact on WebGPU, whose kernel knows no float zero points."""

    def __call__(self, activations: str, source: str) -> str:
        bits = self._bits(source)
        if self._affine(source):
            return self._corrected(activations, source, bits)
        return self._product(activations, source, bits)


class ExactOnWasm(_Exact):
    blocks = _FloatZeroPoint


class ExactOnWebGpu(_Exact):
    blocks = _CorrectedSymmetric
