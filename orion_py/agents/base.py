"""What an agent is: a persona over a model, with its own prompt, sampling and limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from orion_py.generation.sampling import SamplingParams


@dataclass(frozen=True, slots=True)
class Brief:
    """How an agent wants one query answered."""

    system: str
    sampling: SamplingParams
    max_tokens: int


class Agent(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def models(self) -> Sequence[str]:
        """Model ids, preferred first."""

    def brief(self, query: str, locale: str) -> Brief: ...
