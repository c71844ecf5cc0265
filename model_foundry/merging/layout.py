"""Places a tensor in the model by its name: in a layer of the decoder, before the layers, or after them.

The names are those of the checkpoints on Hugging Face, by ``model_type`` in their config.json.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from model_foundry.errors import IncompatibleParents
from model_foundry.formats.hf_names import LM_HEAD, TABLE

MODEL_TYPES = ("gemma", "gemma2", "gemma3_text", "llama", "mistral", "qwen2", "qwen2_vl", "qwen3")
"""All keep their decoder's layers under model.layers; what differs is what a layer holds."""

VOCABULARY_TENSORS = (TABLE, LM_HEAD)
"""Tensors with a row a token."""

_LAYER = re.compile(r"model\.layers\.(\d{1,6})\.(.+)")
_AFTER = ("model.norm.", LM_HEAD)
_BUFFERS = (".rotary_emb.inv_freq", ".masked_bias", ".attn.bias")
"""Constants that old checkpoints carry along; the model computes them."""


@dataclass(frozen=True)
class Place:
    """``layer`` is None outside the decoder's layers; ``name`` is then the whole name."""

    layer: int | None
    name: str
    after: bool = False


def place(tensor: str) -> Place | None:
    """Where ``tensor`` belongs; None for a buffer, which isn't merged."""
    if tensor.endswith(_BUFFERS):
        return None
    match = _LAYER.fullmatch(tensor)
    if match:
        return Place(int(match[1]), match[2])
    return Place(None, tensor, tensor.startswith(_AFTER))


def check_model_type(model_type: object, model: str) -> None:
    """Raises IncompatibleParents with the list of those that can be merged."""
    if model_type not in MODEL_TYPES:
        raise IncompatibleParents(
            f"{model} is of the type {model_type}; models of these types can be merged: {', '.join(MODEL_TYPES)}"
        )
