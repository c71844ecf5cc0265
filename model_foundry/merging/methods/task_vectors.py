"""Shares what task arithmetic, TIES and DARE have in common: differences from a base, thinned, weighted and added.

Sources: task arithmetic https://arxiv.org/abs/2212.04089, TIES https://arxiv.org/abs/2306.01708,
DARE https://arxiv.org/abs/2311.03099. Defaults and order of operations are mergekit's.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from model_foundry.merging.methods.base import Input, Job
from model_foundry.model.weights import Float32

Keep = Callable[[Job, Input, int, Float32], NDArray[np.bool_] | None]
"""Which entries of a model's difference stay; the model's place among the others is passed along."""

WEIGHTS = {"weight": None, "density": 1.0}
SWITCHES = {"normalize": 0.0, "rescale": 0.0, "lambda": 1.0, "int8_mask": 0.0}
"""``int8_mask`` is about the memory of mergekit's masks; here they take a byte an entry anyway."""

_SMALL_WEIGHT = 1e-8
_SMALL_SUM = 1e-7


def combined(job: Job, keep: Keep | None, *, elect: bool) -> Float32:
    """base + lambda * (the weighed differences). ``elect``: only those of the sign that outweighs."""
    base = job.base
    assert base is not None
    total = np.zeros_like(base.values)
    # One divisor an entry where signs are elected, one for all otherwise.
    divisor = np.zeros(base.values.shape if elect else (), np.float32)
    if elect:
        votes = np.zeros_like(base.values)
        for place, other in enumerate(job.others):
            votes += _weighed(job, base, other, place, keep)
        positive = votes >= 0
    for place, other in enumerate(job.others):
        # Computed a second time rather than kept: memory stays near one tensor a parent.
        weighed = _weighed(job, base, other, place, keep)
        weight = np.float32(other.parameters["weight"])
        if elect:
            agreeing = np.where(positive, weighed > 0, weighed < 0)
            total += weighed * agreeing
            divisor += weight * agreeing
        else:
            total += weighed
            divisor += weight
    if job.parameters["normalize"]:
        none = divisor == 0 if elect else np.abs(divisor) < _SMALL_WEIGHT
        total /= np.where(none, np.float32(1), divisor)
    factor = np.float32(job.parameters["lambda"])
    result: Float32 = base.values + factor * total
    return result


def _weighed(job: Job, base: Input, other: Input, place: int, keep: Keep | None) -> Float32:
    delta: Float32 = other.values - base.values
    mask = keep(job, other, place, delta) if keep else None
    if mask is not None:
        kept = delta * mask
        delta = _rescaled(delta, kept) if job.parameters["rescale"] else kept
    weighed: Float32 = delta * np.float32(other.parameters["weight"])
    return weighed


def _rescaled(delta: Float32, kept: Float32) -> Float32:
    """``kept`` with the sum of absolute values that ``delta`` had (mergekit; the DARE paper divides by density)."""
    before, after = np.abs(delta).sum(), np.abs(kept).sum()
    if before < _SMALL_SUM or after < _SMALL_SUM:
        return kept
    rescaled: Float32 = kept * (before / after)
    return rescaled
