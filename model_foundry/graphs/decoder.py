"""Builds a decoder-only transformer as one ONNX graph: embedding, layers, last tokens, head."""

from __future__ import annotations

from dataclasses import dataclass

from onnx import TensorProto

from model_foundry.graphs.attention import (
    SEQUENCE,
    Attention,
    GrowingAttention,
    InPlaceAttention,
    KeyValue,
    VerifyingAttention,
)
from model_foundry.graphs.builder import MICROSOFT, GraphBuilder
from model_foundry.graphs.linear import LinearMap
from model_foundry.graphs.rotary import rotary_tables
from model_foundry.graphs.weights import StoredWeights
from model_foundry.sharding.stored import EMBEDDING, EMBEDDING_SCALE, FINAL_NORM, HEAD, linear_names, norm_names
from orion_py.manifest.architecture import Architecture
from orion_py.manifest.stored_names import FLOATS

FLOAT, INT64, INT32 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32


@dataclass(frozen=True)
class DecoderGraph:
    """Builds what ``SessionSpec`` in orion_py/manifest/variants.py describes, or one ``Stage`` of it:
    ``layers`` alone. The first stage looks tokens up, and the last one has the head. ``halves`` as in
    ``SessionPlan``."""

    graph: GraphBuilder
    weights: StoredWeights
    architecture: Architecture
    linear: LinearMap
    grows: bool
    layers: range
    max_draft_tokens: int = 0
    halves: bool = True

    def build(self, name: str) -> bytes:
        """The ONNX file's bytes."""
        graph, a = self.graph, self.architecture
        graph.input("input_ids", INT64, [1, "new"])
        graph.input("seqlens_k", INT32, [1])
        graph.input("total_length", INT32, [])
        attention = self._attention()
        stream, update = self._handed_over() if self.layers.start else (self._embedding(), "")
        for index in self.layers:
            stream, update = self._layer(index, stream, update, attention)
        last = self.layers.stop == a.layers
        if last:
            if self.max_draft_tokens:
                graph.input("first_logits", INT64, [1])
            graph.output("logits", FLOAT, [1, "last" if self.max_draft_tokens else 1, a.vocab_size])
        self._declare_caches()
        if last:
            self._head(stream, update)
        else:
            self._hand_over(stream, update)
        return graph.serialized(name)

    def _handed_over(self) -> tuple[str, str]:
        """The residual stream and its update from the stage before."""
        extents: list[int | str] = [1, SEQUENCE, self.architecture.hidden_size]
        stream, update = _between(self.layers.start)
        return self.graph.input(stream, FLOAT, extents), self.graph.input(update, FLOAT, extents)

    def _hand_over(self, *values: str) -> None:
        for value, name in zip(values, _between(self.layers.stop), strict=True):
            self.graph.output(name, FLOAT, [1, SEQUENCE, self.architecture.hidden_size])
            self.graph.node("Identity", [value], name)

    def _attention(self) -> Attention:
        rotations = dict.fromkeys(self.architecture.rotation(index) for index in self.layers)
        tables = {rotation: rotary_tables(self.graph, self.architecture, rotation) for rotation in rotations}
        if self.max_draft_tokens:
            return VerifyingAttention(self.graph, self.architecture, tables, self.max_draft_tokens)
        kind = GrowingAttention if self.grows else InPlaceAttention
        return kind(self.graph, self.architecture, tables)

    def _embedding(self) -> str:
        """Rows of the token table, dequantized or widened after the lookup: F32 [1, s, hidden]."""
        graph, weights = self.graph, self.weights
        rows = self._float_rows() if f"{EMBEDDING}.{FLOATS}" in weights else self._dequantized_rows()
        if EMBEDDING_SCALE not in weights:
            return rows
        return graph.node("Mul", [rows, graph.stored(weights[EMBEDDING_SCALE])], "embedded.rescaled")

    def _float_rows(self) -> str:
        graph, tensor = self.graph, self.weights[f"{EMBEDDING}.{FLOATS}"]
        table = graph.stored(tensor)
        if tensor.dtype == "F32":
            return graph.node("Gather", [table, "input_ids"], "embedded")
        if self.halves:
            return graph.node("Cast", [graph.node("Gather", [table, "input_ids"])], "embedded", to=FLOAT)
        return graph.node("Gather", [graph.as_float32(table), "input_ids"], "embedded")

    def _dequantized_rows(self) -> str:
        graph, weights = self.graph, self.weights
        affine = f"{EMBEDDING}.min" in weights
        quants = graph.node("Gather", [graph.stored(weights[f"{EMBEDDING}.q8"]), "input_ids"])
        scale = self._looked_up(f"{EMBEDDING}.scale")
        values = graph.node("Cast", [quants], to=FLOAT)
        centred = values if affine else graph.node("Sub", [values, graph.scalar(128.0)])
        column = graph.node("Unsqueeze", [scale, graph.integers(-1)])
        blocks = graph.node("Mul", [centred, column])
        if affine:
            minimum = graph.node("Unsqueeze", [self._looked_up(f"{EMBEDDING}.min"), graph.integers(-1)])
            blocks = graph.node("Add", [blocks, minimum])
        return graph.node("Reshape", [blocks, graph.integers(0, 0, self.architecture.hidden_size)], "embedded")

    def _looked_up(self, name: str) -> str:
        """The rows of a stored F16 tensor for the input's tokens, F32 [1, s, k/32]."""
        graph = self.graph
        # Cast before the lookup: it folds into a constant, and WebGPU without shader-f16 can't look up halves.
        wide = graph.node("Cast", [graph.stored(self.weights[name])], to=FLOAT)
        return graph.node("Gather", [wide, "input_ids"])

    def _layer(self, index: int, stream: str, update: str, attention: Attention) -> tuple[str, str]:
        """Gives the residual stream and what the MLP is about to add to it."""
        names = linear_names(index) | norm_names(index)
        normed, stream = self._norm(stream, update, names["attention_norm"])
        qkv = self._project(normed, names["qkv"])
        if self.architecture.head_norms:
            qkv = self._normed_heads(qkv, names, f"layers.{index}.normed_heads")
        mixed = attention(qkv, self._cache(index), f"layers.{index}.attended", index)
        update = self._behind(self._project(mixed, names["attention_output"]), names["attention_post_norm"])
        normed, stream = self._norm(stream, update, names["mlp_norm"])
        gate, up = self._project(normed, names["gate"]), self._project(normed, names["up"])
        hidden = self.graph.node("Mul", [self._activated(gate), up], f"layers.{index}.hidden")
        return stream, self._behind(self._project(hidden, names["down"]), names["mlp_post_norm"])

    def _behind(self, update: str, norm: str) -> str:
        """The update through its norm, where the family has one."""
        return self._norm(update, "", norm)[0] if self.architecture.post_norms else update

    def _normed_heads(self, qkv: str, names: dict[str, str], name: str) -> str:
        """The fused projection with each query and each key normed by itself."""
        graph, a = self.graph, self.architecture
        sizes = graph.integers(a.heads * a.head_dim, a.kv_heads * a.head_dim, a.kv_heads * a.head_dim)
        parts = graph.node_with_outputs("Split", [qkv, sizes], [f"{name}.{part}" for part in "qkv"], axis=-1)
        for part, (norm, heads) in enumerate((("query_norm", a.heads), ("key_norm", a.kv_heads))):
            by_head = graph.node("Reshape", [parts[part], graph.integers(0, 0, heads, a.head_dim)])
            normed, _ = self._norm(by_head, "", names[norm])
            parts[part] = graph.node("Reshape", [normed, graph.integers(0, 0, heads * a.head_dim)])
        return graph.node("Concat", parts, name, axis=-1)

    def _activated(self, gate: str) -> str:
        if self.architecture.activation == "gelu_tanh":
            return self.graph.node("FastGelu", [gate], domain=MICROSOFT)
        # SiLU(x) = x sigmoid(x) is QuickGelu with alpha 1, in one kernel.
        return self.graph.node("QuickGelu", [gate], domain=MICROSOFT, alpha=1.0)

    def _head(self, stream: str, update: str) -> None:
        """Logits of the last tokens alone: the head is the largest matrix of all."""
        stream, update = self._last(stream), self._last(update)
        normed, _ = self._norm(stream, update, FINAL_NORM)
        tied = self.architecture.tied_embeddings
        logits = self.linear(normed, EMBEDDING if tied else HEAD)
        self.graph.node("Identity", [logits], "logits")

    def _last(self, rows: str) -> str:
        graph = self.graph
        if not self.max_draft_tokens:
            return graph.node("Gather", [rows, graph.integers(-1)], axis=1)
        end, axis = graph.integers(2**31 - 1), graph.integers(1)
        last = graph.node("Slice", [rows, "first_logits", end, axis])
        graph.shape(last, [1, "last", self.architecture.hidden_size])
        return last

    def _project(self, x: str, source: str) -> str:
        y = self.linear(x, source)
        bias = f"{source}.bias"
        return self.graph.node("Add", [y, self.graph.stored(self.weights[bias])]) if bias in self.weights else y

    def _norm(self, stream: str, update: str, name: str) -> tuple[str, str]:
        """RMS norm of ``stream + update``, and that sum."""
        graph, epsilon = self.graph, self.architecture.norm_epsilon
        weight = graph.stored(self.weights[name])
        if not update:
            normed = graph.node(
                "SimplifiedLayerNormalization", [stream, weight], f"{name}.y", epsilon=epsilon, axis=-1, stash_type=1
            )
            return normed, stream
        normed, _, _, total = graph.node_with_outputs(
            "SkipSimplifiedLayerNormalization",
            [stream, update, weight],
            [f"{name}.y", "", "", f"{name}.stream"],
            MICROSOFT,
            epsilon=epsilon,
        )
        return normed, total

    def _cache(self, index: int) -> KeyValue:
        past, present = f"past.{index}", f"present.{index}"
        return KeyValue(f"{past}.key", f"{past}.value", f"{present}.key", f"{present}.value")

    def _declare_caches(self) -> None:
        a = self.architecture
        for index in self.layers:
            cache = self._cache(index)
            for name in (cache.past_key, cache.past_value):
                self.graph.input(name, FLOAT, [1, a.kv_heads, "past", a.head_dim])
            for name in (cache.present_key, cache.present_value):
                self.graph.output(name, FLOAT, [1, a.kv_heads, "present", a.head_dim])
            for row in range(self.max_draft_tokens - 1):
                for name in cache.after_row(row):
                    self.graph.output(name, FLOAT, [1, a.kv_heads, "between", a.head_dim])


def _between(layer: int) -> tuple[str, str]:
    """What one stage hands to the next, which begins with ``layer``: the stream and its update."""
    return f"stream.{layer}", f"update.{layer}"
