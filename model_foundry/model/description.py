"""Describes a model as the foundry knows it: what every importer makes and every builder reads.

Nothing here is GGUF's or ONNX's. An importer for another container (safetensors, CTranslate2)
ends in the same ``ModelDescription``; a family with biases or a head of its own fills the
optional fields.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from model_foundry.errors import WrongSource
from model_foundry.model.weights import Float32, Matrix
from orion_py.manifest.architecture import Architecture
from orion_py.manifest.manifest import Source


@dataclass(frozen=True)
class Linear:
    """y = weight x + bias; ``bias`` F32 [n]."""

    weight: Matrix
    bias: Float32 | None = None


@dataclass(frozen=True)
class Layer:
    """One decoder layer, pre-norm, with rotary embedding in halves (GPT-NeoX order).

    ``qkv`` has the rows of query, key and value one after the other. Norms are F32 [hidden], those of
    queries and keys F32 [head_dim].
    """

    attention_norm: Float32
    qkv: Linear
    attention_output: Linear
    mlp_norm: Float32
    gate: Linear
    up: Linear
    down: Linear
    query_norm: Float32 | None = None
    key_norm: Float32 | None = None
    attention_post_norm: Float32 | None = None
    mlp_post_norm: Float32 | None = None


@dataclass(frozen=True)
class TokenizerDescription:
    """``definition`` is a Hugging Face tokenizer.json; the template is jinja."""

    definition: dict[str, Any]
    chat_template: str
    bos_token: str
    eos_token: str
    eos_tokens: tuple[int, ...]

    def shard_bytes(self) -> bytes:
        """The tokenizer shard; its form is described in orion_py/manifest/manifest.py."""
        parts = {
            "tokenizer": self.definition,
            "chat_template": self.chat_template,
            "bos_token": self.bos_token,
            "eos_token": self.eos_token,
        }
        return json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True)
class ModelDescription:
    """``head`` is None where the token table serves as head too.

    ``embedding_scale`` F32 [hidden] multiplies a row of the table after the lookup: what undoes
    an equalization of the head in a table that serves as both.
    """

    architecture: Architecture
    embedding: Matrix
    layers: tuple[Layer, ...]
    final_norm: Float32
    head: Matrix | None
    tokenizer: TokenizerDescription
    source: Source
    embedding_scale: Float32 | None = None

    def linears(self) -> Iterator[Linear]:
        """The linear maps of all layers, in the order of the forward pass."""
        for layer in self.layers:
            yield from (layer.qkv, layer.attention_output, layer.gate, layer.up, layer.down)


_SAME = 0.1
"""Relative difference of two matrices up to which they can be one, rounded in two ways."""
_ROWS = np.arange(1024)


def with_shared_table(model: ModelDescription) -> ModelDescription:
    """The model with its head as its token table: smaller, where the two are one matrix in the source.

    Converters write a tied table twice, once with few bits as the token table and once with more as
    the head. Raises WrongSource where it isn't the same matrix, or where there is no head.
    """
    if model.head is None:
        raise WrongSource("the token table already serves as head")
    rows = _ROWS[: model.architecture.vocab_size]
    head, table = (matrix.rows(rows).dequantized() for matrix in (model.head, model.embedding))
    difference = float(np.linalg.norm(head - table) / np.linalg.norm(head))
    if not difference < _SAME:
        raise WrongSource(f"head and token table differ by {difference:.0%}: they aren't one matrix")
    architecture = model.architecture.model_copy(update={"tied_embeddings": True})
    return replace(model, architecture=architecture, embedding=model.head, head=None)
