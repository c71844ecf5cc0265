"""Builds the encoder of a model that sees: SigLIP's, a shuffle of its patches, and a projection to the decoder's rows.

SigLIP (https://arxiv.org/abs/2303.15343) as Idefics3 and SmolVLM have it (transformers, modeling_idefics3.py): patches
of the picture, learned positions, pre-norm layers whose attention sees all patches, a norm. Of each square of
``shuffle`` times ``shuffle`` patches one row is made, their numbers one after the other, and projected. The graph takes
``pixels``, U8 [1, side, side, 3], and gives ``rows``, F32 [1, (side / patch / shuffle)^2, width]. Matrices are stored
as F16 in shards of weights and computed in F32; norms, biases and positions lie in the graph.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from onnx import TensorProto

from model_foundry.graphs.vision_graph import Floats, VisionGraph, WrittenEncoder


@dataclass(frozen=True)
class SiglipShape:
    """``epsilon`` of the norms; ``tanh``: whether GELU is computed by its tanh formula; ``scale``, ``mean`` and
    ``deviation``: a number of a pixel times ``scale``, less the mean of its channel, over its deviation."""

    layers: int
    hidden: int
    heads: int
    side: int
    patch: int
    shuffle: int
    epsilon: float
    tanh: bool
    scale: float
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    @property
    def across(self) -> int:
        """Patches along a side."""
        return self.side // self.patch

    @property
    def rows(self) -> int:
        return (self.across // self.shuffle) ** 2


@dataclass(frozen=True)
class SiglipNames:
    """What transformers calls the tensors: of the vision model, with a dot behind, and of the projection."""

    vision: str
    projection: str


def encoder_graph(
    shape: SiglipShape, names: SiglipNames, tensor: Callable[[str], Floats], progress: Callable[[int, int], None]
) -> WrittenEncoder:
    """``tensor`` gives each by its name. Raises what it raises, and FoundryError for numbers that F16 can't hold."""
    made = _Encoder(tensor, shape.heads, shape.hidden, shape.epsilon)
    return made.built(shape, names, progress)


class _Encoder(VisionGraph):
    def built(self, shape: SiglipShape, names: SiglipNames, progress: Callable[[int, int], None]) -> WrittenEncoder:
        graph = self.graph
        pixels = graph.input("pixels", TensorProto.UINT8, (1, shape.side, shape.side, 3))
        x = self._patches(self.normalized(pixels, shape.scale, shape.mean, shape.deviation), shape, names.vision)
        for index in range(shape.layers):
            progress(index, shape.layers)
            x = self._layer(x, f"{names.vision}encoder.layers.{index}.", shape.tanh)
        progress(shape.layers, shape.layers)
        x = self._shuffled(self.norm(x, f"{names.vision}post_layernorm"), shape)
        projection = names.projection.removesuffix(".weight")
        projected = self.linear(x, projection, self.stored(names.projection), biased=False)
        graph.node("Identity", [projected], "rows")
        graph.output("rows", TensorProto.FLOAT, (1, shape.rows, self.tensor(names.projection).shape[0]))
        return self.written()

    def _patches(self, x: str, shape: SiglipShape, vision: str) -> str:
        """[1, across * across, hidden]"""
        graph, embedding = self.graph, f"{vision}embeddings.patch_embedding"
        kernel = self.stored_arrays({f"{embedding}.weight": self.tensor(f"{embedding}.weight")})
        inputs = [x, graph.as_float32(kernel[f"{embedding}.weight"]), self.floats(f"{embedding}.bias")]
        x = graph.node("Conv", inputs, strides=[shape.patch] * 2, kernel_shape=[shape.patch] * 2)
        x = graph.node("Reshape", [x, graph.integers(0, 0, shape.across**2)])
        x = graph.node("Transpose", [x], perm=[0, 2, 1])
        return graph.node("Add", [x, self.floats(f"{vision}embeddings.position_embedding.weight")])

    def _layer(self, x: str, name: str, tanh: bool) -> str:
        graph = self.graph
        linears = [f"{name}self_attn.{part}_proj" for part in ("q", "k", "v", "out")]
        stored = self.stored(*(f"{each}.weight" for each in (*linears, f"{name}mlp.fc1", f"{name}mlp.fc2")))
        seen = self.norm(x, f"{name}layer_norm1")
        queries, keys, values = (self.by_head(self.linear(seen, each, stored)) for each in linears[:3])
        x = graph.node("Add", [x, self.linear(self.attention(queries, keys, values), linears[3], stored)])
        inner = self.linear(self.norm(x, f"{name}layer_norm2"), f"{name}mlp.fc1", stored)
        inner = graph.node("Gelu", [inner], approximate="tanh" if tanh else "none")
        return graph.node("Add", [x, self.linear(inner, f"{name}mlp.fc2", stored)], f"{name}out")

    def _shuffled(self, x: str, shape: SiglipShape) -> str:
        """[1, rows, hidden * shuffle^2]: squares of patches, row by row, and in a square likewise."""
        graph, side, step = self.graph, shape.across // shape.shuffle, shape.shuffle
        x = graph.node("Reshape", [x, graph.integers(side, step, side, step * shape.hidden)])
        x = graph.node("Transpose", [x], perm=[0, 2, 1, 3])
        return graph.node("Reshape", [x, graph.integers(1, shape.rows, step * step * shape.hidden)])
