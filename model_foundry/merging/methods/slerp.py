"""Interpolates along the great circle from the base (t = 0) to the other model (t = 1).

A tensor is one vector. Formula: https://en.wikipedia.org/wiki/Slerp, with the lengths of both kept
by weighing the vectors themselves. Nearly parallel ones are mixed linearly, as mergekit does: the
sine that would be divided by is too small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from model_foundry.merging.methods.base import REQUIRED, Job
from model_foundry.model.weights import Float32

_PARALLEL = 0.9995
_NO_LENGTH = 1e-8


class Slerp:
    globals: ClassVar[Mapping[str, float | None]] = {"t": REQUIRED}
    per_model: ClassVar[Mapping[str, float | None]] = {}
    needs_base: ClassVar[bool] = True
    base_is_weighed: ClassVar[bool] = False

    def check(self, models: Sequence[str], base: str | None) -> str | None:
        return None if len(models) == 2 else f"slerp takes two models, the base one of them, not {len(models)}"

    def merge(self, job: Job) -> Float32:
        assert job.base is not None
        return slerp(job.parameters["t"], job.base.values, job.others[0].values)


def slerp(t: float, start: Float32, end: Float32) -> Float32:
    """Both of any one shape."""
    cosine = float(np.sum(_direction(start) * _direction(end)))
    if abs(cosine) > _PARALLEL:
        return _mixed(1 - t, start, t, end)
    angle = np.arccos(cosine)
    return _mixed(np.sin(angle * (1 - t)) / np.sin(angle), start, np.sin(angle * t) / np.sin(angle), end)


def _direction(values: Float32) -> Float32:
    length = np.linalg.norm(values)
    direction: Float32 = values / length if length > _NO_LENGTH else values
    return direction


def _mixed(left: float, start: Float32, right: float, end: Float32) -> Float32:
    mixed: Float32 = np.float32(left) * start + np.float32(right) * end
    return mixed
