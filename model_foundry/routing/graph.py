"""Builds the sentence encoder as an ONNX graph: token ids I64 [n] in, embedding F32 [1, 512] of length 1 out.

The table is requantized to 4 bits with a scale and a minimum a row, two entries a byte, so that more
of the vocabulary fits the same download, and dequantized row by row; the dense weights are stored as
float16 and computed with as float32, which costs nothing after the session has folded the casts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from model_foundry.routing.source import BRANCHES, DIMENSION, WIDTH, EncoderSource

LEFT = {2: 0, 3: 1, 5: 2}
"""Tokens of context to the left in each branch."""
OPSET = 17
LEVELS = 15
RANGES = (1.0, 0.92, 0.84, 0.76, 0.68, 0.6, 0.52, 0.45)
"""Parts of a row's range that are tried: clipping its few extremes can make all else finer."""


class _Graph:
    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.initializers: list[TensorProto] = []

    def constant(self, name: str, value: Any) -> str:
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def weight(self, name: str, value: Any) -> str:
        """A dense weight: half on the wire, single in the computation."""
        self.constant(f"{name}.f16", np.asarray(value, np.float32).astype(np.float16))
        return self.add("Cast", [f"{name}.f16"], name, to=TensorProto.FLOAT)

    def add(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output


def encoder_graph(source: EncoderSource, ids: Sequence[int]) -> ModelProto:
    """The graph over the pieces ``ids``, renumbered from 0."""
    graph, chosen = _Graph(), np.asarray(ids)
    graph.constant("axis0", np.array([0], np.int64))
    embedded = _embed(graph, source, chosen)
    features = graph.add("Concat", [embedded, *_branches(graph, source, embedded)], "features", axis=1)
    normal = _layer_norm(graph, features, source.dense["ln_g"], source.dense["ln_b"], source, "mixed")
    _average(graph, source, normal)
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "sentence_encoder",
            [helper.make_tensor_value_info("ids", TensorProto.INT64, ["n"])],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, DIMENSION])],
            graph.initializers,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name="orion-foundry",
    )
    model.ir_version = 9
    return model


def packed(table: Any, scale: Any, minimum: Any) -> tuple[Any, Any, Any]:
    """U8 [n, 256] (column j in the low nibble, column j + 256 in the high one), F16 [n, 1] scale and
    minimum: of several ranges a row, narrower than its own, the one of the least squared error."""
    values = table.astype(np.float32) * scale[:, None] + minimum[:, None]
    low, high = values.min(axis=1, keepdims=True), values.max(axis=1, keepdims=True)
    middle, half = (low + high) / 2, (high - low) / 2
    best = np.full((len(values), 1), np.inf, np.float32)
    codes = np.zeros(values.shape, np.uint8)
    steps, starts = np.zeros((2, len(values), 1), np.float16)
    for share in RANGES:
        start = (middle - share * half).astype(np.float16)
        step = np.maximum(2 * share * half / LEVELS, 1e-6).astype(np.float16)
        level = np.clip(np.rint((values - start) / step), 0, LEVELS)
        error = ((level * step + start - values) ** 2).sum(axis=1, keepdims=True)
        better = error < best
        best = np.where(better, error, best)
        codes = np.where(better, level.astype(np.uint8), codes)
        steps, starts = np.where(better, step, steps), np.where(better, start, starts)
    half_width = DIMENSION // 2
    return codes[:, :half_width] | (codes[:, half_width:] << 4), steps, starts


def _embed(graph: _Graph, source: EncoderSource, chosen: Any) -> str:
    table, scale, minimum = packed(source.table[chosen], source.scale[chosen], source.minimum[chosen])
    graph.constant("table", table)
    graph.constant("table.scale", scale)
    graph.constant("table.minimum", minimum)
    graph.constant("sixteen", np.float32(16))
    pairs = graph.add("Cast", [graph.add("Gather", ["table", "ids"], "bytes", axis=0)], "pairs", to=TensorProto.FLOAT)
    high = graph.add("Floor", [graph.add("Div", [pairs, "sixteen"], "sixteenths")], "high")
    low = graph.add("Sub", [pairs, graph.add("Mul", [high, "sixteen"], "high_part")], "low")
    levels = graph.add("Concat", [low, high], "levels", axis=1)
    rows = {}
    for name in ("scale", "minimum"):
        gathered = graph.add("Gather", [f"table.{name}", "ids"], f"row_{name}.f16", axis=0)
        rows[name] = graph.add("Cast", [gathered], f"row_{name}", to=TensorProto.FLOAT)
    scaled = graph.add("Mul", [levels, rows["scale"]], "scaled")
    return graph.add("Add", [scaled, rows["minimum"]], "embedded")


def _branches(graph: _Graph, source: EncoderSource, embedded: str) -> list[str]:
    """[n, 256] of each branch: two residual convolutions over the projected tokens."""
    outputs = []
    dense = source.dense
    for n in BRANCHES:
        weight = graph.weight(f"proj{n}", dense[f"proj{n}"])
        projected = graph.add("MatMul", [embedded, weight], f"projected{n}")
        shifted = graph.add("Add", [projected, graph.weight(f"proj_b{n}", dense[f"proj_b{n}"])], f"shifted{n}")
        # The three branches are normalised as one row of 768.
        outputs.append(shifted)
    joined = graph.add("Concat", outputs, "joined", axis=1)
    gain = np.concatenate([dense[f"ln_g{n}"] for n in BRANCHES])
    bias = np.concatenate([dense[f"ln_b{n}"] for n in BRANCHES])
    normal = _layer_norm(graph, joined, gain, bias, source, "projected")
    across = graph.add("Transpose", [normal], "across", perm=[1, 0])
    batch = graph.add("Unsqueeze", [across, "axis0"], "batch")
    graph.constant("widths", np.full(len(BRANCHES), WIDTH, np.int64))
    names = [f"branch{n}" for n in BRANCHES]
    graph.nodes.append(helper.make_node("Split", [batch, "widths"], names, axis=1))
    return [_residual(graph, source, name, n) for name, n in zip(names, BRANCHES, strict=True)]


def _residual(graph: _Graph, source: EncoderSource, name: str, n: int) -> str:
    for step in ("1", "2"):
        kernel = source.dense[f"w{step}_{n}"].reshape(n, WIDTH, WIDTH).transpose(2, 1, 0)
        weight = graph.weight(f"w{step}_{n}", kernel)
        bias = graph.weight(f"b{step}_{n}", source.dense[f"b{step}_{n}"].reshape(-1))
        pads = [LEFT[n], n - 1 - LEFT[n]]
        convolved = graph.add("Conv", [name, weight, bias], f"conv{step}_{n}", kernel_shape=[n], pads=pads)
        active = graph.add("Relu", [convolved], f"active{step}_{n}")
        name = graph.add("Add", [active, name], f"residual{step}_{n}")
    flat = graph.add("Squeeze", [name, "axis0"], f"flat{n}")
    return graph.add("Transpose", [flat], f"rows{n}", perm=[1, 0])


def _layer_norm(graph: _Graph, values: str, gain: Any, bias: Any, source: EncoderSource, name: str) -> str:
    inputs = [values, graph.weight(f"{name}.gain", gain), graph.weight(f"{name}.bias", bias)]
    epsilon = float(source.dense["eps"])
    return graph.add("LayerNormalization", inputs, f"{name}.normal", axis=-1, epsilon=epsilon)


def _average(graph: _Graph, source: EncoderSource, rows: str) -> None:
    """Sum over tokens, over the root of their number, then the dense layers."""

    def layer(value: str, name: str) -> str:
        return graph.add("MatMul", [value, graph.weight(name, source.dense[name])], f"{value}.{name}")

    total = graph.add("ReduceSum", [rows, "axis0"], "total", keepdims=1)
    shape = graph.add("Shape", ["ids"], "shape")
    count = graph.add("Cast", [shape], "count", to=TensorProto.FLOAT)
    bias = graph.add("Mul", [count, graph.weight("cnn_b", source.dense["cnn_b"])], "count_bias")
    summed = graph.add("Add", [layer(total, "cnn_W"), bias], "summed")
    mean = graph.add("Div", [summed, graph.add("Sqrt", [count], "root")], "mean")
    first = graph.add("Relu", [layer(mean, "d0")], "first")
    second_sum = graph.add("Add", [layer(mean, "p1"), layer(first, "d1")], "second_sum")
    second = graph.add("Relu", [second_sum], "second")
    third = graph.add("Relu", [layer(second, "d2")], "third")
    last = graph.add("Add", [layer(second, "p3"), layer(third, "d3")], "last")
    bounded = graph.add("Tanh", [last], "bounded")
    graph.add("LpNormalization", [bounded], "embedding", axis=1, p=2)
