"""Lists what transformers calls the files, tensors and settings of a decoder, for reading, writing and merging.

Names are those of LlamaForCausalLM and its relatives; the keys those of their configuration classes.
"""

from __future__ import annotations

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

NORMS = {"attention_norm": "input_layernorm", "mlp_norm": "post_attention_layernorm"}
"""The same for a layer's norms, [hidden]."""

HEAD_NORMS = {"query_norm": "self_attn.q_norm", "key_norm": "self_attn.k_norm"}
"""The same for those of queries and keys, [head_dim], where a family has them."""

CLASSES = {
    "llama": "LlamaForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "mistral": "MistralForCausalLM",
    "gemma": "GemmaForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
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
