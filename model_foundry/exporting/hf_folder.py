"""Writes a model as a Hugging Face folder of dense weights: what merging, training and other tools read.

model_foundry/importing/hf_folder.py reads such a folder; the names that both use are in
model_foundry/formats/hf_names.py. Quantized matrices are written dequantized; float16 holds less
than such a product, so float32 is exact and float16 is rounded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from model_foundry.errors import UnknownArchitecture
from model_foundry.exporting.weight_writer import SHARD_BYTES, Planned, WeightWriter
from model_foundry.formats.float_formats import STORED_AS
from model_foundry.formats.hf_names import (
    CLASSES,
    CONFIG,
    CONFIG_KEYS,
    LM_HEAD,
    MODULES,
    NORM,
    TABLE,
    TOKENIZER,
    TOKENIZER_CONFIG,
    layer_tensor,
    norm_modules,
)
from model_foundry.model.description import Layer, Linear, ModelDescription
from model_foundry.model.weights import Float32

_FAMILIES = ("llama", "qwen2", "qwen3", "smollm3")


def write_folder(model: ModelDescription, folder: Path, dtype: str = "float32") -> None:
    """Writes ``folder``; ``dtype`` is float32, float16 or bfloat16. Raises UnknownArchitecture."""
    architecture = model.architecture
    if architecture.family not in _FAMILIES:
        known = ", ".join(_FAMILIES)
        raise UnknownArchitecture(f"a {architecture.family} can't be written as a folder here; known are {known}")
    if architecture.rope_factors is not None:
        raise UnknownArchitecture("a rotary embedding with a factor for each frequency has no place in config.json")
    folder.mkdir(parents=True, exist_ok=True)
    planned = [Planned(name, STORED_AS[dtype], values.shape) for name, values in _tensors(model)]
    with WeightWriter(folder, planned, SHARD_BYTES) as writer:
        for name, values in _tensors(model):
            writer.put(name, values)
    _write_json(folder / CONFIG, _config(model, dtype))
    _write_json(folder / TOKENIZER, model.tokenizer.definition)
    _write_json(folder / TOKENIZER_CONFIG, _tokenizer_config(model))


def _tensors(model: ModelDescription) -> Iterator[tuple[str, Float32]]:
    """One after the other, made when asked for: the whole model is never dense in memory."""
    table = model.embedding.dequantized()
    yield TABLE, table if model.embedding_scale is None else table * model.embedding_scale
    for index, layer in enumerate(model.layers):
        for name, values in _layer(model, layer):
            yield layer_tensor(index, name), values
    yield NORM, model.final_norm
    if model.head is not None:
        yield LM_HEAD, model.head.dequantized()


def _layer(model: ModelDescription, layer: Layer) -> Iterator[tuple[str, Float32]]:
    a = model.architecture
    queries, keys = a.heads * a.head_dim, a.kv_heads * a.head_dim
    cuts = {"qkv": [queries, queries + keys]}
    for field, (norm, _) in norm_modules(a).items():
        yield f"{norm}.weight", getattr(layer, field)
    for field, modules in MODULES.items():
        linear: Linear = getattr(layer, field)
        weights = np.split(linear.weight.dequantized(), cuts.get(field, []))
        biases = [None] * len(modules) if linear.bias is None else np.split(linear.bias, cuts.get(field, []))
        for module, weight, bias in zip(modules, weights, biases, strict=True):
            yield f"{module}.weight", weight
            if bias is not None:
                yield f"{module}.bias", bias


def _config(model: ModelDescription, dtype: str) -> dict[str, Any]:
    a = model.architecture
    ends = list(model.tokenizer.eos_tokens)
    changed: dict[str, Any] = {}
    if a.rope_scaling is not None:
        changed["rope_scaling"] = {
            "rope_type": a.rope_scaling.kind,
            "factor": a.rope_scaling.factor,
            "low_freq_factor": a.rope_scaling.low_frequency_factor,
            "high_freq_factor": a.rope_scaling.high_frequency_factor,
            "original_max_position_embeddings": a.rope_scaling.original_context,
        }
    if a.unrotated is not None:
        changed["no_rope_layers"] = [int(layer not in a.unrotated) for layer in range(a.layers)]
    if a.family == "llama" and model.layers[0].qkv.bias is not None:
        changed["attention_bias"] = True
    return {
        "architectures": [CLASSES[a.family]],
        "model_type": a.family,
        **{key: getattr(a, field) for field, key in CONFIG_KEYS.items()},
        **changed,
        "hidden_act": "silu",
        "eos_token_id": ends if len(ends) > 1 else ends[0],
        "torch_dtype": dtype,
    }


def _tokenizer_config(model: ModelDescription) -> dict[str, Any]:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": model.tokenizer.bos_token,
        "eos_token": model.tokenizer.eos_token,
        "chat_template": model.tokenizer.chat_template,
        "clean_up_tokenization_spaces": False,
        "model_max_length": model.architecture.context_length,
    }


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")
