"""The rotary embedding's tables, computed by the session itself when it is made.

Source: https://arxiv.org/abs/2104.09864. As nodes over constants they cost no bytes on the wire;
onnxruntime folds them once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model_foundry.graphs.builder import GraphBuilder
from orion_py.loading.manifest import Architecture, RopeScaling


def rotary_tables(graph: GraphBuilder, architecture: Architecture) -> tuple[str, str]:
    """Cosines and sines, F32 [context_length, head_dim / 2] each."""
    exponents = np.arange(0, architecture.head_dim, 2, dtype=np.float64) / architecture.head_dim
    frequencies = 1.0 / architecture.rope_theta**exponents
    if architecture.rope_scaling is not None:
        frequencies = _stretched(frequencies, architecture.rope_scaling)
    if architecture.rope_factors is not None:
        frequencies = frequencies / np.asarray(architecture.rope_factors)
    positions = graph.node(
        "Range", [graph.scalar(0.0), graph.scalar(float(architecture.context_length)), graph.scalar(1.0)]
    )
    column = graph.node("Unsqueeze", [positions, graph.integers(1)])
    angles = graph.node("Mul", [column, graph.constant("rotary_frequencies", frequencies[None, :].astype(np.float32))])
    return graph.node("Cos", [angles], "rotary_cosines"), graph.node("Sin", [angles], "rotary_sines")


def _stretched(frequencies: NDArray[np.float64], scaling: RopeScaling) -> NDArray[np.float64]:
    """Angles per position for a longer context, as ``RopeScaling`` says."""
    turns = scaling.original_context * frequencies / (2 * np.pi)
    low, high = scaling.low_frequency_factor, scaling.high_frequency_factor
    kept = np.clip((turns - low) / (high - low), 0, 1)
    stretched: NDArray[np.float64] = frequencies * (kept + (1 - kept) / scaling.factor)
    return stretched
