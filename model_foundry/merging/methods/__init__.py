"""Collects the merge methods: one file each, under mergekit's names."""

from __future__ import annotations

from model_foundry.merging.methods.base import MergeMethod
from model_foundry.merging.methods.dare import DareLinear, DareTies
from model_foundry.merging.methods.linear import Linear
from model_foundry.merging.methods.passthrough import Passthrough
from model_foundry.merging.methods.slerp import Slerp
from model_foundry.merging.methods.task_arithmetic import TaskArithmetic
from model_foundry.merging.methods.ties import Ties

METHODS: dict[str, MergeMethod] = {
    "linear": Linear(),
    "slerp": Slerp(),
    "task_arithmetic": TaskArithmetic(),
    "ties": Ties(),
    "dare_linear": DareLinear(),
    "dare_ties": DareTies(),
    "passthrough": Passthrough(),
}

ALL_PARAMETERS = frozenset(name for method in METHODS.values() for name in (*method.globals, *method.per_model))
"""Parameters of any method. One that has no effect in a recipe's method is no fault of the recipe."""
