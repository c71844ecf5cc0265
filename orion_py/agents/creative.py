"""Writes fiction and other texts: a style sets the prompt, the sampling and the length."""

from __future__ import annotations

from dataclasses import replace

from orion_py.agents.base import Brief
from orion_py.agents.registered import RegisteredAgent
from orion_py.agents.styles import STYLES, style_of
from orion_py.language.function_words import french_or_english
from orion_py.protocol import InferOptions
from orion_py.skills.letter import WriteLetter
from orion_py.skills.letter_wanted import letter_wanted


class CreativeAgent(RegisteredAgent):
    """``options.style`` decides, else what the question names; without either the registry's settings stay. A letter
    or an e-mail is written by a skill."""

    async def prepare(self, query: str, locale: str, options: InferOptions) -> Brief:
        brief = await super().prepare(query, locale, options)
        letter = letter_wanted(query) if options.style is None and not options.system else None
        if letter is not None:
            return replace(brief, skill=WriteLetter(letter))
        name = options.style or style_of(query)
        if name is None:
            return brief
        style = STYLES[name]
        wish = style.wish.in_language(french_or_english(query, locale))
        return replace(
            brief,
            system=f"{brief.system} {wish}",
            sampling=replace(brief.sampling, temperature=style.temperature, top_p=style.top_p),
            max_tokens=min(brief.max_tokens, style.tokens),
            stops=style.stops,
            notes={**brief.notes, "style": name},
        )
