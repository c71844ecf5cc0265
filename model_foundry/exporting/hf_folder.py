"""A model as a Hugging Face folder of dense weights: what merging, training and other tools read.

Names and keys are those of transformers' LlamaForCausalLM and Qwen2ForCausalLM. Quantized matrices
are written as what they stand for; float16 holds less than such a product, so float32 is exact and
float16 is rounded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from model_foundry.description import Layer, Linear, ModelDescription
from model_foundry.errors import UnknownArchitecture
from model_foundry.merging.dtypes import STORED_AS
from model_foundry.merging.weight_writer import Planned, WeightWriter
from model_foundry.weights import Float32

_CLASSES = {"llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM"}
_SHARD_BYTES = 2 * 10**9


def write_folder(model: ModelDescription, folder: Path, dtype: str = "float32") -> None:
    """Writes ``folder``; ``dtype`` is float32, float16 or bfloat16. Raises UnknownArchitecture."""
    architecture = model.architecture
    if architecture.family not in _CLASSES:
        known = ", ".join(_CLASSES)
        raise UnknownArchitecture(f"a {architecture.family} can't be written as a folder here; known are {known}")
    folder.mkdir(parents=True, exist_ok=True)
    planned = [Planned(name, STORED_AS[dtype], values.shape) for name, values in _tensors(model)]
    writer = WeightWriter(folder, planned, _SHARD_BYTES)
    for name, values in _tensors(model):
        writer.put(name, values)
    writer.close()
    _write_json(folder / "config.json", _config(model, dtype))
    _write_json(folder / "tokenizer.json", model.tokenizer.definition)
    _write_json(folder / "tokenizer_config.json", _tokenizer_config(model))


def _tensors(model: ModelDescription) -> Iterator[tuple[str, Float32]]:
    """One after the other, made when asked for: the whole model is never dense in memory."""
    table = model.embedding.dequantized()
    yield "model.embed_tokens.weight", table if model.embedding_scale is None else table * model.embedding_scale
    for index, layer in enumerate(model.layers):
        for name, values in _layer(model, layer):
            yield f"model.layers.{index}.{name}", values
    yield "model.norm.weight", model.final_norm
    if model.head is not None:
        yield "lm_head.weight", model.head.dequantized()


def _layer(model: ModelDescription, layer: Layer) -> Iterator[tuple[str, Float32]]:
    a = model.architecture
    queries, keys = a.heads * a.head_dim, a.kv_heads * a.head_dim
    yield "input_layernorm.weight", layer.attention_norm
    fused = layer.qkv.weight.dequantized()
    parts = np.split(fused, [queries, queries + keys])
    biases = None if layer.qkv.bias is None else np.split(layer.qkv.bias, [queries, queries + keys])
    for place, letter in enumerate("qkv"):
        yield f"self_attn.{letter}_proj.weight", parts[place]
        if biases is not None:
            yield f"self_attn.{letter}_proj.bias", biases[place]
    named: tuple[tuple[str, Linear], ...] = (
        ("self_attn.o_proj", layer.attention_output),
        ("mlp.gate_proj", layer.gate),
        ("mlp.up_proj", layer.up),
        ("mlp.down_proj", layer.down),
    )
    for name, linear in named:
        yield f"{name}.weight", linear.weight.dequantized()
        if linear.bias is not None:
            yield f"{name}.bias", linear.bias
    yield "post_attention_layernorm.weight", layer.mlp_norm


def _config(model: ModelDescription, dtype: str) -> dict[str, Any]:
    a = model.architecture
    ends = list(model.tokenizer.eos_tokens)
    return {
        "architectures": [_CLASSES[a.family]],
        "model_type": a.family,
        "hidden_size": a.hidden_size,
        "intermediate_size": a.ffn_size,
        "num_hidden_layers": a.layers,
        "num_attention_heads": a.heads,
        "num_key_value_heads": a.kv_heads,
        "head_dim": a.head_dim,
        "vocab_size": a.vocab_size,
        "max_position_embeddings": a.context_length,
        "hidden_act": "silu",
        "rms_norm_eps": a.norm_epsilon,
        "rope_theta": a.rope_theta,
        "tie_word_embeddings": a.tied_embeddings,
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
