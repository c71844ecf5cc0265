"""Averages with weights: sum(w_i x_i), over sum(w_i) where ``normalize`` is on (https://arxiv.org/abs/2203.05482)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from model_foundry.merging.methods.base import REQUIRED, Job
from model_foundry.model.weights import Float32


class Linear:
    globals: ClassVar[Mapping[str, float | None]] = {"normalize": 1.0}
    per_model: ClassVar[Mapping[str, float | None]] = {"weight": REQUIRED}
    needs_base: ClassVar[bool] = False
    base_is_weighed: ClassVar[bool] = True

    def check(self, models: Sequence[str], base: str | None) -> str | None:
        return None

    def merge(self, job: Job) -> Float32:
        weights = np.array([one.parameters["weight"] for one in job.inputs], np.float32)
        total = np.zeros_like(job.inputs[0].values)
        for weight, one in zip(weights, job.inputs, strict=True):
            total += weight * one.values
        if job.parameters["normalize"]:
            total /= weights.sum()
        return total
