"""The rotary embedding's tables, computed by the session itself when it is made.

Source: https://arxiv.org/abs/2104.09864. As nodes over constants they cost no bytes on the wire;
onnxruntime folds them once.
"""

from __future__ import annotations

import numpy as np

from model_foundry.graphs.builder import GraphBuilder
from orion_py.loading.manifest import Architecture


def rotary_tables(graph: GraphBuilder, architecture: Architecture) -> tuple[str, str]:
    """Cosines and sines, F32 [context_length, head_dim / 2] each."""
    exponents = np.arange(0, architecture.head_dim, 2, dtype=np.float64) / architecture.head_dim
    frequencies = (1.0 / architecture.rope_theta**exponents).astype(np.float32)
    positions = graph.node(
        "Range", [graph.scalar(0.0), graph.scalar(float(architecture.context_length)), graph.scalar(1.0)]
    )
    column = graph.node("Unsqueeze", [positions, graph.integers(1)])
    angles = graph.node("Mul", [column, graph.constant("rotary_frequencies", frequencies[None, :])])
    return graph.node("Cos", [angles], "rotary_cosines"), graph.node("Sin", [angles], "rotary_sines")
