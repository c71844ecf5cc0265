"""Describes the ways to run a model: its sessions, and what computes them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from orion_py.manifest.derived import Expansion, Widening
from orion_py.manifest.fields import Identifier, Sha256, Strict, is_empty, is_none


def _is_zero(value: object) -> bool:
    return value == 0


def _is_ours(value: str) -> bool:
    return value == "orion"


class Stage(Strict):
    """Consecutive layers of a session as a graph of their own, which can run as soon as ``shards`` are here.

    Its inputs and outputs are those of the session that its layers need, and what the layers before hand
    on: ``stream.{i}`` and ``update.{i}`` F32 [1, s, hidden], the residual stream before layer i and what
    is yet to be added to it. The first stage looks the tokens up, the last one gives the logits.
    """

    graph: Sha256
    shards: Annotated[tuple[Sha256, ...], Field(min_length=1, max_length=256)]
    """The weight shards that the graph's external data lies in, as they are or expanded."""


class SessionSpec(Strict):
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
    stages: Annotated[tuple[Stage, ...], Field(max_length=16, exclude_if=is_empty)] = ()
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

KERNEL_DRAFT_TOKENS = 8
"""Drafted tokens that our kernel checks at once."""


def _is_onnxruntime(value: str) -> bool:
    return value == "onnxruntime"


def _is_wide(value: object) -> bool:
    return value == 16


def _is_false(value: object) -> bool:
    return value is False


class Variant(Strict):
    """One way to run the model. ``tolerance_kl`` bounds KL(golden || measured), in nats.

    ``engine`` "onnxruntime": two sessions over graph shards, ``prefill`` and ``decode``. ``engine`` "kernel":
    neither; the architecture and the tensors' names say what the kernel does
    (``manifest.kernel_variant`` says which it takes). ``engine`` isn't written where it is onnxruntime:
    manifests from before it existed stay what they were.
    """

    id: Identifier
    engine: Annotated[Engine, Field(exclude_if=_is_onnxruntime)] = "onnxruntime"
    backend: Literal["wasm", "webgpu"]
    plain: Annotated[bool, Field(exclude_if=_is_false)] = False
    """For the kernel: its build without relaxed SIMD, wherever it runs."""
    exact: bool
    """Computes with the source's own weights: no loss beside rounding."""
    prefill: Annotated[SessionSpec | None, Field(exclude_if=is_none)] = None
    """Its ``verifies`` says how many drafted tokens a step can check, if any."""
    decode: Annotated[SessionSpec | None, Field(exclude_if=is_none)] = None
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
    def max_draft_tokens(self) -> int:
        """Drafted tokens that a step can check; 0 where it can't."""
        if self.engine == "kernel":
            return KERNEL_DRAFT_TOKENS
        return 0 if self.prefill is None else self.prefill.verifies
