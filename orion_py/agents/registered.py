"""An agent as the registry describes it: its prompt, sampling and limits, in either language."""

from __future__ import annotations

from collections.abc import Sequence

from orion_py.agents.base import Brief
from orion_py.generation.sampling import SamplingParams
from orion_py.registry.models import AgentEntry


class RegisteredAgent:
    def __init__(self, entry: AgentEntry) -> None:
        self._entry = entry

    @property
    def id(self) -> str:
        return self._entry.id

    @property
    def models(self) -> Sequence[str]:
        return self._entry.models

    def brief(self, query: str, locale: str) -> Brief:
        """The registry's settings; the system prompt in French for a French locale, else in English."""
        entry = self._entry
        return Brief(
            system=entry.system.in_language(locale),
            sampling=SamplingParams(
                temperature=entry.temperature,
                top_p=entry.top_p,
                top_k=entry.top_k,
                repetition_penalty=entry.repetition_penalty,
            ),
            max_tokens=entry.max_tokens,
        )
