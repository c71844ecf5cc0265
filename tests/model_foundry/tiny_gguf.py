"""Tiny random models written as GGUF files: the importer's real input, in kilobytes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
from gguf.quants import quantize
from numpy.typing import NDArray

TEMPLATE = "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"


@dataclass(frozen=True)
class TinyModel:
    """Sizes of a model; all matrices are random, from ``seed``."""

    layers: int = 2
    hidden: int = 64
    heads: int = 4
    kv_heads: int = 2
    ffn: int = 96
    context: int = 128
    seed: int = 1
    architecture: str = "llama"
    pre_tokenizer: str = "smollm"
    tied: bool = True
    linear: gguf.GGMLQuantizationType = gguf.GGMLQuantizationType.Q4_1
    value: gguf.GGMLQuantizationType | None = None
    """Of the value projection, where it differs from ``linear``."""
    biases: bool = False
    """Query, key and value have one each, as in qwen2."""
    head_dim: int | None = None
    """Where it isn't ``hidden / heads``."""
    head_norms: bool = False
    """Queries and keys have a norm each, as in qwen3."""
    doubled_table: bool = False
    """Head and token table are one matrix, with 8 and with 5 bits."""

    def tokens(self) -> list[str]:
        """Control tokens, the 256 byte-level characters, and one merged token."""
        letters = [chr(code) for code in [*range(33, 127), *range(161, 173), *range(174, 256)]]
        others = [chr(256 + index) for index in range(256 - len(letters))]
        return ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *letters, *others, "th"]

    def write(self, path: Path) -> Path:
        """Writes the file; gives its path."""
        random = np.random.default_rng(self.seed)
        writer = gguf.GGUFWriter(path, self.architecture)
        self._metadata(writer)
        head_dim = self.head_dim or self.hidden // self.heads
        tokens = len(self.tokens())

        def matrix(
            name: str, n: int, k: int, kind: gguf.GGMLQuantizationType, values: NDArray[np.float32] | None = None
        ) -> None:
            if values is None:
                values = random.normal(0, k**-0.5, (n, k)).astype(np.float32)
            writer.add_tensor(name, quantize(values, kind), raw_dtype=kind)

        def norm(name: str, length: int = self.hidden) -> None:
            writer.add_tensor(name, random.normal(1, 0.1, length).astype(np.float32))

        table = random.normal(0, self.hidden**-0.5, (tokens, self.hidden)).astype(np.float32)
        kinds = gguf.GGMLQuantizationType
        matrix("token_embd.weight", tokens, self.hidden, kinds.Q5_0 if self.doubled_table else kinds.Q8_0, table)
        norm("output_norm.weight")
        if not self.tied:
            matrix("output.weight", tokens, self.hidden, kinds.Q8_0, table if self.doubled_table else None)
        for layer in range(self.layers):
            norm(f"blk.{layer}.attn_norm.weight")
            norm(f"blk.{layer}.ffn_norm.weight")
            if self.head_norms:
                norm(f"blk.{layer}.attn_q_norm.weight", head_dim)
                norm(f"blk.{layer}.attn_k_norm.weight", head_dim)
            for name, n, k in (
                ("attn_q", self.heads * head_dim, self.hidden),
                ("attn_k", self.kv_heads * head_dim, self.hidden),
                ("attn_v", self.kv_heads * head_dim, self.hidden),
                ("attn_output", self.hidden, self.heads * head_dim),
                ("ffn_gate", self.ffn, self.hidden),
                ("ffn_up", self.ffn, self.hidden),
                ("ffn_down", self.hidden, self.ffn),
            ):
                kind = self.value if name == "attn_v" and self.value is not None else self.linear
                matrix(f"blk.{layer}.{name}.weight", n, k, kind)
                if self.biases and name in ("attn_q", "attn_k", "attn_v"):
                    writer.add_tensor(f"blk.{layer}.{name}.bias", random.normal(0, 1, n).astype(np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path

    def _metadata(self, writer: gguf.GGUFWriter) -> None:
        tokens = self.tokens()
        writer.add_block_count(self.layers)
        writer.add_context_length(self.context)
        writer.add_embedding_length(self.hidden)
        writer.add_feed_forward_length(self.ffn)
        writer.add_head_count(self.heads)
        writer.add_head_count_kv(self.kv_heads)
        writer.add_rope_freq_base(10000.0)
        if self.head_dim is not None:
            writer.add_key_length(self.head_dim)
            writer.add_value_length(self.head_dim)
        if self.architecture not in ("qwen2", "qwen3"):  # their converter leaves it out
            writer.add_rope_dimension_count(self.hidden // self.heads)
        writer.add_layer_norm_rms_eps(1e-5)
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(self.pre_tokenizer)
        writer.add_token_list(tokens)
        writer.add_token_types([3, 3, 3, *[1] * (len(tokens) - 3)])
        writer.add_token_merges(["t h"])
        writer.add_bos_token_id(1)
        writer.add_eos_token_id(2)
        writer.add_chat_template(TEMPLATE)
