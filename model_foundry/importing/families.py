"""How each model family names and arranges its tensors inside a GGUF.

One importer a family, in ``FAMILIES``, keyed by ``general.architecture``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from model_foundry.description import Layer, Linear, ModelDescription
from model_foundry.errors import MalformedGguf, UnknownArchitecture
from model_foundry.importing.gguf_file import GgufFile
from model_foundry.importing.tokenizer import read_tokenizer
from model_foundry.weights import Matrix, Rows, stacked
from orion_py.loading.manifest import Architecture, Source


def rope_row_order(heads: int, head_dim: int) -> Rows:
    """Row order that undoes llama.cpp's permutation of query and key rows.

    For family "llama" its converter stores each head's rows as pairs (0, d/2, 1, d/2 + 1, …) to
    rotate neighbours; the order here puts the halves back (convert_hf_to_gguf.py, ``permute``).
    """
    pairs = np.arange(heads * head_dim).reshape(heads, head_dim // 2, 2)
    return pairs.swapaxes(1, 2).reshape(-1)


def _llama(file: GgufFile, context_cap: int, source: Source) -> ModelDescription:
    architecture = _llama_architecture(file, context_cap)
    hidden, vocab = architecture.hidden_size, architecture.vocab_size
    tied = architecture.tied_embeddings
    return ModelDescription(
        architecture=architecture,
        embedding=file.matrix("token_embd.weight", vocab, hidden),
        layers=tuple(_llama_layer(file, architecture, index) for index in range(architecture.layers)),
        final_norm=file.vector("output_norm.weight", hidden),
        head=None if tied else file.matrix("output.weight", vocab, hidden),
        tokenizer=read_tokenizer(file),
        source=source,
    )


def _llama_architecture(file: GgufFile, context_cap: int) -> Architecture:
    heads = file.integer("llama.attention.head_count")
    hidden = file.integer("llama.embedding_length")
    if heads <= 0 or hidden % heads or (hidden // heads) % 2:
        raise MalformedGguf(f"a hidden size of {hidden} can't be shared by {heads} heads")
    head_dim = hidden // heads
    rotated = file.integer("llama.rope.dimension_count")
    if rotated != head_dim:
        raise MalformedGguf(f"{rotated} of {head_dim} dimensions are rotated; only a full rotation is known")
    if file.has("llama.rope.scaling.type") and file.text("llama.rope.scaling.type") != "none":
        raise UnknownArchitecture("a scaled rotary embedding isn't known here")
    vocab = len(file.texts("tokenizer.ggml.tokens"))
    kv_heads = file.integer("llama.attention.head_count_kv")
    if kv_heads <= 0 or heads % kv_heads:
        raise MalformedGguf(f"{heads} query heads can't share {kv_heads} key heads")
    return Architecture(
        family="llama",
        layers=file.integer("llama.block_count"),
        hidden_size=hidden,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        ffn_size=file.integer("llama.feed_forward_length"),
        vocab_size=vocab,
        context_length=min(context_cap, file.integer("llama.context_length")),
        rope_theta=file.real("llama.rope.freq_base"),
        norm_epsilon=file.real("llama.attention.layer_norm_rms_epsilon"),
        tied_embeddings="output.weight" not in file.tensor_names,
    )


def _llama_layer(file: GgufFile, architecture: Architecture, index: int) -> Layer:
    hidden, ffn, head_dim = architecture.hidden_size, architecture.ffn_size, architecture.head_dim
    heads, kv_heads = architecture.heads, architecture.kv_heads

    def weight(name: str, n: int, k: int) -> Matrix:
        return file.matrix(f"blk.{index}.{name}.weight", n, k)

    query = weight("attn_q", heads * head_dim, hidden).rows(rope_row_order(heads, head_dim))
    key = weight("attn_k", kv_heads * head_dim, hidden).rows(rope_row_order(kv_heads, head_dim))
    value = weight("attn_v", kv_heads * head_dim, hidden)
    return Layer(
        attention_norm=file.vector(f"blk.{index}.attn_norm.weight", hidden),
        qkv=Linear(stacked([query, key, value])),
        attention_output=Linear(weight("attn_output", hidden, heads * head_dim)),
        mlp_norm=file.vector(f"blk.{index}.ffn_norm.weight", hidden),
        gate=Linear(weight("ffn_gate", ffn, hidden)),
        up=Linear(weight("ffn_up", ffn, hidden)),
        down=Linear(weight("ffn_down", hidden, ffn)),
    )


Family = Callable[[GgufFile, int, Source], ModelDescription]

FAMILIES: dict[str, Family] = {"llama": _llama}


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
