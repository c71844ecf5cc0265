"""Runs a llama forward pass in plain numpy, over dequantized weights: slow, short, and right.

It shares no code with the graphs or the shards: it reads the description alone. Formulas: RMSNorm
https://arxiv.org/abs/1910.07467, rotary embedding https://arxiv.org/abs/2104.09864, SwiGLU
https://arxiv.org/abs/2002.05202, GELU https://arxiv.org/abs/1606.08415, grouped queries
https://arxiv.org/abs/2305.13245. Biases, Gemma's GELU, Llama 3.1's rotary bands, Qwen3's norms of
queries and keys (https://arxiv.org/abs/2505.09388), SmolLM3's layers without a rotation, and Gemma 3's
windows and norms behind (https://arxiv.org/abs/2503.19786) are there too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model_foundry.model.description import Layer, Linear, ModelDescription
from model_foundry.model.weights import Float32

Observer = Callable[[str, int, Float32], None]
"""Called with "qkv", "output", "mlp", "down" or "head", the layer, and the inputs F32 [s, k] of these maps."""


def _ignore(kind: str, layer: int, inputs: Float32) -> None: ...


@dataclass(frozen=True)
class _Dense:
    """A linear map with its weight dequantized, F32 [n, k]."""

    weight: Float32
    bias: Float32 | None

    @classmethod
    def of(cls, linear: Linear) -> _Dense:
        return cls(linear.weight.dequantized(), linear.bias)

    def __call__(self, x: Float32) -> Float32:
        y: Float32 = x @ self.weight.T
        return y if self.bias is None else y + self.bias


class _DenseLayer:
    def __init__(self, layer: Layer) -> None:
        self.attention_norm, self.mlp_norm = layer.attention_norm, layer.mlp_norm
        self.query_norm, self.key_norm = layer.query_norm, layer.key_norm
        self.attention_post_norm, self.mlp_post_norm = layer.attention_post_norm, layer.mlp_post_norm
        self.qkv, self.attention_output = _Dense.of(layer.qkv), _Dense.of(layer.attention_output)
        self.gate, self.up, self.down = _Dense.of(layer.gate), _Dense.of(layer.up), _Dense.of(layer.down)


class ReferenceModel:
    """Logits for token sequences. Keeps keys and values, so that a sequence can be continued."""

    def __init__(self, model: ModelDescription, observe: Observer = _ignore) -> None:
        self._a, self._observe = model.architecture, observe
        self._layers = [_DenseLayer(layer) for layer in model.layers]
        table = model.embedding.dequantized()
        self._embedding = table if model.embedding_scale is None else table * model.embedding_scale
        self._head = table if model.head is None else model.head.dequantized()
        self._final_norm = model.final_norm
        self.reset()

    def reset(self) -> None:
        """Forgets all tokens."""
        empty = np.zeros((0, self._a.kv_heads, self._a.head_dim), np.float32)
        self._keys = [empty for _ in self._layers]
        self._values = [empty for _ in self._layers]

    def keep(self, count: int) -> None:
        """Forgets all tokens but the first ``count``."""
        self._keys = [rows[:count] for rows in self._keys]
        self._values = [rows[:count] for rows in self._values]

    def forward(self, tokens: Sequence[int]) -> Float32:
        """Logits F32 [len(tokens), vocab] after each of ``tokens``, which follow those before."""
        x = self._embedding[np.asarray(tokens, np.intp)]
        for index, layer in enumerate(self._layers):
            normed = self._observed("qkv", index, self._norm(x, layer.attention_norm))
            mixed = self._attend(index, layer.qkv(normed))
            added = layer.attention_output(self._observed("output", index, mixed))
            x = x + self._normed(added, layer.attention_post_norm)
            normed = self._observed("mlp", index, self._norm(x, layer.mlp_norm))
            gate = layer.gate(normed)
            hidden = self._activated(gate) * layer.up(normed)
            x = x + self._normed(layer.down(self._observed("down", index, hidden)), layer.mlp_post_norm)
        logits: Float32 = self._observed("head", 0, self._norm(x, self._final_norm)) @ self._head.T
        return logits

    def _observed(self, kind: str, layer: int, inputs: Float32) -> Float32:
        self._observe(kind, layer, inputs)
        return inputs

    def _activated(self, gate: Float32) -> Float32:
        if self._a.activation == "gelu_tanh":
            inner = np.sqrt(2 / np.pi) * (gate + 0.044715 * gate**3)
            gelu: Float32 = (0.5 * gate * (1 + np.tanh(inner))).astype(np.float32)
            return gelu
        silu: Float32 = gate / (1 + np.exp(-gate))
        return silu

    def _norm(self, x: Float32, weight: Float32) -> Float32:
        mean = np.mean(x * x, axis=-1, keepdims=True)
        normed: Float32 = (x / np.sqrt(mean + np.float32(self._a.norm_epsilon)) * weight).astype(np.float32)
        return normed

    def _normed(self, x: Float32, weight: Float32 | None) -> Float32:
        return x if weight is None else self._norm(x, weight)

    def _attend(self, index: int, qkv: Float32) -> Float32:
        """F32 [s, heads * head_dim] from the fused projection of s new tokens."""
        a, count, first = self._a, len(qkv), len(self._keys[index])
        heads = qkv.reshape(count, a.heads + 2 * a.kv_heads, a.head_dim)
        query, key, value = np.split(heads, [a.heads, a.heads + a.kv_heads], axis=1)
        layer = self._layers[index]
        query, key = self._normed(query, layer.query_norm), self._normed(key, layer.key_norm)
        keys = np.concatenate([self._keys[index], self._rotated(key, first, index)])
        values = np.concatenate([self._values[index], value])
        self._keys[index], self._values[index] = keys, values
        group = a.heads // a.kv_heads
        scores = np.einsum("shd,thd->hst", self._rotated(query, first, index), np.repeat(keys, group, axis=1))
        scores = scores / np.sqrt(np.float32(a.head_dim))
        before = (first + np.arange(count))[:, None] - np.arange(len(keys))[None, :]
        unseen = before < 0
        if a.windows is not None and a.windows[index]:
            unseen |= before >= a.windows[index]
        scores[:, unseen] = -np.inf
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        mixed = np.einsum("hst,thd->shd", shares, np.repeat(values, group, axis=1))
        rows: Float32 = mixed.reshape(count, a.heads * a.head_dim).astype(np.float32)
        return rows

    def _rotated(self, x: Float32, first: int, layer: int) -> Float32:
        """Rotates each pair (j, j + d/2) of [s, heads, d] by its position's angle in that layer."""
        half = self._a.head_dim // 2
        if self._a.unrotated is not None and layer in self._a.unrotated:
            return x
        frequencies = self._frequencies(half)
        if self._a.local_rope_theta is not None and self._a.windows is not None and self._a.windows[layer]:
            frequencies = self._a.local_rope_theta ** (-np.arange(half, dtype=np.float64) / half)
        angles = (first + np.arange(len(x)))[:, None, None] * frequencies
        cosine, sine = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
        left, right = x[..., :half], x[..., half:]
        return np.concatenate([left * cosine - right * sine, right * cosine + left * sine], axis=-1)

    def _frequencies(self, half: int) -> NDArray[np.float64]:
        """Angles per position [half], stretched band by band where the model says so."""
        frequencies = self._a.rope_theta ** (-np.arange(half, dtype=np.float64) / half)
        if self._a.rope_factors is not None:
            return frequencies / np.array(self._a.rope_factors, np.float64)
        scaling = self._a.rope_scaling
        if scaling is None:
            return frequencies
        waves = 2 * np.pi / frequencies
        longest = scaling.original_context / scaling.low_frequency_factor
        shortest = scaling.original_context / scaling.high_frequency_factor
        share = (scaling.original_context / waves - scaling.low_frequency_factor) / (
            scaling.high_frequency_factor - scaling.low_frequency_factor
        )
        between = (1 - share) * frequencies / scaling.factor + share * frequencies
        slow = np.where(waves > longest, frequencies / scaling.factor, between)
        return np.where(waves < shortest, frequencies, slow)
