"""How each model family names and arranges its tensors inside a GGUF.

One importer a family, in ``FAMILIES``, keyed by ``general.architecture``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from model_foundry.description import Layer, Linear, ModelDescription
from model_foundry.errors import MalformedGguf, UnknownArchitecture
from model_foundry.importing.gguf_file import GgufFile
from model_foundry.importing.tokenizer import read_tokenizer
from model_foundry.weights import Rows, stacked
from orion_py.loading.manifest import Architecture, Source


def rope_row_order(heads: int, head_dim: int) -> Rows:
    """Row order that undoes llama.cpp's permutation of query and key rows.

    For family "llama" its converter stores each head's rows as pairs (0, d/2, 1, d/2 + 1, …) to
    rotate neighbours; the order here puts the halves back (convert_hf_to_gguf.py, ``permute``).
    """
    pairs = np.arange(heads * head_dim).reshape(heads, head_dim // 2, 2)
    return pairs.swapaxes(1, 2).reshape(-1)


def _decoder(file: GgufFile, context_cap: int, source: Source, *, family: str, paired: bool) -> ModelDescription:
    """A pre-norm decoder with gated MLPs. ``paired``: its rotary embedding turns neighbours in the file."""
    architecture = _architecture(file, context_cap, family)
    hidden, vocab = architecture.hidden_size, architecture.vocab_size
    tied = architecture.tied_embeddings
    return ModelDescription(
        architecture=architecture,
        embedding=file.matrix("token_embd.weight", vocab, hidden),
        layers=tuple(_layer(file, architecture, index, paired=paired) for index in range(architecture.layers)),
        final_norm=file.vector("output_norm.weight", hidden),
        head=None if tied else file.matrix("output.weight", vocab, hidden),
        tokenizer=read_tokenizer(file),
        source=source,
    )


def _architecture(file: GgufFile, context_cap: int, family: str) -> Architecture:
    heads = file.integer(f"{family}.attention.head_count")
    hidden = file.integer(f"{family}.embedding_length")
    if heads <= 0 or hidden % heads or (hidden // heads) % 2:
        raise MalformedGguf(f"a hidden size of {hidden} can't be shared by {heads} heads")
    head_dim = hidden // heads
    for key in ("rope.dimension_count", "attention.key_length", "attention.value_length"):
        if file.has(f"{family}.{key}") and (found := file.integer(f"{family}.{key}")) != head_dim:
            raise MalformedGguf(f"{key} is {found}; only heads of {head_dim} that are rotated whole are known")
    if file.has(f"{family}.rope.scaling.type") and file.text(f"{family}.rope.scaling.type") != "none":
        raise UnknownArchitecture("a scaled rotary embedding isn't known here")
    vocab = len(file.texts("tokenizer.ggml.tokens"))
    kv_heads = file.integer(f"{family}.attention.head_count_kv")
    if kv_heads <= 0 or heads % kv_heads:
        raise MalformedGguf(f"{heads} query heads can't share {kv_heads} key heads")
    return Architecture.model_validate(
        {
            "family": family,
            "layers": file.integer(f"{family}.block_count"),
            "hidden_size": hidden,
            "heads": heads,
            "kv_heads": kv_heads,
            "head_dim": head_dim,
            "ffn_size": file.integer(f"{family}.feed_forward_length"),
            "vocab_size": vocab,
            "context_length": min(context_cap, file.integer(f"{family}.context_length")),
            "rope_theta": file.real(f"{family}.rope.freq_base"),
            "norm_epsilon": file.real(f"{family}.attention.layer_norm_rms_epsilon"),
            "tied_embeddings": "output.weight" not in file.tensor_names,
        }
    )


def _layer(file: GgufFile, architecture: Architecture, index: int, *, paired: bool) -> Layer:
    hidden, ffn, head_dim = architecture.hidden_size, architecture.ffn_size, architecture.head_dim
    heads, kv_heads = architecture.heads, architecture.kv_heads

    def linear(name: str, n: int, k: int) -> Linear:
        bias = f"blk.{index}.{name}.bias"
        weight = file.matrix(f"blk.{index}.{name}.weight", n, k)
        return Linear(weight, file.vector(bias, n) if bias in file.tensor_names else None)

    query, key = linear("attn_q", heads * head_dim, hidden), linear("attn_k", kv_heads * head_dim, hidden)
    if paired:
        query = _reordered(query, rope_row_order(heads, head_dim))
        key = _reordered(key, rope_row_order(kv_heads, head_dim))
    return Layer(
        attention_norm=file.vector(f"blk.{index}.attn_norm.weight", hidden),
        qkv=_fused([query, key, linear("attn_v", kv_heads * head_dim, hidden)]),
        attention_output=linear("attn_output", hidden, heads * head_dim),
        mlp_norm=file.vector(f"blk.{index}.ffn_norm.weight", hidden),
        gate=linear("ffn_gate", ffn, hidden),
        up=linear("ffn_up", ffn, hidden),
        down=linear("ffn_down", hidden, ffn),
    )


def _reordered(linear: Linear, order: Rows) -> Linear:
    return Linear(linear.weight.rows(order), None if linear.bias is None else linear.bias[order])


def _fused(parts: list[Linear]) -> Linear:
    """One map with the outputs of all; a part without a bias has one of zeros beside one that has."""
    weight = stacked([part.weight for part in parts])
    if all(part.bias is None for part in parts):
        return Linear(weight)
    biases = [np.zeros(part.weight.shape[0], np.float32) if part.bias is None else part.bias for part in parts]
    return Linear(weight, np.concatenate(biases))


Family = Callable[[GgufFile, int, Source], ModelDescription]

FAMILIES: dict[str, Family] = {
    "llama": partial(_decoder, family="llama", paired=True),
    "qwen2": partial(_decoder, family="qwen2", paired=False),
}


def import_gguf(file: GgufFile, context_cap: int, source: Source) -> ModelDescription:
    """The model in ``file``, with its context capped at ``context_cap`` tokens.

    Raises UnknownArchitecture, UnknownQuantization, UnknownTokenizer or MalformedGguf.
    """
    family = file.text("general.architecture")
    if family not in FAMILIES:
        raise UnknownArchitecture(f"the architecture {family} isn't known; known are {', '.join(FAMILIES)}")
    try:
        return FAMILIES[family](file, context_cap, source)
    except ValueError as error:  # pydantic's ValidationError is one: sizes out of bounds
        raise MalformedGguf(f"{file.path.name}: {error}") from error
