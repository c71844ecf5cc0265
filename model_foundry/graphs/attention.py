"""Two ways to attend, with their own way to keep keys and values.

Both take the fused projection F32 [1, s, (heads + 2 kv_heads) head_dim] and give F32
[1, s, heads * head_dim], and write ``present.{i}.key`` and ``.value``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from onnx import TensorProto

from model_foundry.graphs.builder import MICROSOFT, GraphBuilder
from orion_py.loading.manifest import Architecture

SEQUENCE, TOTAL, STACKED = "new", "present", "new*group"
"""Symbolic extents: new tokens, past and new tokens, and the rows of all query heads of a group."""


@dataclass(frozen=True)
class KeyValue:
    """Names of a layer's cache: what comes in, what goes out."""

    past_key: str
    past_value: str
    present_key: str
    present_value: str


class Attention(Protocol):
    def __call__(self, qkv: str, cache: KeyValue, name: str) -> str: ...


class InPlaceAttention:
    """GroupQueryAttention: for one token on WASM, for any number on WebGPU.

    When past and present are one buffer, the kernel writes the new rows where they belong.
    """

    def __init__(self, graph: GraphBuilder, architecture: Architecture, cosines: str, sines: str) -> None:
        self._graph, self._architecture = graph, architecture
        self._cosines, self._sines = cosines, sines

    def __call__(self, qkv: str, cache: KeyValue, name: str) -> str:
        a = self._architecture
        past = [cache.past_key, cache.past_value, "seqlens_k", "total_length", self._cosines, self._sines]
        outputs = self._graph.node_with_outputs(
            "GroupQueryAttention",
            [qkv, "", "", *past],
            [name, cache.present_key, cache.present_value],
            MICROSOFT,
            num_heads=a.heads,
            kv_num_heads=a.kv_heads,
            do_rotary=1,
            rotary_interleaved=0,
            scale=a.head_dim**-0.5,
        )
        return outputs[0]


class GrowingAttention:
    """Plain grouped attention over past and new rows: for many tokens on WASM.

    GroupQueryAttention takes half of a prefill's time there; plain products don't. The query heads
    that share a key head are stacked along the rows, so that no key is repeated in memory. Rows
    see the columns up to their own position, which starts at the length of the past.
    """

    def __init__(self, graph: GraphBuilder, architecture: Architecture, cosines: str, sines: str) -> None:
        self._graph, self._architecture = graph, architecture
        self._cosines, self._sines = cosines, sines
        self._prepared: tuple[str, str, str, str] | None = None

    def __call__(self, qkv: str, cache: KeyValue, name: str) -> str:
        graph, a = self._graph, self._architecture
        first, mask, by_head, by_group = self._prepared or self._prepare()
        group, query_size, key_size = a.heads // a.kv_heads, a.heads * a.head_dim, a.kv_heads * a.head_dim
        query, key, value = graph.node_with_outputs(
            "Split",
            [qkv, graph.integers(query_size, key_size, key_size)],
            [f"{name}.query", f"{name}.key", f"{name}.value"],
            axis=-1,
        )
        keys = graph.node(
            "Concat",
            [cache.past_key, self._heads_first(self._rotated(key, first, a.kv_heads))],
            cache.present_key,
            axis=2,
        )
        values = graph.node("Concat", [cache.past_value, self._heads_first(value)], cache.present_value, axis=2)
        split = graph.node(
            "Reshape", [self._rotated(query, first, a.heads), graph.integers(0, 0, a.kv_heads, group, a.head_dim)]
        )
        grouped = graph.node("Transpose", [split], perm=[0, 2, 3, 1, 4])
        queries = graph.node("Reshape", [grouped, graph.integers(1, a.kv_heads, -1, a.head_dim)], f"{name}.queries")
        graph.shape(queries, [1, a.kv_heads, STACKED, a.head_dim])
        scores = graph.node("FusedMatMul", [queries, keys], domain=MICROSOFT, transB=1, alpha=a.head_dim**-0.5)
        by_heads = graph.node("Reshape", [scores, by_head], f"{name}.scores")
        graph.shape(by_heads, [1, a.kv_heads, group, SEQUENCE, TOTAL])
        masked = graph.node("Add", [by_heads, mask])
        shares = graph.node("Reshape", [graph.node("Softmax", [masked], axis=-1), by_group], f"{name}.shares")
        graph.shape(shares, [1, a.kv_heads, STACKED, TOTAL])
        mixed = graph.node("MatMul", [shares, values])
        per_head = graph.node("Reshape", [mixed, graph.integers(1, a.kv_heads, group, -1, a.head_dim)], f"{name}.mixed")
        graph.shape(per_head, [1, a.kv_heads, group, SEQUENCE, a.head_dim])
        rows = graph.node("Transpose", [per_head], perm=[0, 3, 1, 2, 4])
        return graph.node("Reshape", [rows, graph.integers(0, 0, query_size)], name)

    def _prepare(self) -> tuple[str, str, str, str]:
        """What all layers share: the first position [1], the mask [s, t] and two shapes."""
        graph, a = self._graph, self._architecture
        new = graph.node("Shape", ["input_ids"], start=1, end=2)
        total = graph.node("Cast", ["total_length"], to=TensorProto.INT64)
        total_row = graph.node("Reshape", [total, graph.integers(1)])
        first = graph.node("Sub", [total_row, new], "first_position")
        one, zero = graph.constant("one", np.array(1, np.int64)), graph.constant("zero", np.array(0, np.int64))
        start = graph.node("Squeeze", [first])
        rows = graph.node("Unsqueeze", [graph.node("Range", [start, total, one]), graph.integers(1)])
        columns = graph.node("Unsqueeze", [graph.node("Range", [zero, total, one]), graph.integers(0)])
        later = graph.node("Greater", [columns, rows])
        mask = graph.node("Where", [later, graph.scalar(-1e9), graph.scalar(0.0)], "causal_mask")
        group = a.heads // a.kv_heads
        by_head = graph.node("Concat", [graph.integers(1, a.kv_heads, group), new, total_row], "by_head", axis=0)
        by_group = graph.node("Concat", [graph.integers(1, a.kv_heads, -1), total_row], "by_group", axis=0)
        self._prepared = first, mask, by_head, by_group
        return self._prepared

    def _rotated(self, x: str, first: str, heads: int) -> str:
        inputs = [x, first, self._cosines, self._sines]
        return self._graph.node("RotaryEmbedding", inputs, domain=MICROSOFT, num_heads=heads, rotary_embedding_dim=0)

    def _heads_first(self, x: str) -> str:
        """F32 [1, s, kv_heads * head_dim] to [1, kv_heads, s, head_dim]."""
        a = self._architecture
        split = self._graph.node("Reshape", [x, self._graph.integers(0, 0, a.kv_heads, a.head_dim)])
        return self._graph.node("Transpose", [split], perm=[0, 2, 1, 3])
