"""Builds Whisper's two graphs from its CTranslate2 weights (Radford et al. 2022, https://arxiv.org/abs/2212.04356).

The **encoder** takes mel features F32 [1, 80, 2 t] (t up to 1,500) and returns, for each layer of the decoder, keys and
values of what was heard, [1, heads, t, size of a head]: they are computed once a window. The **decoder** takes tokens
I64 [1, n], those keys and values, and its own from the steps before, [1, heads, p, size], and returns the logits after
the last token, F32 [1, vocab], and its own keys and values with n rows more. A shorter window costs less in
proportion.

Matrices are int8 by output channel, symmetric, activations quantized when they come (DynamicQuantizeMatMul); norms,
biases, positions and the two convolutions stay F32.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from model_foundry.errors import MalformedGraph
from model_foundry.graphs.builder import MICROSOFT, GraphBuilder
from model_foundry.senses.ctranslate2_file import CTranslate2File

Floats = NDArray[np.float32]
_EPSILON = 1e-5


class WhisperShape:
    """Sizes, read from the weights. Raises MalformedGraph where they don't fit together."""

    def __init__(self, file: CTranslate2File) -> None:
        if file.specification != "WhisperSpec":
            raise MalformedGraph(f"the model is a {file.specification}, not Whisper")
        table = file.floats("decoder/embeddings/weight")
        self.vocabulary, self.hidden = table.shape
        self.heads = int(file.floats("decoder/num_heads"))
        self.mels = file.floats("encoder/conv1/weight").shape[1]
        self.frames = file.floats("encoder/position_encodings/encodings").shape[0]
        self.context = file.floats("decoder/position_encodings/encodings").shape[0]
        names = file.variables
        self.encoder_layers = sum(f"encoder/layer_{i}/ffn/linear_0/weight" in names for i in range(64))
        self.decoder_layers = sum(f"decoder/layer_{i}/ffn/linear_0/weight" in names for i in range(64))
        if self.hidden % self.heads or not self.encoder_layers or not self.decoder_layers:
            raise MalformedGraph(f"{self.heads} heads don't divide {self.hidden}, or there are no layers")

    @property
    def head(self) -> int:
        return int(self.hidden // self.heads)


def handed_on(shape: WhisperShape, session: str) -> dict[str, tuple[str, str]]:
    """What the encoder hands on to the decoder, which is called ``session``."""
    names = [f"{kind}.{index}" for index in range(shape.decoder_layers) for kind in ("cross_key", "cross_value")]
    return {name: (session, name) for name in names}


def kept(shape: WhisperShape) -> dict[str, str]:
    """The decoder's outputs that are its next inputs."""
    names = [f"{kind}.{index}" for index in range(shape.decoder_layers) for kind in ("key", "value")]
    return {name: f"past_{name}" for name in names}


class _Graph:
    """Layers that encoder and decoder share."""

    def __init__(self, file: CTranslate2File) -> None:
        self.file, self.shape = file, WhisperShape(file)
        self.graph = GraphBuilder()

    def norm(self, x: str, name: str) -> str:
        inputs = [x, self.floats(f"{name}/gamma"), self.floats(f"{name}/beta")]
        return self.graph.node("LayerNormalization", inputs, f"{name}.y", axis=-1, epsilon=_EPSILON)

    def linear(self, x: str, name: str) -> str:
        quants, scale = int8_columns(self.file.floats(f"{name}/weight").T)
        graph = self.graph
        inputs = [
            x,
            graph.constant(f"{name}/weight", quants),
            graph.constant(f"{name}/scale", scale),
            "",
            self.floats(f"{name}/bias"),
        ]
        return graph.node("DynamicQuantizeMatMul", inputs, f"{name}.y", MICROSOFT)

    def heads(self, x: str, name: str) -> str:
        """[1, s, hidden] as [1, heads, s, head]."""
        graph, shape = self.graph, self.shape
        cut = graph.node("Reshape", [x, graph.integers(0, 0, shape.heads, shape.head)])
        return graph.node("Transpose", [cut], name, perm=[0, 2, 1, 3])

    def split(self, x: str, count: int) -> list[str]:
        names = [f"{x}.{index}" for index in range(count)]
        return self.graph.node_with_outputs("Split", [x], names, axis=-1, num_outputs=count)

    def attention(self, queries: str, keys: str, values: str, mask: str | None) -> str:
        """Softmax of scaled products, and the values that they weigh: [1, s, hidden]."""
        graph, shape = self.graph, self.shape
        scaled = graph.node("Mul", [queries, graph.scalar(1 / math.sqrt(shape.head))])
        scores = graph.node("MatMul", [scaled, graph.node("Transpose", [keys], perm=[0, 1, 3, 2])])
        if mask is not None:
            scores = graph.node("Add", [scores, mask])
        weighed = graph.node("MatMul", [graph.node("Softmax", [scores], axis=-1), values])
        return graph.node(
            "Reshape", [graph.node("Transpose", [weighed], perm=[0, 2, 1, 3]), graph.integers(0, 0, shape.hidden)]
        )

    def feed_forward(self, x: str, layer: str) -> str:
        inner = self.linear(self.norm(x, f"{layer}/ffn/layer_norm"), f"{layer}/ffn/linear_0")
        gelu = self.graph.node("Gelu", [inner], domain=MICROSOFT)
        return self.graph.node("Add", [x, self.linear(gelu, f"{layer}/ffn/linear_1")], f"{layer}.y")

    def floats(self, name: str) -> str:
        return self.graph.constant(name, self.file.floats(name))


def encoder_graph(file: CTranslate2File) -> bytes:
    """ONNX: ``mel`` in, ``cross_key.<layer>`` and ``cross_value.<layer>`` out. Raises MalformedGraph."""
    made = _Graph(file)
    graph, shape = made.graph, made.shape
    x = graph.input("mel", TensorProto.FLOAT, [1, shape.mels, "mel_frames"])
    for number, stride in ((1, 1), (2, 2)):
        weight, bias = (made.floats(f"encoder/conv{number}/{part}") for part in ("weight", "bias"))
        wide = graph.node("Conv", [x, weight, bias], kernel_shape=[3], pads=[1, 1], strides=[stride])
        x = graph.node("Gelu", [wide], domain=MICROSOFT)
    x = graph.node("Transpose", [x], perm=[0, 2, 1])
    length = graph.node("Shape", [x], start=1, end=2)
    positions = made.floats("encoder/position_encodings/encodings")
    x = graph.node("Add", [x, graph.node("Slice", [positions, graph.integers(0), length, graph.integers(0)])])
    for index in range(shape.encoder_layers):
        layer = f"encoder/layer_{index}"
        part = f"{layer}/self_attention"
        mixed = made.linear(made.norm(x, f"{part}/layer_norm"), f"{part}/linear_0")
        queries, keys, values = (made.heads(piece, f"{piece}.heads") for piece in made.split(mixed, 3))
        attended = made.linear(made.attention(queries, keys, values, None), f"{part}/linear_1")
        x = made.feed_forward(graph.node("Add", [x, attended]), layer)
    x = made.norm(x, "encoder/layer_norm")
    for index in range(shape.decoder_layers):
        both = made.linear(x, f"decoder/layer_{index}/attention/linear_1")
        for name, piece in zip(("cross_key", "cross_value"), made.split(both, 2), strict=True):
            made.heads(piece, f"{name}.{index}")
            graph.output(f"{name}.{index}", TensorProto.FLOAT, [1, shape.heads, "frames", shape.head])
    return graph.serialized("whisper encoder")


def decoder_graph(file: CTranslate2File) -> bytes:
    """ONNX: ``tokens``, ``cross_key.<layer>``, ``cross_value.<layer>``, ``past_key.<layer>`` and ``past_value.<layer>``
    in; ``logits``, ``key.<layer>`` and ``value.<layer>`` out. Raises MalformedGraph."""
    made = _Graph(file)
    graph, shape = made.graph, made.shape
    tokens = graph.input("tokens", TensorProto.INT64, [1, "n"])
    size: list[int | str] = [1, shape.heads, "frames", shape.head]
    past: list[int | str] = [1, shape.heads, "p", shape.head]
    for index in range(shape.decoder_layers):
        for name, extent in (("cross_key", size), ("cross_value", size), ("past_key", past), ("past_value", past)):
            graph.input(f"{name}.{index}", TensorProto.FLOAT, extent)
    # One table is both the embedding and the head: [hidden, vocabulary], a column a token.
    quants, scale = int8_columns(file.floats("decoder/embeddings/weight").T)
    table, scales = graph.constant("table", quants), graph.constant("table/scale", scale)
    columns = graph.node("Cast", [graph.node("Gather", [table, tokens], axis=1)], to=TensorProto.FLOAT)
    embedded = graph.node("Mul", [columns, graph.node("Gather", [scales, tokens], axis=0)])
    x = graph.node("Transpose", [embedded], perm=[1, 2, 0])  # [hidden, 1, n] as [1, n, hidden]
    begun = graph.node("Shape", ["past_key.0"], start=2, end=3)
    count = graph.node("Shape", [tokens], start=1, end=2)
    end = graph.node("Add", [begun, count])
    positions = made.floats("decoder/position_encodings/encodings")
    x = graph.node("Add", [x, graph.node("Slice", [positions, begun, end, graph.integers(0)])])
    mask = _causal(graph, begun, end)
    for index in range(shape.decoder_layers):
        layer = f"decoder/layer_{index}"
        own = f"{layer}/self_attention"
        mixed = made.linear(made.norm(x, f"{own}/layer_norm"), f"{own}/linear_0")
        queries, new_keys, new_values = (made.heads(piece, f"{piece}.heads") for piece in made.split(mixed, 3))
        keys = graph.node("Concat", [f"past_key.{index}", new_keys], f"key.{index}", axis=2)
        values = graph.node("Concat", [f"past_value.{index}", new_values], f"value.{index}", axis=2)
        for name in (keys, values):
            graph.output(name, TensorProto.FLOAT, [1, shape.heads, "p + n", shape.head])
        x = graph.node("Add", [x, made.linear(made.attention(queries, keys, values, mask), f"{own}/linear_1")])
        other = f"{layer}/attention"
        asked = made.heads(made.linear(made.norm(x, f"{other}/layer_norm"), f"{other}/linear_0"), f"{other}.heads")
        heard = made.attention(asked, f"cross_key.{index}", f"cross_value.{index}", None)
        x = made.feed_forward(graph.node("Add", [x, made.linear(heard, f"{other}/linear_2")]), layer)
    last = graph.node("Slice", [x, graph.integers(-1), graph.integers(2**31), graph.integers(1)])
    normed = made.norm(last, "decoder/layer_norm")
    head = graph.node("DynamicQuantizeMatMul", [normed, table, scales], domain=MICROSOFT)
    graph.node("Reshape", [head, graph.integers(1, shape.vocabulary)], "logits")
    graph.output("logits", TensorProto.FLOAT, [1, shape.vocabulary])
    return graph.serialized("whisper decoder")


def _causal(graph: GraphBuilder, begun: str, end: str) -> str:
    """What is added to scores [1, heads, n, p + n]: nothing, or -inf for a token that comes later."""
    zero, one = (graph.constant(f"i64.scalar.{value}", np.array(value, np.int64)) for value in (0, 1))
    first, past = (graph.node("Squeeze", [value]) for value in (begun, end))
    rows = graph.node("Unsqueeze", [graph.node("Range", [first, past, one]), graph.integers(1)])
    later = graph.node("Greater", [graph.node("Range", [zero, past, one]), rows])
    return graph.node("Where", [later, graph.scalar(-math.inf), graph.scalar(0.0)])


def int8_columns(matrix: Floats) -> tuple[NDArray[np.int8], Floats]:
    """``matrix`` [k, n] as int8 with a scale a column, symmetric."""
    scale = np.maximum(np.abs(matrix).max(axis=0), 1e-12) / 127
    return np.ascontiguousarray(np.rint(matrix / scale), np.int8), scale.astype(np.float32)
