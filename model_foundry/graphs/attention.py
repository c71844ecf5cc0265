"""Builds attention in several forms, each with its own way to keep keys and values.

All take the fused projection F32 [1, s, (heads + 2 kv_heads) head_dim] and give F32
[1, s, heads * head_dim], and write ``present.{i}.key`` and ``.value``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from onnx import TensorProto

from model_foundry.graphs.builder import MICROSOFT, GraphBuilder
from orion_py.manifest.architecture import Architecture, Rotation

SEQUENCE, TOTAL, STACKED = "new", "present", "new*group"
"""Symbolic extents: new tokens, past and new tokens, and the rows of all query heads of a group."""


@dataclass(frozen=True)
class KeyValue:
    """Names of a layer's cache: what comes in, what goes out."""

    past_key: str
    past_value: str
    present_key: str
    present_value: str

    def after_row(self, row: int) -> tuple[str, str]:
        """What comes out after row ``row`` of several that are written one by one: in place, the
        same buffers as all others. Only their verification has these outputs."""
        return f"{self.present_key}.{row}", f"{self.present_value}.{row}"


class Attention(Protocol):
    def __call__(self, qkv: str, cache: KeyValue, name: str, layer: int) -> str: ...


Tables = Mapping[Rotation, tuple[str, str]]
"""Cosines and sines of the rotary embedding, for each rotation that a layer of the graph has."""


def _grouped_query(graph: GraphBuilder, a: Architecture, inputs: list[str], outputs: list[str]) -> str:
    """A GroupQueryAttention node that applies the rotary embedding itself; its first output."""
    return graph.node_with_outputs(
        "GroupQueryAttention",
        inputs,
        outputs,
        MICROSOFT,
        num_heads=a.heads,
        kv_num_heads=a.kv_heads,
        do_rotary=1,
        rotary_interleaved=0,
        scale=a.head_dim**-0.5,
    )[0]


class _WindowBiases:
    """What is added to the scores of one token in a layer with a window, F32 [1, 1, 1, total].

    The node has an attribute for windows, too, but whether a window of n positions counts the query's own
    has changed between versions of onnxruntime.
    """

    def __init__(self, graph: GraphBuilder, architecture: Architecture) -> None:
        self._graph, self._architecture = graph, architecture
        self._made: dict[tuple[str, int], str] = {}

    def inputs(self, layer: int, total: str) -> list[str]:
        """The node's inputs behind the tables: nothing where the layer sees all. The token is the last of ``total``."""
        window = self._architecture.window(layer)
        if not window:
            return []
        if (total, window) not in self._made:
            graph = self._graph
            zero, one, reach = (graph.constant(f"i64.{n}.", np.array(n, np.int64)) for n in (0, 1, window + 1))
            end = graph.node("Cast", [total], to=TensorProto.INT64)
            columns = graph.node("Range", [zero, end, one])
            unseen = graph.node("LessOrEqual", [columns, graph.node("Sub", [end, reach])])
            bias = graph.node("Where", [unseen, graph.scalar(-1e9), graph.scalar(0.0)])
            name = f"window_bias.{total}.{window}"
            self._made[total, window] = graph.node("Unsqueeze", [bias, graph.integers(0, 1, 2)], name)
        return ["", self._made[total, window]]


class InPlaceAttention:
    """GroupQueryAttention: for one token on WASM, for any number on WebGPU, where no layer has a window.

    When past and present are one buffer, the kernel writes the new rows where they belong.
    """

    def __init__(self, graph: GraphBuilder, architecture: Architecture, tables: Tables) -> None:
        self._graph, self._architecture, self._tables = graph, architecture, tables
        self._biases = _WindowBiases(graph, architecture)

    def __call__(self, qkv: str, cache: KeyValue, name: str, layer: int) -> str:
        tables = self._tables[self._architecture.rotation(layer)]
        past = [cache.past_key, cache.past_value, "seqlens_k", "total_length", *tables]
        past += self._biases.inputs(layer, "total_length")
        outputs = [name, cache.present_key, cache.present_value]
        return _grouped_query(self._graph, self._architecture, [qkv, "", "", *past], outputs)


@dataclass(frozen=True)
class _Prepared:
    """The first position [1], two shapes, positions of rows [s, 1] and columns [1, t], which columns come later than
    a row, and the masks [s, t] by their windows."""

    first: str
    by_head: str
    by_group: str
    rows: str
    columns: str
    later: str
    masks: dict[int, str]


class GrowingAttention:
    """Plain grouped attention over past and new rows: for many tokens on WASM.

    GroupQueryAttention takes half of a prefill's time there; plain products don't. The query heads
    that share a key head are stacked along the rows, so that no key is repeated in memory. Rows
    see the columns up to their own position, which starts at the length of the past, and in a layer with a
    window the last of these alone.
    """

    def __init__(self, graph: GraphBuilder, architecture: Architecture, tables: Tables) -> None:
        self._graph, self._architecture, self._tables = graph, architecture, tables
        self._prepared: _Prepared | None = None

    def inside(self, branch: GraphBuilder) -> GrowingAttention:
        """The same in a branch of the graph; ``prepare`` has to come first, with what the branch needs."""
        inner = GrowingAttention(branch, self._architecture, self._tables)
        inner._prepared = self._prepared
        return inner

    def __call__(self, qkv: str, cache: KeyValue, name: str, layer: int) -> str:
        graph, a = self._graph, self._architecture
        prepared, mask = self.prepare(layer)
        by_head, by_group = prepared.by_head, prepared.by_group
        turning = [prepared.first, *self._tables[a.rotation(layer)]]
        group, query_size, key_size = a.heads // a.kv_heads, a.heads * a.head_dim, a.kv_heads * a.head_dim
        query, key, value = graph.node_with_outputs(
            "Split",
            [qkv, graph.integers(query_size, key_size, key_size)],
            [f"{name}.query", f"{name}.key", f"{name}.value"],
            axis=-1,
        )
        keys = graph.node(
            "Concat",
            [cache.past_key, self._heads_first(self._rotated(key, turning, a.kv_heads))],
            cache.present_key,
            axis=2,
        )
        values = graph.node("Concat", [cache.past_value, self._heads_first(value)], cache.present_value, axis=2)
        split = graph.node(
            "Reshape", [self._rotated(query, turning, a.heads), graph.integers(0, 0, a.kv_heads, group, a.head_dim)]
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

    def prepare(self, layer: int) -> tuple[_Prepared, str]:
        """What all layers share, and this layer's mask [s, t]."""
        if self._prepared is None:
            self._prepared = self._shared()
        prepared, window = self._prepared, self._architecture.window(layer)
        if window not in prepared.masks:
            graph = self._graph
            reach = graph.node("Sub", [prepared.rows, graph.constant(f"i64.{window}.", np.array(window, np.int64))])
            unseen = graph.node("Or", [prepared.later, graph.node("LessOrEqual", [prepared.columns, reach])])
            mask = graph.node("Where", [unseen, graph.scalar(-1e9), graph.scalar(0.0)], f"window_mask.{window}")
            prepared.masks[window] = mask
        return prepared, prepared.masks[window]

    def _shared(self) -> _Prepared:
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
        return _Prepared(first, by_head, by_group, rows, columns, later, {0: mask})

    def _rotated(self, x: str, turning: list[str], heads: int) -> str:
        inputs = [x, *turning]
        return self._graph.node("RotaryEmbedding", inputs, domain=MICROSOFT, num_heads=heads, rotary_embedding_dim=0)

    def _heads_first(self, x: str) -> str:
        """F32 [1, s, kv_heads * head_dim] to [1, kv_heads, s, head_dim]."""
        a = self._architecture
        split = self._graph.node("Reshape", [x, self._graph.integers(0, 0, a.kv_heads, a.head_dim)])
        return self._graph.node("Transpose", [split], perm=[0, 2, 1, 3])


class VerifyingAttention:
    """``GrowingAttention``, and for up to ``rows`` tokens in place what as many single steps compute.

    GroupQueryAttention rounds one token otherwise than several at once (a product with one row has a
    kernel of its own), so the rows go through it one by one, each over the last one's cache. In place
    means that the past is the buffer [1, kv_heads, capacity, head_dim] with room for all rows; the
    caller binds every present to it. Fewer tokens than ``rows`` repeat the last, which changes nothing.
    """

    def __init__(self, graph: GraphBuilder, architecture: Architecture, tables: Tables, rows: int) -> None:
        self._graph, self._architecture, self._count = graph, architecture, rows
        self._tables = tables
        self._prepared: tuple[str, str, str, list[str], list[str]] | None = None
        self._growing = GrowingAttention(graph, architecture, tables)
        self._biases = _WindowBiases(graph, architecture)

    def __call__(self, qkv: str, cache: KeyValue, name: str, layer: int) -> str:
        graph, a = self._graph, self._architecture
        self._growing.prepare(layer)
        in_place, new, picked, lengths, totals = self._prepared or self._prepare(cache)
        biases = [self._biases.inputs(layer, total) for total in totals]
        chain, plain = graph.branch(f"{name}.chain"), graph.branch(f"{name}.plain")
        tables = self._tables[a.rotation(layer)]
        more = [[lengths[row], totals[row], *tables, *biases[row]] for row in range(self._count)]
        self._one_by_one(chain, qkv, cache, name, new, picked, more)
        self._all_at_once(plain, qkv, cache, name, layer)
        between = [output for row in range(self._count - 1) for output in cache.after_row(row)]
        graph.choose(in_place, chain, plain, [name, cache.present_key, cache.present_value, *between])
        graph.shape(name, [1, SEQUENCE, a.heads * a.head_dim])
        return name

    def _one_by_one(
        self,
        branch: GraphBuilder,
        qkv: str,
        cache: KeyValue,
        name: str,
        new: str,
        picked: str,
        more: list[list[str]],
    ) -> None:
        """``more``: of each row what its node takes behind the cache."""
        a, count = self._architecture, self._count
        padded = branch.node("Gather", [qkv, picked], f"{name}.padded", axis=1)
        rows = [f"{name}.row.{row}" for row in range(count)]
        branch.node_with_outputs("Split", [padded], rows, axis=1, num_outputs=count)
        key, value, mixed, presents = cache.past_key, cache.past_value, [], []
        for row in range(count):
            mixed.append(f"{name}.mixed.{row}")
            now = f"{name}.key.{row}", f"{name}.value.{row}"
            _grouped_query(branch, a, [rows[row], "", "", key, value, *more[row]], [mixed[row], *now])
            key, value = now
            presents.append(now)
        together = branch.node("Concat", mixed, axis=1)
        zero, one = branch.integers(0), branch.integers(1)
        attended = branch.node("Slice", [together, zero, new, one], f"{name}.one_by_one")
        branch.output(attended, TensorProto.FLOAT, [1, SEQUENCE, a.heads * a.head_dim])
        for now in (presents[-1], *presents[:-1]):
            for part in now:
                branch.output(part, TensorProto.FLOAT, [1, a.kv_heads, "past", a.head_dim])

    def _all_at_once(self, branch: GraphBuilder, qkv: str, cache: KeyValue, name: str, layer: int) -> None:
        a = self._architecture
        inner = KeyValue(cache.past_key, cache.past_value, f"{name}.keys", f"{name}.values")
        attended = self._growing.inside(branch)(qkv, inner, f"{name}.all_at_once", layer)
        branch.output(attended, TensorProto.FLOAT, [1, SEQUENCE, a.heads * a.head_dim])
        for part in (inner.present_key, inner.present_value):
            branch.output(part, TensorProto.FLOAT, [1, a.kv_heads, TOTAL, a.head_dim])
        nothing = branch.constant("no_rows", np.zeros((1, a.kv_heads, 0, a.head_dim), np.float32))
        for _ in range(2 * (self._count - 1)):
            branch.output(branch.node("Identity", [nothing]), TensorProto.FLOAT, [1, a.kv_heads, 0, a.head_dim])

    def _prepare(self, cache: KeyValue) -> tuple[str, str, str, list[str], list[str]]:
        """What all layers share: whether it is in place (a scalar), the number of tokens [1], which of
        them each row takes [rows], and each row's ``seqlens_k`` [1] and ``total_length`` []."""
        graph, count = self._graph, self._count
        new = graph.node("Shape", ["input_ids"], start=1, end=2)
        room = graph.node("Shape", [cache.past_key], start=2, end=3)
        total = graph.node("Reshape", [graph.node("Cast", ["total_length"], to=TensorProto.INT64), graph.integers(1)])
        in_place = graph.node("Squeeze", [graph.node("GreaterOrEqual", [room, total])], "in_place")
        last = graph.node("Sub", [new, graph.integers(1)])
        picked = graph.node("Min", [graph.integers(*range(count)), last], "picked")
        ends = graph.node("Add", [graph.node("Sub", [picked, last]), total])
        split = [graph.node("Cast", [ends], to=TensorProto.INT32)]
        split.append(graph.node("Sub", [split[0], graph.constant("i32.1", np.array([1], np.int32))]))
        ends_by_row, lengths = [f"end.{row}" for row in range(count)], [f"length.{row}" for row in range(count)]
        for value, names in zip(split, (ends_by_row, lengths), strict=True):
            graph.node_with_outputs("Split", [value], names, axis=0, num_outputs=count)
        totals = [graph.node("Squeeze", [end], f"total.{row}") for row, end in enumerate(ends_by_row)]
        self._prepared = in_place, new, picked, lengths, totals
        return self._prepared
