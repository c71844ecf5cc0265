"""Makes the folders beside this file: tiny random models, as transformers saves and computes them.

    python tests/model_foundry/families/make.py [NAMES]   (torch and transformers, in an environment of their own)

Made once with torch 2.13.0 and transformers 4.57.6; from qwen3 on torch 2.14.1. ``expected.json`` of each folder holds
token ids and the logits that transformers computes for them in float32, at some positions.

Weights lie on the grids of the forms that the foundry stores by default: in each block of 32, matrices
of layers on 16 steps, tables and heads on 255 steps, each step a power of two and the whole range used.
Quantizing loses nothing then, and what a *built* model answers has to be transformers' logits too.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    Gemma3TextConfig,
    GemmaConfig,
    LlamaConfig,
    MistralConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
    SmolLM3Config,
)

HERE = Path(__file__).parent
BLOCK, LENGTH, POSITIONS = 32, 24, (3, 11, 23)
SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 1024,
    "vocab_size": 288,
    "pad_token_id": None,
}
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<|start|>{{ m['role'] }}\n{{ m['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)
GEMMA_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<start_of_turn>{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n"
    "{{ m['content'] }}<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)


THINKING_TEMPLATE = (
    TEMPLATE.removesuffix("{% endif %}")
    + "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)
"""Of a model that can think aloud, as Qwen3's is."""


def byte_level() -> tuple[Tokenizer, dict[str, str]]:
    """Byte-level BPE as Llama 3 and Qwen2 have it: specials, 256 bytes, some merges. 288 tokens."""
    specials = ["<|begin|>", "<|start|>", "<|end|>"]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("t", "h"), ("i", "n"), ("e", "r"), ("Ġ", "a"), ("th", "e"), ("Ġ", "the"), ("o", "n")]
    words = [*specials, *letters, *(left + right for left, right in merges)]
    words += [f"<|reserved_{index}|>" for index in range(288 - len(words))]
    tokenizer = Tokenizer(models.BPE({word: index for index, word in enumerate(words)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer, {"bos_token": specials[0], "eos_token": specials[2]}


def sentence_pieces(specials: list[str], prefixed: bool) -> Tokenizer:
    """BPE over characters with ▁ for a space and bytes for the rest. 320 tokens.

    ``prefixed``: a space before the text, as Llama 2 and Mistral have it; Gemma has none.
    """
    merges = [("t", "h"), ("i", "n"), ("▁", "a"), ("th", "e"), ("▁", "the"), ("e", "r")]
    letters = ["▁", "\n", *map(chr, range(ord("a"), ord("z") + 1)), *"ABCDEFGHIJ", ".", ",", "é"]
    words = ["<unk>", *specials, *(f"<0x{value:02X}>" for value in range(256)), *letters]
    words += [left + right for left, right in merges]
    words += [f"<unused{index}>" for index in range(320 - len(words))]
    vocabulary = {word: index for index, word in enumerate(words)}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    steps = [normalizers.Prepend("▁")] if prefixed else []
    tokenizer.normalizer = normalizers.Sequence([*steps, normalizers.Replace(" ", "▁")])
    strip = [decoders.Strip(" ", 1, 0)] if prefixed else []
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), *strip]
    )
    return tokenizer


def on_grid(random: np.random.Generator, shape: tuple[int, int], low: int, high: int, exponent: int) -> np.ndarray:
    """F32 [n, k]: whole numbers from ``low`` to ``high`` times powers of two, both bounds in each block."""
    n, k = shape
    steps = random.integers(low, high + 1, (n, k // BLOCK, BLOCK))
    steps[..., 0], steps[..., 1] = low, high
    powers = np.exp2(-exponent - random.integers(0, 2, (n, k // BLOCK, 1)))
    return random.permuted(steps * powers, axis=2).reshape(n, k).astype(np.float32)


def weights(name: str, shape: tuple[int, ...], random: np.random.Generator, centre: float) -> np.ndarray:
    if name.endswith("norm.weight"):
        return random.normal(centre, 0.2, shape).astype(np.float32)
    if len(shape) == 1:
        return random.normal(0, 0.5, shape).astype(np.float32)
    if "embed_tokens" in name or "lm_head" in name:
        return on_grid(random, (shape[0], shape[1]), -127, 127, 8)
    return on_grid(random, (shape[0], shape[1]), -8, 7, 5)


def make(
    name: str, seed: int, config: Any, tokenizer: PreTrainedTokenizerFast, dtype: torch.dtype, **save: Any
) -> None:
    """Writes one folder, if it is wanted."""
    if sys.argv[1:] and name not in sys.argv[1:]:
        return
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    random = np.random.default_rng(seed)
    model = AutoModelForCausalLM.from_config(config)
    centre = 0.0 if name.startswith("gemma") else 1.0
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            values = weights(parameter_name, tuple(parameter.shape), random, centre)
            parameter.copy_(torch.from_numpy(values))
    model.generation_config.eos_token_id = [tokenizer.eos_token_id, 1]
    model.to(dtype).save_pretrained(folder, **save)
    tokenizer.save_pretrained(folder)
    (folder / "special_tokens_map.json").unlink()
    exact = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    tokens = random.integers(0, config.vocab_size, LENGTH).tolist()
    with torch.no_grad():
        logits = exact(torch.tensor([tokens])).logits[0].numpy()
    rows = {str(position): [round(float(value), 6) for value in logits[position]] for position in POSITIONS}
    text = "the thin cat, été 12"
    chat = tokenizer.apply_chat_template(
        [{"role": "user", "content": text}], tokenize=False, add_generation_prompt=True, enable_thinking=False
    )
    expected = {
        "tokens": tokens,
        "logits": rows,
        "text": text,
        "ids": tokenizer.encode(text, add_special_tokens=False),
        "chat": chat,
    }
    (folder / "expected.json").write_text(json.dumps(expected, ensure_ascii=False) + "\n", "utf-8")
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{name}: {size / 1e3:.0f} kB, logits from {logits.min():.2f} to {logits.max():.2f}")


def fast(tokenizer: Tokenizer, template: str, **specials: str) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, chat_template=template, **specials)


def main() -> None:
    bytes_, named = byte_level()
    ids = {"bos_token_id": 0, "eos_token_id": 2}
    chat = fast(bytes_, TEMPLATE, **named, additional_special_tokens=["<|start|>"])
    make("llama", 1, LlamaConfig(**SIZES, **ids, rope_theta=500.0), chat, torch.float16)
    llama3 = {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    }
    tied = {"tie_word_embeddings": True}
    make("llama3", 2, LlamaConfig(**SIZES, **ids, **tied, rope_theta=5e4, rope_scaling=llama3), chat, torch.bfloat16)
    make("qwen2", 3, Qwen2Config(**SIZES, **ids, **tied, rope_theta=1e6), chat, torch.bfloat16)
    pieces = SIZES | {"vocab_size": 320}
    mistral = fast(
        sentence_pieces(["<s>", "</s>", "<|start|>", "<|end|>"], True),
        TEMPLATE,
        bos_token="<s>",
        eos_token="</s>",
        additional_special_tokens=["<|start|>", "<|end|>"],
    )
    config = MistralConfig(**pieces, bos_token_id=1, eos_token_id=2, sliding_window=96)
    make("mistral", 4, config, mistral, torch.bfloat16, max_shard_size="60KB")
    gemma = fast(
        sentence_pieces(["<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"], False),
        GEMMA_TEMPLATE,
        bos_token="<bos>",
        eos_token="<eos>",
        additional_special_tokens=["<start_of_turn>", "<end_of_turn>"],
    )
    config = GemmaConfig(**pieces, bos_token_id=1, eos_token_id=2)
    make("gemma", 5, config, gemma, torch.bfloat16)
    thinking = fast(bytes_, THINKING_TEMPLATE, **named, additional_special_tokens=["<|start|>"])
    make("qwen3", 6, Qwen3Config(**SIZES, **ids, **tied, rope_theta=1e6), thinking, torch.bfloat16)
    config = SmolLM3Config(**SIZES, **ids, **tied, rope_theta=5e4, no_rope_layers=[1, 0])
    make("smollm3", 7, config, thinking, torch.bfloat16)
    kinds = ["sliding_attention", "full_attention"]
    config = Gemma3TextConfig(
        **pieces,
        bos_token_id=1,
        eos_token_id=2,
        layer_types=kinds,
        sliding_window=9,
        query_pre_attn_scalar=24,
        rope_theta=5e4,
        rope_local_base_freq=300.0,
    )
    make("gemma3", 8, config, gemma, torch.bfloat16)


if __name__ == "__main__":
    main()
