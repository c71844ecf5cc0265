"""Merges by DARE: keeps each entry of a difference with the probability ``density`` and rescales the rest
(https://arxiv.org/abs/2311.03099); added as they are (linear) or by elected sign (ties).

The draws are numpy's, not torch's: with one seed they are the same on every machine and whatever
the order of tensors, and they differ from mergekit's, whose draws depend on that order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from model_foundry.merging.methods.base import Input, Job
from model_foundry.merging.methods.task_vectors import SWITCHES, WEIGHTS, combined
from model_foundry.model.weights import Float32


class _Dare:
    globals: ClassVar[Mapping[str, float | None]] = {**SWITCHES, "rescale": 1.0}
    per_model: ClassVar[Mapping[str, float | None]] = WEIGHTS
    needs_base: ClassVar[bool] = True
    base_is_weighed: ClassVar[bool] = False
    elect: ClassVar[bool]

    def check(self, models: Sequence[str], base: str | None) -> str | None:
        return None

    def merge(self, job: Job) -> Float32:
        return combined(job, _drawn, elect=self.elect)


class DareLinear(_Dare):
    elect = False


class DareTies(_Dare):
    elect = True


def _drawn(job: Job, other: Input, place: int, delta: Float32) -> NDArray[np.bool_] | None:
    return drawn_mask(job.seed, job.tensor, place, delta.shape, other.parameters["density"])


def drawn_mask(seed: int, tensor: str, place: int, shape: tuple[int, ...], density: float) -> NDArray[np.bool_] | None:
    """What is kept of the ``place``-th difference (from 0) of ``tensor``; None for all."""
    if density >= 1:
        return None
    key = hashlib.sha256(f"{seed}\0{place}\0{tensor}".encode()).digest()
    generator = np.random.Generator(np.random.Philox(key=int.from_bytes(key[:16], "little")))
    mask: NDArray[np.bool_] = generator.random(shape, np.float32) < density
    return mask
