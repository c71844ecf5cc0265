"""Builds the encoder of Qwen2-VL (https://arxiv.org/abs/2409.12191; transformers, modeling_qwen2_vl.py).

Patches of a picture of any size, pre-norm layers whose attention sees all patches and turns queries and keys by a
patch's row and column, and a merger that makes one row of each square of patches. The graph takes ``pixels``,
U8 [1, height, width, 3], and ``cosine`` and ``sine``, F32 [patches, head / 2], patches row by row; it gives ``rows``,
F32 [1, n, width], squares row by row. The model sees two frames at once: a picture is one frame twice, so that both
kernels of the patches are one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from model_foundry.graphs.vision_graph import Floats, VisionGraph, WrittenEncoder


@dataclass(frozen=True)
class QwenVisionShape:
    """``scale``, ``mean`` and ``deviation`` as in ``siglip.SiglipShape``; ``merge``: patches of a square's side."""

    layers: int
    hidden: int
    heads: int
    patch: int
    merge: int
    scale: float
    mean: tuple[float, ...]
    deviation: tuple[float, ...]


_EPSILON = 1e-6
_QUICK = 1.702


def qwen_encoder_graph(
    shape: QwenVisionShape, prefix: str, tensor: Callable[[str], Floats], progress: Callable[[int, int], None]
) -> WrittenEncoder:
    """``prefix``: of the vision model's tensors, with a dot behind. Raises as ``siglip.encoder_graph``."""
    return _Encoder(tensor, shape.heads, shape.hidden, _EPSILON).built(shape, prefix, progress)


class _Encoder(VisionGraph):
    def built(self, shape: QwenVisionShape, prefix: str, progress: Callable[[int, int], None]) -> WrittenEncoder:
        graph, half = self.graph, shape.hidden // shape.heads // 2
        pixels = graph.input("pixels", TensorProto.UINT8, (1, "height", "width", 3))
        turns = [graph.input(name, TensorProto.FLOAT, ("patches", half)) for name in ("cosine", "sine")]
        x = self.normalized(pixels, shape.scale, shape.mean, shape.deviation)
        name = f"{prefix}patch_embed.proj.weight"
        kernel = self.stored_arrays({name: np.ascontiguousarray(self.tensor(name).sum(2))})
        x = graph.node("Conv", [x, graph.as_float32(kernel[name])], strides=[shape.patch] * 2)
        grid = graph.node("Shape", [x], start=2)  # rows and columns of patches
        x = graph.node("Reshape", [x, graph.integers(0, 0, -1)])
        x = graph.node("Transpose", [x], perm=[0, 2, 1])
        for index in range(shape.layers):
            progress(index, shape.layers)
            x = self._layer(x, f"{prefix}blocks.{index}.", turns)
        progress(shape.layers, shape.layers)
        x = self._merged(self.norm(x, f"{prefix}merger.ln_q"), grid, shape)
        first, last = f"{prefix}merger.mlp.0", f"{prefix}merger.mlp.2"
        stored = self.stored(f"{first}.weight", f"{last}.weight")
        x = self.linear(graph.node("Gelu", [self.linear(x, first, stored)]), last, stored)
        graph.node("Identity", [x], "rows")
        graph.output("rows", TensorProto.FLOAT, (1, "squares", self.tensor(f"{last}.bias").shape[0]))
        return self.written()

    def _layer(self, x: str, name: str, turns: list[str]) -> str:
        graph = self.graph
        linears = [f"{name}{part}" for part in ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2")]
        stored = self.stored(*(f"{each}.weight" for each in linears))
        joint = self.linear(self.norm(x, f"{name}norm1"), linears[0], stored)
        parts = [f"{name}{part}" for part in ("queries", "keys", "values")]
        graph.node_with_outputs("Split", [joint], parts, axis=-1, num_outputs=3)
        queries, keys, values = (self.by_head(part) for part in parts)
        mixed = self.attention(self._turned(queries, turns), self._turned(keys, turns), values)
        x = graph.node("Add", [x, self.linear(mixed, linears[1], stored)])
        inner = self.linear(self.norm(x, f"{name}norm2"), linears[2], stored)
        gate = graph.node("Sigmoid", [graph.node("Mul", [inner, graph.scalar(_QUICK)])])
        return graph.node("Add", [x, self.linear(graph.node("Mul", [inner, gate]), linears[3], stored)])

    def _turned(self, x: str, turns: list[str]) -> str:
        """Each pair (j, j + size / 2) of [1, heads, n, size], turned by its patch's angle."""
        graph, (cosine, sine) = self.graph, turns
        left, right = graph.node_with_outputs("Split", [x], [f"{x}.left", f"{x}.right"], axis=-1, num_outputs=2)

        def times(part: str, by: str) -> str:
            return graph.node("Mul", [part, by])

        first = graph.node("Sub", [times(left, cosine), times(right, sine)])
        second = graph.node("Add", [times(right, cosine), times(left, sine)])
        return graph.node("Concat", [first, second], axis=-1)

    def _merged(self, x: str, grid: str, shape: QwenVisionShape) -> str:
        """[1, squares, merge^2 * hidden] of [1, patches, hidden]: squares row by row, and in a square likewise."""
        graph, merge = self.graph, shape.merge
        high, wide = graph.node_with_outputs("Split", [grid], ["grid.high", "grid.wide"], num_outputs=2)
        step = graph.integers(merge)
        rows, columns = (graph.node("Div", [side, step]) for side in (high, wide))
        sizes = graph.node("Concat", [rows, step, columns, graph.integers(merge * shape.hidden)], axis=0)
        x = graph.node("Transpose", [graph.node("Reshape", [x, sizes])], perm=[0, 2, 1, 3])
        return graph.node("Reshape", [x, graph.integers(1, -1, merge * merge * shape.hidden)])
