"""Builds the variants that a browser chooses from, each as a pair of graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from model_foundry.graphs.builder import GraphBuilder
from model_foundry.graphs.decoder import DecoderGraph
from model_foundry.graphs.linear import DynamicInt8, ExactOnWasm, ExactOnWebGpu, LinearMap, PerRowInt8
from model_foundry.graphs.weights import StoredWeights
from orion_py.manifest.architecture import Architecture
from orion_py.manifest.shards import Shard
from orion_py.manifest.stored_names import FLOATS

Kv = Literal["grow", "inplace"]


@dataclass(frozen=True)
class SessionPlan:
    linear: Callable[[GraphBuilder, StoredWeights], LinearMap]
    kv: Kv
    max_draft_tokens: int = 0
    """Drafts that it verifies at once, as ``SessionSpec`` says."""
    halves: bool = True
    """F16 rows can be looked up: WebGPU can't where it has no shader-f16."""

    def build(self, name: str, architecture: Architecture, weights: StoredWeights, layers: range) -> bytes:
        """The ONNX file of these of the session's layers."""
        graph = GraphBuilder()
        linear, grows = self.linear(graph, weights), self.kv == "grow"
        decoder = DecoderGraph(graph, weights, architecture, linear, grows, layers, self.max_draft_tokens, self.halves)
        return decoder.build(name)


@dataclass(frozen=True)
class VariantPlan:
    """``tolerance_kl``: how far a right backend may be from the reference, in nats.

    ``id_with_floats``: its id where a matrix is stored as floats, if another.
    """

    id: str
    backend: Literal["wasm", "webgpu"]
    exact: bool
    expands: bool
    prefill: SessionPlan
    decode: SessionPlan
    tolerance_kl: float
    id_with_floats: str = ""

    def computes(self, architecture: Architecture) -> bool:
        """Whether the graphs do all that the model needs: on WebGPU many tokens at once have no window."""
        return self.backend == "wasm" or not any(map(architecture.window, range(architecture.layers)))

    def named(self, weights: Iterable[Shard]) -> str:
        """The variant's id for these weights."""
        floats = any(tensor.name.endswith(f".{FLOATS}") for shard in weights for tensor in shard.tensors)
        return self.id_with_floats if floats and self.id_with_floats else self.id


VERIFIED_ROWS = 8
"""Tokens. More would make every verification dearer: attention runs so many rows, however few there are."""

VARIANTS: tuple[VariantPlan, ...] = (
    VariantPlan(
        id="wasm-int8",
        backend="wasm",
        exact=False,
        expands=True,
        prefill=SessionPlan(PerRowInt8, "grow", VERIFIED_ROWS),
        decode=SessionPlan(DynamicInt8, "inplace"),
        tolerance_kl=0.1,
    ),
    VariantPlan(
        id="wasm-exact",
        backend="wasm",
        exact=True,
        expands=False,
        prefill=SessionPlan(ExactOnWasm, "grow"),
        decode=SessionPlan(ExactOnWasm, "inplace"),
        tolerance_kl=0.001,
    ),
    VariantPlan(
        id="webgpu-q4",
        backend="webgpu",
        exact=True,
        expands=False,
        prefill=SessionPlan(ExactOnWebGpu, "inplace", halves=False),
        decode=SessionPlan(ExactOnWebGpu, "inplace", halves=False),
        tolerance_kl=0.001,
        id_with_floats="webgpu-exact",
    ),
)
