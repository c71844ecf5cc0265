"""Lists what transformers calls the files, tensors and settings of a decoder, for reading, writing and merging.

Names are those of LlamaForCausalLM and its relatives; the keys those of their configuration classes.
"""

from __future__ import annotations

from orion_py.manifest.architecture import Architecture

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
CONFIG, GENERATION = "config.json", "generation_config.json"
TOKENIZER, TOKENIZER_CONFIG, TEMPLATE = "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"

TABLE, NORM, LM_HEAD = "model.embed_tokens.weight", "model.norm.weight", "lm_head.weight"
"""Tensors outside the layers. A model with a tied head has no ``LM_HEAD``, or one that counts for nothing."""

MODULES: dict[str, tuple[str, ...]] = {
    "qkv": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "attention_output": ("self_attn.o_proj",),
    "gate": ("mlp.gate_proj",),
    "up": ("mlp.up_proj",),
    "down": ("mlp.down_proj",),
}
"""Field of ``description.Layer`` to the modules whose rows it has, one after the other."""

_NORMS = {"attention_norm": "input_layernorm", "mlp_norm": "post_attention_layernorm"}
_HEAD_NORMS = {"query_norm": "self_attn.q_norm", "key_norm": "self_attn.k_norm"}
_NORMS_AROUND = {
    "attention_norm": "input_layernorm",
    "attention_post_norm": "post_attention_layernorm",
    "mlp_norm": "pre_feedforward_layernorm",
    "mlp_post_norm": "post_feedforward_layernorm",
}


def norm_modules(architecture: Architecture) -> dict[str, tuple[str, int]]:
    """Field of ``description.Layer`` to the norm that a layer has for it, and that norm's length."""
    around = _NORMS_AROUND if architecture.post_norms else _NORMS
    norms = {field: (name, architecture.hidden_size) for field, name in around.items()}
    if architecture.head_norms:
        norms |= {field: (name, architecture.head_dim) for field, name in _HEAD_NORMS.items()}
    return norms


CLASSES = {
    "llama": "LlamaForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "mistral": "MistralForCausalLM",
    "gemma": "GemmaForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
    "smollm3": "SmolLM3ForCausalLM",
    "gemma3_text": "Gemma3ForCausalLM",
}
"""``model_type`` to what config.json calls the architecture."""

CONFIG_KEYS = {
    "layers": "num_hidden_layers",
    "hidden_size": "hidden_size",
    "heads": "num_attention_heads",
    "kv_heads": "num_key_value_heads",
    "head_dim": "head_dim",
    "ffn_size": "intermediate_size",
    "vocab_size": "vocab_size",
    "context_length": "max_position_embeddings",
    "rope_theta": "rope_theta",
    "norm_epsilon": "rms_norm_eps",
    "tied_embeddings": "tie_word_embeddings",
}
"""Field of a manifest's ``Architecture`` to its key in config.json."""


def layer_tensor(layer: int, name: str) -> str:
    """The whole name of a tensor, or of a module, that is called ``name`` in its layer."""
    return f"model.layers.{layer}.{name}"
