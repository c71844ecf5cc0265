"""Computes the rotary embedding's frequencies, for the kernel's tables and the foundry's graphs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from orion_py.manifest.architecture import Architecture, RopeScaling, Rotation

Float64 = NDArray[np.float64]


def frequencies(architecture: Architecture, rotation: Rotation = "usual") -> Float64:
    """Angles per position, F64 [head_dim / 2]; zeros where nothing turns. Source: https://arxiv.org/abs/2104.09864."""
    exponents = np.arange(0, architecture.head_dim, 2, dtype=np.float64) / architecture.head_dim
    if rotation == "none":
        return np.zeros_like(exponents)
    if rotation == "local" and architecture.local_rope_theta is not None:
        local: Float64 = 1.0 / architecture.local_rope_theta**exponents
        return local
    found: Float64 = 1.0 / architecture.rope_theta**exponents
    if architecture.rope_scaling is not None:
        found = _stretched(found, architecture.rope_scaling)
    if architecture.rope_factors is not None:
        found = found / np.asarray(architecture.rope_factors)
    return found


def _stretched(found: Float64, scaling: RopeScaling) -> Float64:
    """For a longer context, as ``RopeScaling`` says."""
    turns = scaling.original_context * found / (2 * np.pi)
    low, high = scaling.low_frequency_factor, scaling.high_frequency_factor
    kept = np.clip((turns - low) / (high - low), 0, 1)
    stretched: Float64 = found * (kept + (1 - kept) / scaling.factor)
    return stretched
