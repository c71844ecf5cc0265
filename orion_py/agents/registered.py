"""Answers as the registry describes the agent: its prompt, sampling and limits, in either language."""

from __future__ import annotations

from collections.abc import Sequence

from orion_py.agents.base import Brief
from orion_py.generation.sampling import SamplingWishes
from orion_py.language.detector import LanguageDetector, NoDetector
from orion_py.language.function_words import french_or_english
from orion_py.protocol import InferOptions
from orion_py.registry.models import AgentEntry


class RegisteredAgent:
    """Answers with the registry's settings. Built-in agents add their skill in ``prepare``; ``languages`` tells them
    the language of a text."""

    def __init__(self, entry: AgentEntry, languages: LanguageDetector | None = None) -> None:
        self._entry, self._languages = entry, languages or NoDetector()

    @property
    def id(self) -> str:
        return self._entry.id

    @property
    def models(self) -> Sequence[str]:
        return self._entry.models

    async def prepare(self, query: str, locale: str, options: InferOptions) -> Brief:
        """The registry's settings; the system prompt, unless ``options`` give one, is in the query's
        language as far as it is French or English, else in the page's."""
        entry = self._entry
        return Brief(
            system=options.system or entry.system.in_language(french_or_english(query, locale)),
            sampling=SamplingWishes(
                temperature=entry.temperature,
                top_p=entry.top_p,
                top_k=entry.top_k,
                repetition_penalty=entry.repetition_penalty,
            ),
            max_tokens=entry.max_tokens,
        )
