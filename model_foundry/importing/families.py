"""Reads each model family's tensor names and arrangement inside a GGUF.

One importer a family, in ``FAMILIES``, keyed by ``general.architecture``. Keys and their defaults are
those of the format (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md) and, where it is silent,
of llama.cpp's loader (src/llama-model.cpp, ``load_hparams``). A key or a tensor that isn't known may
change what is computed, so it is refused: a model that is nearly right is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from model_foundry.errors import MalformedGguf, UnknownArchitecture
from model_foundry.importing.gguf_file import GgufFile
from model_foundry.importing.tokenizer import read_tokenizer
from model_foundry.model.description import Layer, Linear, ModelDescription
from model_foundry.model.weights import Float32, Rows, stacked
from orion_py.manifest.architecture import Architecture
from orion_py.manifest.manifest import Source


def rope_row_order(heads: int, head_dim: int) -> Rows:
    """Row order that undoes llama.cpp's permutation of query and key rows.

    For family "llama" its converter stores each head's rows as pairs (0, d/2, 1, d/2 + 1, …) to
    rotate neighbours; the order here puts the halves back (convert_hf_to_gguf.py, ``permute``).
    """
    pairs = np.arange(heads * head_dim).reshape(heads, head_dim // 2, 2)
    return pairs.swapaxes(1, 2).reshape(-1)


ROPE_FACTORS = "rope_freqs.weight"
"""F32 [head_dim / 2]: what each frequency of the rotary embedding is divided by (llama.cpp, ``ggml_rope_ext``)."""

_ROPE_BASE = 10_000.0
MAX_LAYERS = 512

_COMPUTED = frozenset(
    {
        "vocab_size",
        "block_count",
        "context_length",
        "embedding_length",
        "feed_forward_length",
        "attention.head_count",
        "attention.head_count_kv",
        "attention.key_length",
        "attention.value_length",
        "attention.layer_norm_rms_epsilon",
        "attention.sliding_window",
        "rope.dimension_count",
        "rope.freq_base",
        "rope.scaling.type",
        "rope.scaling.factor",
        "rope.scaling.original_context_length",
        "rope.scaling.finetuned",
        "rope.scale_linear",
    }
)
"""Keys below ``<architecture>.`` that are looked at."""

_NEUTRAL: dict[str, tuple[object, ...]] = {
    "tensor_data_layout": ("reference", "Reference"),
    "use_parallel_residual": (False,),
    "attention.causal": (True,),
    "attention.clamp_kqv": (0.0,),
    "attention.max_alibi_bias": (0.0,),
    "attention.scale": (0.0,),
    "attn_logit_softcapping": (0.0,),
    "final_logit_softcapping": (0.0,),
    "expert_count": (0,),
    "expert_used_count": (0,),
    "logit_scale": (0.0, 1.0),
    "residual_scale": (0.0, 1.0),
    "embedding_scale": (0.0, 1.0),
    "pooling_type": (0,),
}
"""Keys that may have these values, which change nothing."""


def _decoder(
    file: GgufFile,
    context_cap: int,
    source: Source,
    *,
    family: str,
    paired: bool,
    head_norms: bool = False,
    no_rope_interval: int = 0,
) -> ModelDescription:
    """A pre-norm decoder with gated MLPs. ``paired``: its rotary embedding turns neighbours in the file;
    ``no_rope_interval``: every so many layers one isn't rotated, which no key says."""
    _refuse_unknown_keys(file, family)
    layers = file.integer(f"{family}.block_count")
    if not 0 < layers <= MAX_LAYERS:
        raise MalformedGguf(f"{family}.block_count is {layers}; up to {MAX_LAYERS} are known")
    unrotated = range(no_rope_interval - 1, layers, no_rope_interval) if no_rope_interval else ()
    more: dict[str, object] = {"layers": layers, "head_norms": head_norms, "unrotated": tuple(unrotated) or None}
    architecture = _architecture(file, context_cap, family, more)
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


def _refuse_unknown_keys(file: GgufFile, family: str) -> None:
    prefix = f"{family}."
    for key in sorted(key for key in file.keys if key.startswith(prefix)):
        name = key.removeprefix(prefix)
        if name in _NEUTRAL:
            if file.scalar(key) not in _NEUTRAL[name]:
                raise UnknownArchitecture(f"{key} is {str(file.scalar(key))[:40]}, which the decoder here can't do")
        elif name not in _COMPUTED:
            raise UnknownArchitecture(f"{key[:80]} isn't known here, and may change what the model computes")


def _architecture(file: GgufFile, context_cap: int, family: str, more: dict[str, object]) -> Architecture:
    heads = file.integer(f"{family}.attention.head_count")
    hidden = file.integer(f"{family}.embedding_length")
    free = file.has(f"{family}.attention.key_length")
    if heads <= 0 or (hidden % heads and not free):
        raise MalformedGguf(f"a hidden size of {hidden} can't be shared by {heads} heads")
    head_dim = file.integer(f"{family}.attention.key_length", hidden // heads)
    if head_dim <= 0 or head_dim % 2:
        raise MalformedGguf(f"heads of {head_dim} numbers can't be rotated in halves")
    for key in ("rope.dimension_count", "attention.value_length"):
        if (found := file.integer(f"{family}.{key}", head_dim)) != head_dim:
            raise MalformedGguf(f"{key} is {found}; only heads of {head_dim} that are rotated whole are known")
    _refuse_scaling(file, family)
    vocab = len(file.texts("tokenizer.ggml.tokens"))
    kv_heads = file.integer(f"{family}.attention.head_count_kv", heads)
    if kv_heads <= 0 or heads % kv_heads:
        raise MalformedGguf(f"{heads} query heads can't share {kv_heads} key heads")
    context = min(context_cap, file.integer(f"{family}.context_length"))
    window = file.integer(f"{family}.attention.sliding_window", 0)
    if 0 < window < context:
        raise UnknownArchitecture(
            f"the sliding window of {window} tokens is smaller than the context of {context}, and windows "
            f"aren't known here: take it with a context of {window} or less (--context {window})"
        )
    return Architecture.model_validate(
        {
            "family": family,
            "hidden_size": hidden,
            "heads": heads,
            "kv_heads": kv_heads,
            "head_dim": head_dim,
            "ffn_size": file.integer(f"{family}.feed_forward_length"),
            "vocab_size": vocab,
            "context_length": context,
            "rope_theta": file.real(f"{family}.rope.freq_base", _ROPE_BASE),
            "norm_epsilon": file.real(f"{family}.attention.layer_norm_rms_epsilon"),
            "tied_embeddings": "output.weight" not in file.tensor_names,
            "rope_factors": _rope_factors(file, family, head_dim // 2),
            **more,
        }
    )


def _refuse_scaling(file: GgufFile, family: str) -> None:
    """A rotary embedding that keys scale is refused; one that ``ROPE_FACTORS`` scales is supported.

    llama.cpp takes a scaling without a type for a linear one, and an older key for its factor.
    """
    factor = file.real(f"{family}.rope.scaling.factor", 0.0) or file.real(f"{family}.rope.scale_linear", 0.0)
    kind = file.text(f"{family}.rope.scaling.type", "linear")
    if kind != "none" and (kind != "linear" or factor not in (0.0, 1.0)):
        raise UnknownArchitecture(f"a rotary embedding that is scaled ({kind[:40]}, by {factor:g}) isn't known here")


def _rope_factors(file: GgufFile, family: str, pairs: int) -> tuple[float, ...] | None:
    if family != "llama" or ROPE_FACTORS not in file.tensor_names:
        return None
    factors = file.vector(ROPE_FACTORS, pairs)
    if not np.isfinite(factors).all() or (factors <= 0).any():
        raise MalformedGguf(f"tensor {ROPE_FACTORS} has to hold positive numbers")
    return None if (factors == 1).all() else tuple(float(factor) for factor in factors)


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

    def head_norm(name: str) -> Float32 | None:
        return file.vector(f"blk.{index}.{name}.weight", head_dim) if architecture.head_norms else None

    return Layer(
        attention_norm=file.vector(f"blk.{index}.attn_norm.weight", hidden),
        qkv=_fused([query, key, linear("attn_v", kv_heads * head_dim, hidden)]),
        attention_output=linear("attn_output", hidden, heads * head_dim),
        mlp_norm=file.vector(f"blk.{index}.ffn_norm.weight", hidden),
        gate=linear("ffn_gate", ffn, hidden),
        up=linear("ffn_up", ffn, hidden),
        down=linear("ffn_down", hidden, ffn),
        query_norm=head_norm("attn_q_norm"),
        key_norm=head_norm("attn_k_norm"),
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
    "qwen3": partial(_decoder, family="qwen3", paired=False, head_norms=True),
    "smollm3": partial(_decoder, family="smollm3", paired=True, no_rope_interval=4),
}


def import_gguf(file: GgufFile, context_cap: int, source: Source) -> ModelDescription:
    """The model in ``file``, with its context capped at ``context_cap`` tokens.

    Raises UnknownArchitecture, UnknownQuantization, UnknownTokenizer or MalformedGguf.
    """
    kind = file.text("general.type", "model")
    if kind != "model":
        raise UnknownArchitecture(f"{file.path.name} holds a {kind[:40]}, not a model")
    family = file.text("general.architecture")
    if family not in FAMILIES:
        raise UnknownArchitecture(f"the architecture {family} isn't known; known are {', '.join(FAMILIES)}")
    try:
        model = FAMILIES[family](file, context_cap, source)
    except ValueError as error:  # pydantic's ValidationError is one: sizes out of bounds
        raise MalformedGguf(f"{file.path.name}: {error}") from error
    others = sorted(file.unread)
    if others:
        raise UnknownArchitecture(
            f"tensor {others[0][:80]!r} has no place in a {family} decoder (unknown tensors: {len(others)}), and "
            "without it the model would compute something else"
        )
    return model
