"""Merges by TIES: trims each difference to its largest entries, elects a sign for each entry, and adds what agrees
(https://arxiv.org/abs/2306.01708).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from model_foundry.merging.methods.base import Input, Job
from model_foundry.merging.methods.task_vectors import SWITCHES, WEIGHTS, combined
from model_foundry.model.weights import Float32


class Ties:
    globals: ClassVar[Mapping[str, float | None]] = {**SWITCHES, "normalize": 1.0}
    per_model: ClassVar[Mapping[str, float | None]] = WEIGHTS
    needs_base: ClassVar[bool] = True
    base_is_weighed: ClassVar[bool] = False

    def check(self, models: Sequence[str], base: str | None) -> str | None:
        return None

    def merge(self, job: Job) -> Float32:
        return combined(job, _largest, elect=True)


def _largest(job: Job, other: Input, place: int, delta: Float32) -> NDArray[np.bool_] | None:
    return largest(delta, other.parameters["density"])


def largest(delta: Float32, density: float) -> NDArray[np.bool_] | None:
    """The int(density * size) entries of largest magnitude, at least one unless ``density`` is 0.

    Of equal ones the first; None for all.
    """
    if density >= 1:
        return None
    count = max(1, int(density * delta.size)) if density > 0 else 0
    if not count:
        return np.zeros(delta.shape, np.bool_)
    magnitudes = np.abs(delta.reshape(-1))
    edge = np.partition(magnitudes, -count)[-count]
    mask: NDArray[np.bool_] = magnitudes > edge
    mask[np.flatnonzero(magnitudes == edge)[: count - int(mask.sum())]] = True
    return mask.reshape(delta.shape)
