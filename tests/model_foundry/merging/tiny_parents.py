"""Tiny models with random weights as Hugging Face folders, the same on every machine."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

TOKENS = [*"abcdefghijklmnopqrstuvwxyz .,?!", "<|end|>"]


@dataclass
class TinyParent:
    """A llama or qwen2 of random weights. ``rows`` beyond the 32 tokens are padding."""

    seed: int = 0
    model_type: str = "llama"
    layers: int = 4
    rows: int = 32
    hidden: int = 8
    tied: bool = True
    files: int = 1
    tokens: list[str] = field(default_factory=lambda: list(TOKENS))
    config: dict[str, Any] = field(default_factory=dict)
    offset_of: int | None = None
    """Weights near those of the parent with this seed, as fine-tunes of one base are."""

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        names = list(self.tensors().items())
        part = -(-len(names) // self.files)
        weight_map = {}
        for index in range(self.files):
            name = "model.safetensors" if self.files == 1 else f"model-{index + 1:05}-of-{self.files:05}.safetensors"
            some = dict(names[index * part : (index + 1) * part])
            save_file(some, folder / name, metadata={"format": "pt"})
            weight_map |= dict.fromkeys(some, name)
        if self.files > 1:
            (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
        (folder / "config.json").write_text(json.dumps(self.settings()))
        (folder / "tokenizer.json").write_text(json.dumps(self.tokenizer()))
        (folder / "tokenizer_config.json").write_text(
            json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|end|>"})
        )
        return folder

    def settings(self) -> dict[str, Any]:
        return {
            "architectures": [{"llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM"}[self.model_type]],
            "model_type": self.model_type,
            "hidden_size": self.hidden,
            "intermediate_size": 2 * self.hidden,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "num_hidden_layers": self.layers,
            "vocab_size": self.rows,
            "hidden_act": "silu",
            "rms_norm_eps": 1e-5,
            "rope_theta": 10000.0,
            "max_position_embeddings": 64,
            "tie_word_embeddings": self.tied,
            "torch_dtype": "float32",
            **self.config,
        }

    def tokenizer(self) -> dict[str, Any]:
        return {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [
                {
                    "id": len(self.tokens) - 1,
                    "content": self.tokens[-1],
                    "single_word": False,
                    "lstrip": False,
                    "rstrip": False,
                    "normalized": False,
                    "special": True,
                }
            ],
            "normalizer": None,
            "pre_tokenizer": None,
            "post_processor": None,
            "decoder": None,
            "model": {
                "type": "BPE",
                "dropout": None,
                "unk_token": None,
                "continuing_subword_prefix": None,
                "end_of_word_suffix": None,
                "fuse_unk": False,
                "byte_fallback": False,
                "ignore_merges": False,
                "vocab": {token: index for index, token in enumerate(self.tokens)},
                "merges": [],
            },
        }

    def tensors(self) -> dict[str, np.ndarray]:
        shapes = self.shapes()
        # RandomState's streams are frozen by numpy's policy: fixtures stay valid.
        own = np.random.RandomState(self.seed)
        made = {name: own.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
        if self.offset_of is None:
            return made
        base = np.random.RandomState(self.offset_of)
        return {
            name: (base.standard_normal(shape) + 0.1 * made[name]).astype(np.float32) for name, shape in shapes.items()
        }

    def shapes(self) -> dict[str, tuple[int, ...]]:
        hidden, ffn, half = self.hidden, 2 * self.hidden, self.hidden // 2
        shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (self.rows, hidden)}
        for index in range(self.layers):
            layer = f"model.layers.{index}"
            shapes |= {
                f"{layer}.input_layernorm.weight": (hidden,),
                f"{layer}.self_attn.q_proj.weight": (hidden, hidden),
                f"{layer}.self_attn.k_proj.weight": (half, hidden),
                f"{layer}.self_attn.v_proj.weight": (half, hidden),
                f"{layer}.self_attn.o_proj.weight": (hidden, hidden),
                f"{layer}.post_attention_layernorm.weight": (hidden,),
                f"{layer}.mlp.gate_proj.weight": (ffn, hidden),
                f"{layer}.mlp.up_proj.weight": (ffn, hidden),
                f"{layer}.mlp.down_proj.weight": (hidden, ffn),
            }
            if self.model_type == "qwen2":
                shapes |= {f"{layer}.self_attn.{part}_proj.bias": (hidden if part == "q" else half,) for part in "qkv"}
        shapes["model.norm.weight"] = (hidden,)
        if not self.tied:
            shapes["lm_head.weight"] = (self.rows, hidden)
        return shapes
