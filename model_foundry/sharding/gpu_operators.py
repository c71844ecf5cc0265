"""Names the operators of a graph that WebGPU can't compute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

UNFIT = frozenset(
    {
        "ConvInteger",
        "DynamicQuantizeLinear",
        "DynamicQuantizeLSTM",
        "DynamicQuantizeMatMul",
        "GRU",
        "LSTM",
        "MatMulInteger",
        "MatMulIntegerToFloat",
        "QAttention",
        "QGemm",
        "QLinearAdd",
        "QLinearConv",
        "QLinearMatMul",
        "QLinearMul",
        "RNN",
    }
)
"""Heavy ones alone. onnxruntime gives whatever WebGPU has no kernel for to the processor, with one thread, and copies
its tensors there and back. What only moves a few numbers, such as Shape, costs little there; these are where a graph
that has them spends its time."""


def unfit_for_gpu(graph: Any) -> tuple[str, ...]:
    """Those of ``graph`` (an onnx.GraphProto) and of the graphs inside it, by name."""
    return tuple(sorted({node.op_type for node in _nodes(graph)} & UNFIT))


def _nodes(graph: Any) -> Iterator[Any]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _nodes(inner)
