"""Builds the graph of EfficientNet-Lite0 from its weights: what a picture shows, of ImageNet's 1,000 kinds.

The architecture is that of https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite (Tan and
Le 2019, https://arxiv.org/abs/1905.11946, without squeeze and excitation, ReLU6 for swish); paddings are
TensorFlow's. Batch normalizations are folded into the convolutions before them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from model_foundry.errors import MalformedGraph
from model_foundry.graphs.builder import GraphBuilder

SIDE = 224
EPSILON = 1e-3
STAGES = ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1))
"""Of each stage the number of blocks and the first one's stride (r1 s1, r2 s2, … in the source's notation)."""

Weights = Mapping[str, NDArray[Any]]


def efficientnet_graph(weights: Weights, side: int = SIDE, stages: tuple[tuple[int, int], ...] = STAGES) -> bytes:
    """``picture`` F32 [1, 3, side, side] in, ``chances`` F32 [1, kinds] out, which add up to 1. Raises
    MalformedGraph."""
    try:
        return _Builder(weights).run(side, stages)
    except (KeyError, ValueError) as error:
        raise MalformedGraph(f"the weights aren't EfficientNet-Lite's: {error}") from error


class _Builder:
    def __init__(self, weights: Weights) -> None:
        self._weights, self._graph = weights, GraphBuilder()

    def run(self, side: int, stages: tuple[tuple[int, int], ...]) -> bytes:
        graph = self._graph
        value = graph.input("picture", TensorProto.FLOAT, [1, 3, side, side])
        value = self._relu6(self._convolution(value, "_conv_stem", "_bn0", 2))
        strides = [first if index == 0 else 1 for count, first in stages for index in range(count)]
        for index, stride in enumerate(strides):
            value = self._block(value, f"_blocks.{index}.", stride)
        value = self._relu6(self._convolution(value, "_conv_head", "_bn1", 1))
        pooled = graph.node("Flatten", [graph.node("GlobalAveragePool", [value])])
        matrix = graph.constant("_fc.weight", self._weights["_fc.weight"])
        scores = graph.node("Gemm", [pooled, matrix, graph.constant("_fc.bias", self._weights["_fc.bias"])], transB=1)
        graph.node("Softmax", [scores], "chances", axis=1)
        graph.output("chances", TensorProto.FLOAT, [1, len(self._weights["_fc.bias"])])
        return graph.serialized("efficientnet-lite0")

    def _block(self, value: str, name: str, stride: int) -> str:
        inner = value
        if f"{name}_expand_conv.weight" in self._weights:
            inner = self._relu6(self._convolution(inner, f"{name}_expand_conv", f"{name}_bn0", 1))
        inner = self._relu6(self._convolution(inner, f"{name}_depthwise_conv", f"{name}_bn1", stride, depthwise=True))
        inner = self._convolution(inner, f"{name}_project_conv", f"{name}_bn2", 1)
        same = stride == 1 and self._channels(name) == len(self._weights[f"{name}_project_conv.weight"])
        return self._graph.node("Add", [inner, value]) if same else inner

    def _channels(self, name: str) -> int:
        """That go into a block."""
        expand = self._weights.get(f"{name}_expand_conv.weight")
        return len(self._weights[f"{name}_depthwise_conv.weight"]) if expand is None else int(expand.shape[1])

    def _convolution(self, value: str, name: str, norm: str, stride: int, depthwise: bool = False) -> str:
        kernel = self._weights[f"{name}.weight"].astype(np.float64)
        mean, variance, scale, shift = (
            self._weights[f"{norm}.{part}"].astype(np.float64)
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        factor = scale / np.sqrt(variance + EPSILON)
        graph = self._graph
        inputs = [
            value,
            graph.constant(f"{name}.weight", (kernel * factor[:, None, None, None]).astype(np.float32)),
            graph.constant(f"{name}.bias", (shift - mean * factor).astype(np.float32)),
        ]
        group = len(kernel) if depthwise else 1
        return graph.node("Conv", inputs, group=group, strides=[stride, stride], auto_pad="SAME_UPPER")

    def _relu6(self, value: str) -> str:
        return self._graph.node("Clip", [value, self._graph.scalar(0.0), self._graph.scalar(6.0)])
