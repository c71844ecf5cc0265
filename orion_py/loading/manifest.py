"""The manifest of one model version: what its shards are and how sessions use them.

A manifest is data from outside. It is parsed strictly (unknown keys are errors), every size is
bounded before anything is allocated, and a shard of ours has no path at all: its address is its
sha256, so nothing in a manifest can climb out of the models' folder. A folder of another layout
(``hub_folder``) becomes a manifest too; its shards have a ``path`` of plain names below that folder.

Layout on a server, relative to the folder of the manifest's model::

    <model>/manifest.json
    shards/<sha256>            (beside <model>/, shared by all models)

Weight shards are safetensors files (https://huggingface.co/docs/safetensors): 8 bytes of
little-endian header length, a JSON header, then the tensors. Graph shards are ONNX files whose
external data names a *location*: either ``<sha256>`` of a weight shard, with offset and length
pointing straight into that file, or ``<sha256>.int8`` or ``<sha256>.wide``, the expansion or the
widening of that shard (see ``Expansion`` and ``Widening``), which the loader computes once after
verification.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from orion_py.errors import InvalidManifest
from orion_py.faults import first_fault
from orion_py.lenient import Place, Skipped, read_leniently

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$")]
RelativeFile = Annotated[
    str, Field(pattern=r"^(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,99}/){0,3}[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$")
]
"""A file below a folder. No component starts with a dot, so it can't climb."""
MAX_SHARD_BYTES = 2**31 - 1
"""One ArrayBuffer and one WASM heap copy have to hold a shard."""

WIDTHS = (2, 3, 4, 5, 6, 8)
"""Bits that a stored weight may have."""

FLOATS = "weight"
"""A matrix ``s`` that isn't in blocks is the tensor ``s.weight``, F16 or F32 [n, k]."""

DTYPE_BYTES = {"U8": 1, "I8": 1, "F16": 2, "BF16": 2, "F32": 4, "I32": 4, "I64": 8}


def bits_of(source: str, names: Container[str]) -> int | None:
    """The bits with which the matrix ``source`` is stored among tensors of these names, if it is."""
    return next((bits for bits in WIDTHS if f"{source}.q{bits}" in names), None)


def is_stored(source: str, names: Container[str], blocks: bool) -> bool:
    """Whether the matrix ``source`` is among tensors of these names, in blocks or, unless these are
    asked for, as floats."""
    in_blocks = bits_of(source, names) is not None and f"{source}.scale" in names
    return in_blocks or (not blocks and f"{source}.{FLOATS}" in names)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)  # until one is read


def _is_wide(value: object) -> bool:
    return value == 16


def _is_none(value: object) -> bool:
    return value is None


def _is_false(value: object) -> bool:
    return value is False


def _is_empty(value: tuple[object, ...]) -> bool:
    return not value


class Tensor(_Strict):
    """One tensor inside a weight shard. ``offset`` counts from the start of the file, in bytes."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    dtype: Literal["U8", "I8", "F16", "BF16", "F32", "I32", "I64"]
    shape: Annotated[tuple[Annotated[int, Field(ge=0, le=2**31)], ...], Field(max_length=8)]
    offset: Annotated[int, Field(ge=8, le=MAX_SHARD_BYTES)]
    length: Annotated[int, Field(ge=0, le=MAX_SHARD_BYTES)]

    @model_validator(mode="after")
    def _length_is_the_shape(self) -> Self:
        count = 1
        for extent in self.shape:
            count *= extent
        if count * DTYPE_BYTES[self.dtype] != self.length:
            raise ValueError(f"tensor {self.name}: {self.length} bytes don't hold {self.dtype}{list(self.shape)}")
        return self


class Shard(_Strict):
    """A file, addressed by its content. Lower ``priority`` is fetched first."""

    sha256: Sha256
    size: Annotated[int, Field(gt=0, le=MAX_SHARD_BYTES)]
    role: Literal["graph", "embedding", "layers", "head", "tokenizer", "weights"]
    priority: Annotated[int, Field(ge=0, le=1000)] = 100
    layers: tuple[int, int] | None = None
    """First and one past the last layer whose weights are here, for ``role`` "layers"."""
    tensors: tuple[Tensor, ...] = ()
    path: Annotated[RelativeFile | None, Field(exclude_if=_is_none)] = None
    """Where it lies in a folder of another layout; None: ``shards/<sha256>``. Graphs find its external
    data under its last part."""

    @model_validator(mode="after")
    def _tensors_lie_inside(self) -> Self:
        end = 0
        for tensor in sorted(self.tensors, key=lambda t: t.offset):
            if tensor.offset < end:
                raise ValueError(f"shard {self.sha256[:12]}: tensor {tensor.name} overlaps another")
            end = tensor.offset + tensor.length
            if end > self.size:
                raise ValueError(f"shard {self.sha256[:12]}: tensor {tensor.name} ends past the file")
        return self


def location_of(shard: Shard) -> str:
    """What a graph's external data calls this shard."""
    return shard.path.rpartition("/")[2] if shard.path else shard.sha256


class ExpandedWeight(_Strict):
    """One linear layer as int8 per output channel, made from the stored blocks of 32 or floats.

    ``source`` names the stored tensors ``<source>.q{b}`` with b bits a weight, b one of 2, 3, 4, 5,
    6 and 8 (U8 [n, k/32, 4b], each block a bit stream: orion_py/runtime/bit_stream.py),
    ``<source>.scale`` (F16 [n, k/32]) and, where the weights are affine, ``<source>.min`` (the same).
    Where larger blocks share a scale, both are [n, k/64] or [n, k/128]. Or it names ``<source>.weight``,
    F16 or F32 [n, k], whose numbers are w[i, j] themselves.
    The expansion writes, at the given byte offsets of the expanded file (all else there is 0):
    ``weight`` I8 [k, n] (transposed), ``scale`` F32 [n] and ``sum`` F32 [n]. In float32, with f()
    rounding to it (Math.fround):

        w[i, j]     = f(f(q * s) + m), or f((q - 2^(b-1)) * s)   s, m: the block's scale and min
        scale[i]    = f(max over j of |w[i, j]| / 127), or 1 where that max is below 2^-119
        c[i, j]     = floor(x + 1/2) with x = f(w[i, j] / scale[i]), not rounding x + 1/2 (Math.round)
        weight[j,i] = c[i, j]
        sum[i]      = f(sum over j of c[i, j], times scale[i]), the sum an integer, the product in double

    Below 2^-119 the scale would be subnormal, and c too large; blocks hold 0 or at least 2^-24. In a block
    w grows with q, so that the row's maximum lies at the block's least or greatest q.
    ``orion_py.runtime.expansion`` is the reference; the browser's has to agree bit for bit.
    """

    source: Annotated[str, Field(min_length=1, max_length=200)]
    k: Annotated[int, Field(gt=0, le=2**20)]
    """A multiple of 32 where the matrix is in blocks."""
    n: Annotated[int, Field(gt=0, le=2**20)]
    weight_offset: Annotated[int, Field(ge=0, le=MAX_SHARD_BYTES)]
    scale_offset: Annotated[int, Field(ge=0, le=MAX_SHARD_BYTES)]
    sum_offset: Annotated[int, Field(ge=0, le=MAX_SHARD_BYTES)]


class Expansion(_Strict):
    """The expanded form of one weight shard; external data finds it at ``<shard>.int8``."""

    shard: Sha256
    size: Annotated[int, Field(gt=0, le=MAX_SHARD_BYTES)]
    weights: Annotated[tuple[ExpandedWeight, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _outputs_lie_inside(self) -> Self:
        for weight in self.weights:
            spans = (
                (weight.weight_offset, weight.k * weight.n),
                (weight.scale_offset, weight.n * 4),
                (weight.sum_offset, weight.n * 4),
            )
            if any(offset + length > self.size for offset, length in spans):
                raise ValueError(f"expansion of {weight.source} ends past its {self.size} bytes")
        return self


class WidenedWeight(_Strict):
    """A matrix's weights with more bits: the same numbers, in a width that kernels read.

    ``source`` is stored as for ``ExpandedWeight``, with b bits. The widening writes U8 [n, k/32, 4
    bits] at ``offset``, bit streams again: q where it is affine, else q - 2^(b-1) + 2^(bits-1). Scale
    and min stay where they are.
    """

    source: Annotated[str, Field(min_length=1, max_length=200)]
    k: Annotated[int, Field(gt=0, le=2**20, multiple_of=32)]
    n: Annotated[int, Field(gt=0, le=2**20)]
    bits: Literal[4, 8]
    offset: Annotated[int, Field(ge=0, le=MAX_SHARD_BYTES)]


class Widening(_Strict):
    """A weight shard's matrices that no kernel reads as they are; external data finds it at
    ``<shard>.wide``. What lies between the matrices is 0."""

    shard: Sha256
    size: Annotated[int, Field(gt=0, le=MAX_SHARD_BYTES)]
    weights: Annotated[tuple[WidenedWeight, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _outputs_lie_inside(self) -> Self:
        for weight in self.weights:
            if weight.offset + weight.k * weight.n * weight.bits // 8 > self.size:
                raise ValueError(f"widening of {weight.source} ends past its {self.size} bytes")
        return self


def _is_zero(value: object) -> bool:
    return value == 0


def _is_ours(value: str) -> bool:
    return value == "orion"


class Stage(_Strict):
    """Consecutive layers of a session as a graph of their own, which can run as soon as ``shards`` are here.

    Its inputs and outputs are those of the session that its layers need, and what the layers before hand
    on: ``stream.{i}`` and ``update.{i}`` F32 [1, s, hidden], the residual stream before layer i and what
    is yet to be added to it. The first stage looks the tokens up, the last one gives the logits.
    """

    graph: Sha256
    shards: Annotated[tuple[Sha256, ...], Field(min_length=1, max_length=256)]
    """The weight shards that the graph's external data lies in, as they are or expanded."""


class SessionSpec(_Strict):
    """One ONNX session.

    ``io`` "orion": our own graphs. Inputs: ``input_ids`` I64 [1, s]; ``seqlens_k`` I32 [1] (total - 1);
    ``total_length`` I32 []; ``past.{i}.key`` and ``past.{i}.value`` F32 [1, kv_heads, p, head_dim].
    Outputs: ``logits`` F32 [1, 1, vocab] of the last token only; ``present.{i}.key|value``.

    ``kv`` "grow": present is past with the new rows appended, a new tensor. ``kv`` "inplace":
    past and present are one preallocated buffer [1, kv_heads, capacity, head_dim].

    ``verifies`` n above 0, with kv "grow": it can also run 1 to n tokens in place, each row of logits
    and of the cache bit for bit what the variant's decode session computes one token at a time. It has
    the input ``first_logits`` I64 [1] besides, the first token whose logits are wanted (s - 1 for the
    last alone): ``logits`` is F32 [1, s - first_logits, vocab]. In place, the past is a buffer whose
    capacity is at least the total, and so is each present, ``present.{i}.key|value`` and
    ``present.{i}.key|value.{r}`` for r in 0 to n - 2. Not written where it is 0.

    ``io`` "optimum": as Optimum exports a decoder and transformers.js runs it; ``kv`` is "grow".
    Inputs: ``input_ids`` I64 [1, s]; where the graph has them ``attention_mask`` I64 [1, total],
    ``position_ids`` I64 [1, s] and ``num_logits_to_keep`` I64 []; ``past_key_values.{i}.key|value`` as
    ours. Outputs: ``logits`` F32 [1, s, vocab]; ``present.{i}.key|value``. ``io`` isn't
    written where it is ours: manifests from before it existed stay what they were.

    ``stages``, with kv "grow": the session is these, one after the other, to the bit what one graph would
    compute, so that the first layers can be readied and run while the shards of the last still arrive.
    ``graph`` is the first one's. Not written where there are none.
    """

    graph: Sha256
    kv: Literal["grow", "inplace"]
    stages: Annotated[tuple[Stage, ...], Field(max_length=16, exclude_if=_is_empty)] = ()
    verifies: Annotated[int, Field(ge=0, le=64, exclude_if=_is_zero)] = 0
    io: Annotated[Literal["orion", "optimum"], Field(exclude_if=_is_ours)] = "orion"

    @model_validator(mode="after")
    def _growing_verifies(self) -> Self:
        if self.verifies == 1 or (self.verifies and (self.kv != "grow" or self.io != "orion")):
            raise ValueError("only our own session with kv grow verifies, and at least 2 tokens")
        return self

    @model_validator(mode="after")
    def _stages_are_several(self) -> Self:
        graphs = [stage.graph for stage in self.stages]
        if not graphs:
            return self
        if self.kv != "grow" or self.io != "orion":
            raise ValueError("only our own session with kv grow has stages")
        if len(set(graphs)) != len(graphs) or len(graphs) == 1 or graphs[0] != self.graph:
            raise ValueError("stages are at least two graphs that differ, and graph is the first of them")
        return self

    @property
    def graphs(self) -> tuple[str, ...]:
        """The sha256 of every graph, in the order in which they run."""
        return tuple(stage.graph for stage in self.stages) or (self.graph,)


Engine = Literal["onnxruntime", "kernel"]
"""What runs a variant: onnxruntime its graphs, our own kernel the weights as they are stored."""

KERNEL_VERIFIES = 8
"""Drafted tokens that our kernel checks at once."""


def _is_onnxruntime(value: str) -> bool:
    return value == "onnxruntime"


class Variant(_Strict):
    """One way to run the model. ``tolerance_kl`` bounds KL(golden || measured), in nats.

    ``engine`` "onnxruntime": two sessions over graph shards, ``prefill`` and ``decode``. ``engine`` "kernel":
    neither; what the kernel does is told by the architecture and the tensors' names
    (``runtime.kernel_variant`` says which it takes). ``engine`` isn't written where it is onnxruntime:
    manifests from before it existed stay what they were.
    """

    id: Identifier
    engine: Annotated[Engine, Field(exclude_if=_is_onnxruntime)] = "onnxruntime"
    backend: Literal["wasm", "webgpu"]
    plain: Annotated[bool, Field(exclude_if=_is_false)] = False
    """For the kernel: its build without relaxed SIMD, wherever it runs."""
    exact: bool
    """Computes with the source's own weights: no loss beside rounding."""
    prefill: Annotated[SessionSpec | None, Field(exclude_if=_is_none)] = None
    """Its ``verifies`` says how many drafted tokens a step can check, if any."""
    decode: Annotated[SessionSpec | None, Field(exclude_if=_is_none)] = None
    expansions: tuple[Expansion, ...] = ()
    widenings: tuple[Widening, ...] = ()
    tolerance_kl: Annotated[float, Field(gt=0, le=1)]
    cache_bits: Annotated[Literal[16, 8], Field(exclude_if=_is_wide)] = 16
    """Of a number in the kernel's cache of keys and values; onnxruntime's is float32."""

    @model_validator(mode="after")
    def _has_what_its_engine_runs(self) -> Self:
        if self.engine == "kernel":
            if self.prefill or self.decode or self.expansions or self.widenings or self.backend != "wasm":
                raise ValueError(f"variant {self.id}: the kernel runs on wasm, on the weights as they are stored")
        elif self.prefill is None or self.decode is None:
            raise ValueError(f"variant {self.id}: onnxruntime needs prefill and decode")
        elif self.cache_bits != 16:
            raise ValueError(f"variant {self.id}: the kernel alone has a cache of {self.cache_bits} bits")
        elif self.plain:
            raise ValueError(f"variant {self.id}: only the kernel has a build of plain SIMD")
        return self

    @model_validator(mode="after")
    def _decode_steps_in_place(self) -> Self:
        prefill, decode = self.prefill, self.decode
        if prefill and decode and (decode.verifies or (prefill.verifies and decode.kv != "inplace")):
            raise ValueError(f"variant {self.id}: what verifies is the prefill, beside decoding in place")
        return self

    @property
    def sessions(self) -> tuple[SessionSpec, ...]:
        """The prefill's and the decode's; none for the kernel."""
        return tuple(session for session in (self.prefill, self.decode) if session is not None)

    @property
    def graphs(self) -> frozenset[str]:
        """The sha256 of every graph that it runs."""
        return frozenset(graph for session in self.sessions for graph in session.graphs)

    @property
    def verifies(self) -> int:
        """Drafted tokens that a step can check; 0 where it can't."""
        if self.engine == "kernel":
            return KERNEL_VERIFIES
        return 0 if self.prefill is None else self.prefill.verifies


class Golden(_Strict):
    """An input with what the reference implementation answers.

    ``top``: the 64 highest logits after ``tokens``, as (id, logit), highest first. A backend is
    compared on the softmax over these ids alone. ``continuation``: greedy tokens that follow, and
    ``margins``: top-1 minus top-2 logit at each of them (a small margin is a near tie).
    """

    name: Identifier
    tokens: Annotated[tuple[int, ...], Field(min_length=1, max_length=512)]
    top: Annotated[tuple[tuple[int, float], ...], Field(min_length=2, max_length=64)]
    continuation: tuple[int, ...] = ()
    margins: tuple[float, ...] = ()


class RopeScaling(_Strict):
    """Llama 3.1's stretching of the rotary embedding for contexts longer than ``original_context``.

    With f an angle per position and w = 2 pi / f its wavelength, in tokens: f stays where
    w < original_context / high_frequency_factor, becomes f / factor where
    w > original_context / low_frequency_factor, and is between the two in between, by how often
    the wave turns in the original context (transformers, ``_compute_llama3_parameters``).
    """

    kind: Literal["llama3"]
    factor: Annotated[float, Field(ge=1, le=1024)]
    low_frequency_factor: Annotated[float, Field(gt=0, le=1024)]
    high_frequency_factor: Annotated[float, Field(gt=0, le=1024)]
    original_context: Annotated[int, Field(gt=0, le=2**20)]

    @model_validator(mode="after")
    def _has_a_band_between(self) -> Self:
        if self.high_frequency_factor <= self.low_frequency_factor:
            raise ValueError("high_frequency_factor has to be greater than low_frequency_factor")
        return self


def _is_silu(value: str) -> bool:
    return value == "silu"


class Architecture(_Strict):
    """``activation`` and ``rope_scaling`` aren't written where they are Llama's: manifests from
    before they existed stay what they were, byte for byte."""

    family: Literal["llama", "qwen2", "mistral", "gemma"]
    layers: Annotated[int, Field(gt=0, le=512)]
    hidden_size: Annotated[int, Field(gt=0, le=2**16)]
    heads: Annotated[int, Field(gt=0, le=512)]
    kv_heads: Annotated[int, Field(gt=0, le=512)]
    head_dim: Annotated[int, Field(gt=0, le=1024)]
    ffn_size: Annotated[int, Field(gt=0, le=2**18)]
    vocab_size: Annotated[int, Field(gt=0, le=2**20)]
    context_length: Annotated[int, Field(gt=0, le=2**20)]
    rope_theta: Annotated[float, Field(gt=0)]
    norm_epsilon: Annotated[float, Field(gt=0, lt=1)]
    tied_embeddings: bool
    activation: Annotated[Literal["silu", "gelu_tanh"], Field(exclude_if=_is_silu)] = "silu"
    """Of the MLP's gate. ``gelu_tanh`` is GELU by its tanh formula (https://arxiv.org/abs/1606.08415)."""
    rope_scaling: Annotated[RopeScaling | None, Field(exclude_if=_is_none)] = None
    rope_factors: Annotated[
        tuple[Annotated[float, Field(gt=0, le=1e9)], ...] | None,
        Field(min_length=1, max_length=512, exclude_if=_is_none),
    ] = None
    """What each of the head_dim / 2 frequencies is divided by, where a GGUF says so itself
    (``rope_freqs.weight``). Not beside ``rope_scaling``; not written where there are none."""

    @model_validator(mode="after")
    def _one_factor_a_frequency(self) -> Self:
        if self.rope_factors is not None and (self.rope_scaling or 2 * len(self.rope_factors) != self.head_dim):
            raise ValueError(f"rope_factors have to be {self.head_dim // 2} numbers, and the only scaling")
        return self


class Source(_Strict):
    """Where the weights came from: enough to fetch and check the very same file."""

    name: str
    file: str
    sha256: Sha256
    revision: str
    url: str = ""


class ChatFormat(_Strict):
    """What our tokenizer shards hold beside the tokenizer, for a tokenizer.json that comes alone."""

    chat_template: Annotated[str, Field(min_length=1, max_length=100_000)]
    bos_token: Annotated[str, Field(max_length=200)]
    eos_token: Annotated[str, Field(max_length=200)]


class Recipe(_Strict):
    name: str
    tool: str
    options: dict[str, str | int | float | bool] = {}


class Manifest(_Strict):
    format: Literal[1]
    model: Identifier
    version: Identifier
    licence: Annotated[str, Field(min_length=1, max_length=80)]
    source: Source
    recipe: Recipe
    seed: int
    architecture: Architecture
    eos_tokens: Annotated[tuple[int, ...], Field(min_length=1, max_length=16)]
    tokenizer: Sha256
    """A shard of role "tokenizer": JSON {"tokenizer": <tokenizer.json>, "chat_template": str,
    "bos_token": str, "eos_token": str}."""
    shards: Annotated[tuple[Shard, ...], Field(min_length=1, max_length=256)]
    variants: Annotated[tuple[Variant, ...], Field(min_length=1, max_length=16)]
    golden: tuple[Golden, ...]
    chat: Annotated[ChatFormat | None, Field(exclude_if=_is_none)] = None
    """Where it stands the tokenizer shard is a bare tokenizer.json."""
    stop_strings: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(max_length=16, exclude_if=_is_empty)
    ] = ()

    @model_validator(mode="after")
    def _everything_named_exists(self) -> Self:
        roles = {shard.sha256: shard for shard in self.shards}
        if len(roles) != len(self.shards):
            raise ValueError("two shards have one sha256")
        if self.tokenizer not in roles or roles[self.tokenizer].role != "tokenizer":
            raise ValueError("tokenizer isn't the sha256 of a shard of that role")
        sessions = [session for variant in self.variants for session in variant.sessions]
        foreign = bool(sessions) and all(session.io == "optimum" for session in sessions)
        for index, shard in enumerate(self.shards):
            if shard.path is not None and not foreign:
                raise ValueError(f"shards.{index}.path: our own shards are found by their hash alone")
        for variant in self.variants:
            for session in variant.sessions:
                for graph in session.graphs:
                    if graph not in roles or roles[graph].role != "graph":
                        raise ValueError(f"variant {variant.id}: graph {graph[:12]} isn't a graph shard")
                for named in (sha256 for stage in session.stages for sha256 in stage.shards):
                    if named not in roles or roles[named].role in ("graph", "tokenizer"):
                        raise ValueError(f"variant {variant.id}: shard {named[:12]} of a stage holds no weights")
            made_files: list[Expansion | Widening] = [*variant.expansions, *variant.widenings]
            for made in made_files:
                if made.shard not in roles:
                    raise ValueError(f"variant {variant.id}: expansion of an unknown shard")
                names = {tensor.name for tensor in roles[made.shard].tensors}
                for weight in made.weights:
                    if not is_stored(weight.source, names, blocks=isinstance(made, Widening)):
                        raise ValueError(f"variant {variant.id}: tensor {weight.source} is missing")
        return self

    def shard(self, sha256: str) -> Shard:
        """The shard with that hash. Raises KeyError."""
        for shard in self.shards:
            if shard.sha256 == sha256:
                return shard
        raise KeyError(sha256)

    def variant(self, variant_id: str) -> Variant:
        """The variant of that id. Raises KeyError."""
        for variant in self.variants:
            if variant.id == variant_id:
                return variant
        raise KeyError(variant_id)

    def shards_for(self, variant: Variant) -> tuple[Shard, ...]:
        """What ``variant`` needs, in the order to fetch it: its graphs, tokenizer and all weights."""
        graphs = variant.graphs
        needed = [s for s in self.shards if s.role != "graph" or s.sha256 in graphs]
        return tuple(sorted(needed, key=lambda s: s.priority))


def read_manifest(text: str | bytes, note: Callable[[str], None] = lambda what: None) -> Manifest:
    """As ``parse_manifest``, of one that a newer foundry may have written: unknown fields are ignored, and a
    variant with a value that isn't known, or of a shard with an unknown role, is skipped; ``note`` is told each.

    Raises InvalidManifest; a newer ``format`` is one too.
    """
    try:
        return read_leniently(Manifest, text, _entry_of, note, _without_variants_of)
    except ValidationError as error:
        raise _invalid(error) from error


def _entry_of(place: Place) -> Place | None:
    """A shard is skipped for its role alone: with tensors of an unknown form it may be one that others need."""
    if place[0] == "variants" and len(place) > 2:
        return place[:2]
    return place[:2] if place[0] == "shards" and place[2:] == ("role",) else None


def _without_variants_of(data: dict[str, Any], skipped: Skipped) -> None:
    gone = {shard["sha256"] for shard in skipped.get("shards", ()) if "sha256" in shard}
    if gone and isinstance(data.get("variants"), list):
        data["variants"] = [v for v in data["variants"] if not any(sha256 in json.dumps(v) for sha256 in gone)]


def parse_manifest(text: str | bytes) -> Manifest:
    """A manifest from JSON text. Raises InvalidManifest, which names the path and the fault."""
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        raise _invalid(error) from error


def _invalid(error: ValidationError) -> InvalidManifest:
    path, fault = first_fault(error)
    return InvalidManifest(f"manifest: {path or '(top)'}: {fault}", path=path or "(top)")
