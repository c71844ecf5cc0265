"""Adds differences: base + sum(w_i (x_i - base)) (https://arxiv.org/abs/2212.04089)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from model_foundry.merging.methods.base import Job
from model_foundry.merging.methods.task_vectors import SWITCHES, WEIGHTS, combined
from model_foundry.model.weights import Float32


class TaskArithmetic:
    globals: ClassVar[Mapping[str, float | None]] = SWITCHES
    per_model: ClassVar[Mapping[str, float | None]] = WEIGHTS
    needs_base: ClassVar[bool] = True
    base_is_weighed: ClassVar[bool] = False

    def check(self, models: Sequence[str], base: str | None) -> str | None:
        return None

    def merge(self, job: Job) -> Float32:
        return combined(job, None, elect=False)
