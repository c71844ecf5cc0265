"""Builds the rotary embedding's tables, which the session itself computes when it is created.

As nodes over constants they cost no bytes on the wire; onnxruntime folds them once.
"""

from __future__ import annotations

import numpy as np

from model_foundry.graphs.builder import GraphBuilder
from orion_py.manifest.architecture import Architecture
from orion_py.manifest.rotary import frequencies


def rotary_tables(graph: GraphBuilder, architecture: Architecture) -> tuple[str, str]:
    """Cosines and sines, F32 [context_length, head_dim / 2] each."""
    row = frequencies(architecture)[None, :].astype(np.float32)
    positions = graph.node(
        "Range", [graph.scalar(0.0), graph.scalar(float(architecture.context_length)), graph.scalar(1.0)]
    )
    column = graph.node("Unsqueeze", [positions, graph.integers(1)])
    angles = graph.node("Mul", [column, graph.constant("rotary_frequencies", row)])
    return graph.node("Cos", [angles], "rotary_cosines"), graph.node("Sin", [angles], "rotary_sines")
