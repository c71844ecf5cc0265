"""Copies one model's tensor, times ``scale``: for recipes that stack slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from model_foundry.merging.methods.base import Job
from model_foundry.model.weights import Float32


class Passthrough:
    globals: ClassVar[Mapping[str, float | None]] = {}
    per_model: ClassVar[Mapping[str, float | None]] = {"scale": 1.0}
    needs_base: ClassVar[bool] = False
    base_is_weighed: ClassVar[bool] = True

    def check(self, models: Sequence[str], base: str | None) -> str | None:
        return None if len(models) == 1 else f"passthrough takes one model, not {len(models)}"

    def merge(self, job: Job) -> Float32:
        one = job.inputs[0]
        scaled: Float32 = one.values * np.float32(one.parameters["scale"])
        return scaled
