"""Builds the encoder of a model that sees: SigLIP's, a shuffle of its patches, and a projection to the decoder's rows.

SigLIP (https://arxiv.org/abs/2303.15343) as Idefics3 and SmolVLM have it (transformers, modeling_idefics3.py): patches
of the picture, learned positions, pre-norm layers whose attention sees all patches, a norm. Of each square of
``shuffle`` times ``shuffle`` patches one row is made, their numbers one after the other, and projected. The graph takes
``pixels``, U8 [1, side, side, 3], and gives ``rows``, F32 [1, (side / patch / shuffle)^2, width]. Matrices are stored
as F16 in shards of weights and computed in F32; norms, biases and positions lie in the graph.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from model_foundry.errors import FoundryError
from model_foundry.graphs.builder import GraphBuilder
from model_foundry.graphs.weights import StoredTensor
from model_foundry.sharding.safetensors_file import Array, pack

Floats = NDArray[np.float32]
_MOST_F16 = float(np.finfo(np.float16).max)


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


@dataclass(frozen=True)
class WrittenEncoder:
    """``graph``: ONNX; ``weights``: the files that its external data names by their sha256."""

    graph: bytes
    weights: tuple[bytes, ...]


def encoder_graph(
    shape: SiglipShape, names: SiglipNames, tensor: Callable[[str], Floats], progress: Callable[[int, int], None]
) -> WrittenEncoder:
    """``tensor`` gives each by its name. Raises what it raises, and FoundryError for numbers that F16 can't hold."""
    return _Encoder(shape, names, tensor).written(progress)


@dataclass
class _Encoder:
    shape: SiglipShape
    names: SiglipNames
    tensor: Callable[[str], Floats]
    graph: GraphBuilder = field(default_factory=GraphBuilder)
    _files: list[bytes] = field(default_factory=list)

    def written(self, progress: Callable[[int, int], None]) -> WrittenEncoder:
        shape, graph = self.shape, self.graph
        pixels = graph.input("pixels", TensorProto.UINT8, (1, shape.side, shape.side, 3))
        x = self._patches(pixels)
        for index, name in enumerate(self._layer_names()):
            progress(index, shape.layers)
            x = self._layer(x, name)
        progress(shape.layers, shape.layers)
        x = self._shuffled(self._norm(x, f"{self.names.vision}post_layernorm"))
        weights = self._stored({self.names.projection: self._transposed(self.names.projection)})
        graph.node("MatMul", [x, graph.as_float32(weights[self.names.projection])], "rows")
        width = self.tensor(self.names.projection).shape[0]
        graph.output("rows", TensorProto.FLOAT, (1, shape.rows, width))
        return WrittenEncoder(graph.serialized("encoder"), tuple(self._files))

    def _layer_names(self) -> Sequence[str]:
        return [f"{self.names.vision}encoder.layers.{index}." for index in range(self.shape.layers)]

    def _patches(self, pixels: str) -> str:
        """[1, across * across, hidden]"""
        shape, graph = self.shape, self.graph
        deviation = np.asarray(shape.deviation, np.float32)
        factor, shift = np.float32(shape.scale) / deviation, -np.asarray(shape.mean, np.float32) / deviation
        x = graph.node("Cast", [pixels], to=TensorProto.FLOAT)
        x = graph.node("Mul", [x, graph.constant("pixel_factor", factor)])
        x = graph.node("Add", [x, graph.constant("pixel_shift", shift)])
        embedding = f"{self.names.vision}embeddings.patch_embedding"
        kernel = self._stored({f"{embedding}.weight": self._f16(f"{embedding}.weight")})[f"{embedding}.weight"]
        inputs = [graph.node("Transpose", [x], perm=[0, 3, 1, 2]), graph.as_float32(kernel)]
        inputs.append(self._floats(f"{embedding}.bias"))
        x = graph.node("Conv", inputs, strides=[shape.patch] * 2, kernel_shape=[shape.patch] * 2)
        x = graph.node("Reshape", [x, graph.integers(0, 0, shape.across**2)])
        x = graph.node("Transpose", [x], perm=[0, 2, 1])
        return graph.node("Add", [x, self._floats(f"{self.names.vision}embeddings.position_embedding.weight")])

    def _layer(self, x: str, name: str) -> str:
        graph = self.graph
        linears = [f"self_attn.{part}_proj" for part in ("q", "k", "v", "out")] + ["mlp.fc1", "mlp.fc2"]
        matrices = {f"{name}{linear}.weight": self._transposed(f"{name}{linear}.weight") for linear in linears}
        stored = self._stored(matrices)

        def linear(values: str, part: str) -> str:
            product = graph.node("MatMul", [values, graph.as_float32(stored[f"{name}{part}.weight"])])
            return graph.node("Add", [product, self._floats(f"{name}{part}.bias")])

        seen = self._norm(x, f"{name}layer_norm1")
        queries, keys, values = (self._heads(linear(seen, f"self_attn.{part}_proj")) for part in "qkv")
        scaled = graph.node("Mul", [queries, graph.scalar(1 / math.sqrt(self.shape.hidden // self.shape.heads))])
        scores = graph.node("MatMul", [scaled, graph.node("Transpose", [keys], perm=[0, 1, 3, 2])])
        weighed = graph.node("MatMul", [graph.node("Softmax", [scores], axis=-1), values])
        joined = graph.node("Transpose", [weighed], perm=[0, 2, 1, 3])
        joined = graph.node("Reshape", [joined, graph.integers(0, 0, self.shape.hidden)])
        x = graph.node("Add", [x, linear(joined, "self_attn.out_proj")])
        inner = linear(self._norm(x, f"{name}layer_norm2"), "mlp.fc1")
        inner = graph.node("Gelu", [inner], approximate="tanh" if self.shape.tanh else "none")
        return graph.node("Add", [x, linear(inner, "mlp.fc2")], f"{name}out")

    def _heads(self, x: str) -> str:
        """[1, n, hidden] as [1, heads, n, size]."""
        shape, graph = self.shape, self.graph
        cut = graph.node("Reshape", [x, graph.integers(0, 0, shape.heads, shape.hidden // shape.heads)])
        return graph.node("Transpose", [cut], perm=[0, 2, 1, 3])

    def _shuffled(self, x: str) -> str:
        """[1, rows, hidden * shuffle^2]: squares of patches, row by row, and in a square likewise."""
        shape, graph = self.shape, self.graph
        side, step = shape.across // shape.shuffle, shape.shuffle
        x = graph.node("Reshape", [x, graph.integers(side, step, side, step * shape.hidden)])
        x = graph.node("Transpose", [x], perm=[0, 2, 1, 3])
        return graph.node("Reshape", [x, graph.integers(1, shape.rows, step * step * shape.hidden)])

    def _norm(self, x: str, name: str) -> str:
        inputs = [x, self._floats(f"{name}.weight"), self._floats(f"{name}.bias")]
        return self.graph.node("LayerNormalization", inputs, axis=-1, epsilon=self.shape.epsilon)

    def _floats(self, name: str) -> str:
        return self.graph.constant(name, self.tensor(name))

    def _transposed(self, name: str) -> NDArray[np.float16]:
        return np.ascontiguousarray(self._f16(name).T)

    def _f16(self, name: str) -> NDArray[np.float16]:
        values = self.tensor(name)
        if np.abs(values).max(initial=0) > _MOST_F16:
            raise FoundryError(f"tensor {name} holds numbers that float16 can't")
        return values.astype(np.float16)

    def _stored(self, arrays: dict[str, NDArray[np.float16]]) -> dict[str, str]:
        """Writes ``arrays`` into one file of weights; their names in the graph."""
        packed: dict[str, Array] = dict(arrays)
        file = pack(packed)
        self._files.append(file.data)
        location = hashlib.sha256(file.data).hexdigest()
        return {
            each.name: self.graph.stored(
                StoredTensor(each.name, location, each.offset, each.length, each.dtype, each.shape)
            )
            for each in file.tensors
        }
