"""Builds what the encoders of models that see have in common: norms, linear maps, attention of all patches.

Matrices are stored as F16 in shards of weights and computed in F32; what is small lies in the graph.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from model_foundry.errors import FoundryError
from model_foundry.graphs.builder import GraphBuilder
from model_foundry.graphs.weights import StoredTensor
from model_foundry.sharding.safetensors_file import Array, pack

Floats = NDArray[np.float32]
_MOST_F16 = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class WrittenEncoder:
    """``graph``: ONNX; ``weights``: the files that its external data names by their sha256."""

    graph: bytes
    weights: tuple[bytes, ...]


@dataclass
class VisionGraph:
    """``tensor`` gives each of the model's tensors by its name; ``epsilon``: of the norms. Functions raise what it
    raises, and FoundryError for numbers that F16 can't hold."""

    tensor: Callable[[str], Floats]
    heads: int
    hidden: int
    epsilon: float
    graph: GraphBuilder = field(default_factory=GraphBuilder)
    _files: list[bytes] = field(default_factory=list)

    def written(self) -> WrittenEncoder:
        return WrittenEncoder(self.graph.serialized("encoder"), tuple(self._files))

    def norm(self, x: str, name: str) -> str:
        inputs = [x, self.floats(f"{name}.weight"), self.floats(f"{name}.bias")]
        return self.graph.node("LayerNormalization", inputs, axis=-1, epsilon=self.epsilon)

    def linear(self, x: str, name: str, matrices: dict[str, str], biased: bool = True) -> str:
        """``matrices``: as ``stored`` gave them."""
        product = self.graph.node("MatMul", [x, self.graph.as_float32(matrices[f"{name}.weight"])])
        return self.graph.node("Add", [product, self.floats(f"{name}.bias")]) if biased else product

    def attention(self, queries: str, keys: str, values: str) -> str:
        """[1, n, hidden] of [1, heads, n, size] each: every patch sees all."""
        graph = self.graph
        scaled = graph.node("Mul", [queries, graph.scalar(1 / math.sqrt(self.hidden // self.heads))])
        scores = graph.node("MatMul", [scaled, graph.node("Transpose", [keys], perm=[0, 1, 3, 2])])
        weighed = graph.node("MatMul", [graph.node("Softmax", [scores], axis=-1), values])
        joined = graph.node("Transpose", [weighed], perm=[0, 2, 1, 3])
        return graph.node("Reshape", [joined, graph.integers(0, 0, self.hidden)])

    def by_head(self, x: str) -> str:
        """[1, n, hidden] as [1, heads, n, size]."""
        graph = self.graph
        cut = graph.node("Reshape", [x, graph.integers(0, 0, self.heads, self.hidden // self.heads)])
        return graph.node("Transpose", [cut], perm=[0, 2, 1, 3])

    def normalized(self, pixels: str, scale: float, mean: tuple[float, ...], deviation: tuple[float, ...]) -> str:
        """U8 [1, height, width, 3] as F32 [1, 3, height, width]: a number times ``scale``, less the mean of its colour,
        over its deviation."""
        graph, spread = self.graph, np.asarray(deviation, np.float32)
        factor, shift = np.float32(scale) / spread, -np.asarray(mean, np.float32) / spread
        x = graph.node("Mul", [graph.node("Cast", [pixels], to=1), graph.constant("pixel_factor", factor)])
        x = graph.node("Add", [x, graph.constant("pixel_shift", shift)])
        return graph.node("Transpose", [x], perm=[0, 3, 1, 2])

    def floats(self, name: str) -> str:
        return self.graph.constant(name, self.tensor(name))

    def stored(self, *names: str) -> dict[str, str]:
        """Writes matrices into one file of weights, transposed, [inputs, outputs]; their names in the graph."""
        return self.stored_arrays({name: np.ascontiguousarray(self.tensor(name).T) for name in names})

    def stored_arrays(self, arrays: dict[str, Floats]) -> dict[str, str]:
        """As ``stored``, of any arrays as they are."""
        packed: dict[str, Array] = {name: _f16(name, values) for name, values in arrays.items()}
        file = pack(packed)
        self._files.append(file.data)
        location = hashlib.sha256(file.data).hexdigest()
        return {
            each.name: self.graph.stored(
                StoredTensor(each.name, location, each.offset, each.length, each.dtype, each.shape)
            )
            for each in file.tensors
        }


def _f16(name: str, values: Floats) -> NDArray[np.float16]:
    if np.abs(values).max(initial=0) > _MOST_F16:
        raise FoundryError(f"tensor {name} holds numbers that float16 can't")
    return values.astype(np.float16)
