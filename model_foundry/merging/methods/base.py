"""Defines a merge method: parameters with their defaults, and one function over one tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

from model_foundry.model.weights import Float32

REQUIRED: Final = None
"""The default of a parameter that must be given."""


@dataclass(frozen=True)
class Input:
    """One parent's tensor, all parents' of one shape, with its own parameters."""

    model: str
    values: Float32
    parameters: Mapping[str, float]
    is_base: bool


@dataclass(frozen=True)
class Job:
    """One tensor to be merged. ``seed`` decides the draws of methods that draw."""

    tensor: str
    inputs: Sequence[Input]
    parameters: Mapping[str, float]
    seed: int

    @property
    def base(self) -> Input | None:
        return next((one for one in self.inputs if one.is_base), None)

    @property
    def others(self) -> list[Input]:
        return [one for one in self.inputs if not one.is_base]


class MergeMethod(Protocol):
    """``globals`` and ``per_model`` map a parameter to its default.

    ``needs_base``: the recipe must name a base model, and it must be among the inputs.
    ``base_is_weighed``: the base's own parameters count like any other's.
    """

    globals: ClassVar[Mapping[str, float | None]]
    per_model: ClassVar[Mapping[str, float | None]]
    needs_base: ClassVar[bool]
    base_is_weighed: ClassVar[bool]

    def check(self, models: Sequence[str], base: str | None) -> str | None:
        """Why a slice can't be made of ``models``, or None."""
        ...

    def merge(self, job: Job) -> Float32: ...
