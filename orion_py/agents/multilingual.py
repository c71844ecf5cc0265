"""Answers in the language of the question, or in the one asked for."""

from __future__ import annotations

from dataclasses import replace

from orion_py.agents.base import Brief
from orion_py.agents.registered import RegisteredAgent
from orion_py.language.function_words import french_or_english
from orion_py.language.names import name_of, target_of
from orion_py.language.translation import target_of_translation
from orion_py.protocol import InferOptions
from orion_py.skills.translation import Translate
from orion_py.skills.translation_wanted import passage_of, translation_wanted

ENOUGH_WORDS = 4
"""Fewer don't tell their language by n-grams."""


class MultilingualAgent(RegisteredAgent):
    """A language asked for by name ("in Spanish", "en italien") decides; of a translation without one the
    asker's own; else the question's, as a library tells it; else the page's. The notes say which, and how
    sure that is. A passage to translate is translated by a skill."""

    async def prepare(self, query: str, locale: str, options: InferOptions) -> Brief:
        brief = await super().prepare(query, locale, options)
        page = locale.lower().split("-")[0]
        guess = await self._languages.detect(query, page)
        target = target_of(query) or target_of_translation(query, page, guess.language if guess else None)
        target = target or (guess.language if guess else french_or_english(query, page))
        notes = {**brief.notes, "language": target}
        if guess is not None:
            notes |= {"detected": guess.language, "probability": round(guess.probability, 3)}
        reader = french_or_english(query, locale)
        name = name_of(target, reader)
        french = reader.lower().startswith("fr")
        wish = f"Réponds uniquement en {name}." if french else f"Answer only in {name}."
        skill = brief.skill
        if not options.system and (passage := passage_of(query)):
            heard = await self._languages.detect(passage, reader.lower().split("-")[0])
            told = heard.language if heard is not None and len(passage.split()) >= ENOUGH_WORDS else None
            wanted = translation_wanted(query, locale, told)
            skill = skill if wanted is None else Translate(wanted)
        return replace(brief, system=f"{brief.system} {wish}", notes=notes, skill=skill)
