"""A model as the foundry knows it: what every importer makes and every builder reads.

Nothing here is GGUF's or ONNX's. An importer for another container (safetensors, CTranslate2)
ends in the same ``ModelDescription``; a family with biases or a head of its own fills the
optional fields.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from model_foundry.weights import Float32, Matrix
from orion_py.loading.manifest import Architecture, Source


@dataclass(frozen=True)
class Linear:
    """y = weight x + bias; ``bias`` F32 [n]."""

    weight: Matrix
    bias: Float32 | None = None


@dataclass(frozen=True)
class Layer:
    """One decoder layer, pre-norm, with rotary embedding in halves (GPT-NeoX order).

    ``qkv`` has the rows of query, key and value one after the other. Norms are F32 [hidden].
    """

    attention_norm: Float32
    qkv: Linear
    attention_output: Linear
    mlp_norm: Float32
    gate: Linear
    up: Linear
    down: Linear


@dataclass(frozen=True)
class TokenizerDescription:
    """``definition`` is a Hugging Face tokenizer.json; the template is jinja."""

    definition: dict[str, Any]
    chat_template: str
    bos_token: str
    eos_token: str
    eos_tokens: tuple[int, ...]

    def shard_bytes(self) -> bytes:
        """The tokenizer shard; its form is described in orion_py/loading/manifest.py."""
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
