"""The folders of tests/model_foundry/families as GGUF files: weights under the names that the gguf package maps."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

from model_foundry.importing.safetensors_folder import SafetensorsFolder
from tests.model_foundry.folders import FAMILIES

PAIRED = ("llama", "smollm3")
"""Architectures whose queries and keys llama.cpp's converter permutes."""


def as_gguf(name: str, path: Path) -> Path:
    """Writes the folder ``name`` with weights in float32."""
    folder = SafetensorsFolder(FAMILIES / name)
    c = folder.config
    kind = next(kind for kind, text in gguf.MODEL_ARCH_NAMES.items() if text == c["model_type"])
    names = gguf.get_tensor_name_map(kind, c["num_hidden_layers"])
    writer = gguf.GGUFWriter(path, c["model_type"])
    writer.add_block_count(c["num_hidden_layers"])
    writer.add_context_length(c["max_position_embeddings"])
    writer.add_embedding_length(c["hidden_size"])
    writer.add_feed_forward_length(c["intermediate_size"])
    writer.add_head_count(c["num_attention_heads"])
    writer.add_head_count_kv(c["num_key_value_heads"])
    writer.add_key_length(c["head_dim"])
    writer.add_value_length(c["head_dim"])
    writer.add_rope_freq_base(c["rope_theta"])
    writer.add_layer_norm_rms_eps(c["rms_norm_eps"])
    _add_tokenizer(writer, c["vocab_size"])
    heads = {"q_proj": c["num_attention_heads"], "k_proj": c["num_key_value_heads"]}
    for tensor in sorted(folder.tensor_names):
        values = folder.tensor(tensor)
        mapped = names.get_name(tensor, try_suffixes=(".weight", ".bias"))
        assert mapped is not None, tensor
        module = tensor.split(".")[-2]
        if c["model_type"] in PAIRED and module in heads:
            halves = values.reshape(heads[module], 2, -1, *values.shape[1:])
            values = halves.swapaxes(1, 2).reshape(values.shape)
        writer.add_tensor(mapped, np.ascontiguousarray(values, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_tokenizer(writer: gguf.GGUFWriter, size: int) -> None:
    """Tokens by their numbers alone: what a model computes is asked for by ids."""
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(["<|begin|>", "<|start|>", "<|end|>", "t", "tt", *(f"t{index}" for index in range(5, size))])
    writer.add_token_types([3, 3, 3, *[1] * (size - 3)])
    writer.add_token_merges(["t t"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(2)
