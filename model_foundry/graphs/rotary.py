"""Builds the rotary embedding's tables, which the session itself computes when it is created.

As nodes over constants they cost no bytes on the wire; onnxruntime folds them once.
"""

from __future__ import annotations

import numpy as np

from model_foundry.graphs.builder import GraphBuilder
from orion_py.manifest.architecture import Architecture, Rotation
from orion_py.manifest.rotary import frequencies


def rotary_tables(graph: GraphBuilder, architecture: Architecture, rotation: Rotation) -> tuple[str, str]:
    """Cosines and sines, F32 [context_length, head_dim / 2] each."""
    row = frequencies(architecture, rotation)[None, :].astype(np.float32)
    suffix = "" if rotation == "usual" else f"_{rotation}"
    positions = graph.node(
        "Range", [graph.scalar(0.0), graph.scalar(float(architecture.context_length)), graph.scalar(1.0)]
    )
    column = graph.node("Unsqueeze", [positions, graph.integers(1)])
    angles = graph.node("Mul", [column, graph.constant(f"rotary_frequencies{suffix}", row)])
    return graph.node("Cos", [angles], f"rotary_cosines{suffix}"), graph.node("Sin", [angles], f"rotary_sines{suffix}")
