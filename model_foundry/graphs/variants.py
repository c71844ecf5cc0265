"""The variants that a browser chooses from, each as a pair of graphs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from model_foundry.graphs.builder import GraphBuilder
from model_foundry.graphs.decoder import DecoderGraph
from model_foundry.graphs.linear import CorrectedSymmetric, DynamicInt8, FloatZeroPoint, LinearMap, PerRowInt8
from model_foundry.graphs.weights import StoredWeights
from orion_py.loading.manifest import Architecture

Kv = Literal["grow", "inplace"]


@dataclass(frozen=True)
class SessionPlan:
    linear: Callable[[GraphBuilder, StoredWeights], LinearMap]
    kv: Kv
    verifies: int = 0
    """Drafts that it verifies at once, as ``SessionSpec`` says."""

    def build(self, name: str, architecture: Architecture, weights: StoredWeights, layers: range) -> bytes:
        """The ONNX file of these of the session's layers."""
        graph = GraphBuilder()
        linear, grows = self.linear(graph, weights), self.kv == "grow"
        return DecoderGraph(graph, weights, architecture, linear, grows, layers, self.verifies).build(name)


@dataclass(frozen=True)
class VariantPlan:
    """``tolerance_kl``: how far a right backend may be from the reference, in nats."""

    id: str
    backend: Literal["wasm", "webgpu"]
    exact: bool
    expands: bool
    prefill: SessionPlan
    decode: SessionPlan
    tolerance_kl: float


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
        prefill=SessionPlan(FloatZeroPoint, "grow"),
        decode=SessionPlan(FloatZeroPoint, "inplace"),
        tolerance_kl=0.001,
    ),
    VariantPlan(
        id="webgpu-q4",
        backend="webgpu",
        exact=True,
        expands=False,
        prefill=SessionPlan(CorrectedSymmetric, "inplace"),
        decode=SessionPlan(CorrectedSymmetric, "inplace"),
        tolerance_kl=0.001,
    ),
)
