"""A decoder's forward pass in numpy with all that the kernel can do and ``model_foundry.reference`` doesn't know:
windows, norms of queries and keys, norms behind, soft caps, other positions, a part of each head rotated."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from model_foundry.model.description import Linear, ModelDescription
from model_foundry.model.weights import Float32
from orion_py.native.kernel_layout import rotary_table
from tests.kernel.models import Extras


@dataclass
class Decoder:
    """Everything at once, without a cache: logits [s, vocab] of a whole sequence."""

    model: ModelDescription
    extras: Extras = field(default_factory=dict)
    windows: tuple[int, ...] = ()
    embedding_scale: float = 1.0
    attention_scale: float | None = None
    logit_cap: float = 0.0
    attention_cap: float = 0.0

    def embeddings(self, tokens: list[int]) -> Float32:
        model = self.model
        rows = model.embedding.dequantized()[tokens] * np.float32(self.embedding_scale)
        return rows if model.embedding_scale is None else rows * model.embedding_scale

    def logits(self, x: Float32, positions: list[int] | None = None) -> Float32:
        """From rows of embeddings."""
        a, model = self.model.architecture, self.model
        places = np.arange(len(x)) if positions is None else np.array(positions)
        table = rotary_table(a, int(places.max()) + 1)[places]
        for index, layer in enumerate(model.layers):
            mixed = self._attend(index, _linear(layer.qkv, self._norm(x, layer.attention_norm)), table)
            added = _linear(layer.attention_output, mixed)
            x = x + self._behind(f"layers.{index}.attention.post_norm", added)
            normed = self._norm(x, layer.mlp_norm)
            gate = _linear(layer.gate, normed)
            added = _linear(layer.down, self._activated(gate) * _linear(layer.up, normed))
            x = x + self._behind(f"layers.{index}.mlp.post_norm", added)
        head = (model.head or model.embedding).dequantized()
        return _capped(self._norm(x, model.final_norm) @ head.T, self.logit_cap)

    def _behind(self, name: str, added: Float32) -> Float32:
        return self._norm(added, self.extras[name]) if name in self.extras else added

    def _norm(self, x: Float32, weight: Float32) -> Float32:
        mean = np.mean(x * x, axis=-1, keepdims=True)
        normed: Float32 = x / np.sqrt(mean + np.float32(self.model.architecture.norm_epsilon)) * weight
        return normed

    def _activated(self, gate: Float32) -> Float32:
        if self.model.architecture.activation == "gelu_tanh":
            inner = np.sqrt(2 / np.pi) * (gate + 0.044715 * gate**3)
            return (0.5 * gate * (1 + np.tanh(inner))).astype(np.float32)
        return gate / (1 + np.exp(-gate))

    def _attend(self, index: int, qkv: Float32, table: Float32) -> Float32:
        a, count = self.model.architecture, len(qkv)
        heads = qkv.reshape(count, a.heads + 2 * a.kv_heads, a.head_dim)
        query, key, value = np.split(heads, [a.heads, a.heads + a.kv_heads], axis=1)
        query, key = (
            self._turned(self._behind(f"layers.{index}.attention.{name}_norm", x), table)
            for name, x in (("query", query), ("key", key))
        )
        group = a.heads // a.kv_heads
        scale = a.head_dim**-0.5 if self.attention_scale is None else self.attention_scale
        scores = np.einsum("shd,thd->hst", query, np.repeat(key, group, axis=1)) * np.float32(scale)
        scores = _capped(scores, self.attention_cap)
        distance = np.arange(count)[:, None] - np.arange(count)[None, :]
        window = self.windows[index] if self.windows else 0
        scores[:, (distance < 0) | ((distance >= window) if window else False)] = -np.inf
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        mixed = np.einsum("hst,thd->shd", shares, np.repeat(value, group, axis=1))
        return mixed.reshape(count, -1).astype(np.float32)

    def _turned(self, x: Float32, table: Float32) -> Float32:
        half = x.shape[-1] // 2
        cosine, sine = table[:, None, :half], table[:, None, half:]
        left, right = x[..., :half], x[..., half:]
        return np.concatenate([left * cosine - right * sine, right * cosine + left * sine], axis=-1)


def _linear(linear: Linear, x: Float32) -> Float32:
    y: Float32 = x @ linear.weight.dequantized().T
    return y if linear.bias is None else y + linear.bias


def _capped(x: Float32, cap: float) -> Float32:
    return (cap * np.tanh(x / cap)).astype(np.float32) if cap else x
