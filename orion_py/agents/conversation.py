"""Answers questions that no other agent is for, and says who it is when asked."""

from __future__ import annotations

import re
from dataclasses import replace

from orion_py.agents.base import Brief
from orion_py.agents.registered import RegisteredAgent
from orion_py.language.function_words import french_or_english
from orion_py.protocol import InferOptions
from orion_py.skills.given_text import speaks_of_summary
from orion_py.skills.letter import WriteLetter
from orion_py.skills.letter_wanted import letter_wanted
from orion_py.skills.summary import summarise

_WHO = re.compile(
    r"^\W*(?:(?:hi|hello|hey|bonjour|salut)\W+)?(?:so |and |et |alors )?"
    r"(?:who|what) are you\b(?! doing| up| talking| going)"
    r"|what(?:'s| is| s) your name|who am i talking to|tell me about yourself|introduce yourself"
    r"|qui es[- ]tu|qui êtes[- ]vous|t'es qui|tu es qui|c'est quoi ton nom|(?:quel est|c'est quoi) (?:ton|votre) nom"
    r"|comment (?:t'appelles[- ]tu|tu t'appelles|vous appelez[- ]vous)|présente[- ]toi|présentez[- ]vous",
    re.IGNORECASE,
)
ALONE = 40
"""Characters up to which the question asks for nothing else, so that the name is the whole answer."""
_OPENINGS = {
    "en": "I'm ORION, an AI assistant that runs entirely on your device: what you write here stays here.",
    "fr": "Je suis ORION, un assistant IA qui fonctionne entièrement sur votre appareil\u00a0: "
    "ce que vous écrivez ici y reste.",
}


class ConversationAgent(RegisteredAgent):
    """A small model takes any name that its training had; asked for its own, the answer begins
    with it, and if it was asked for nothing else, ends there. The prompt is in the question's
    language, which the answer follows."""

    async def prepare(self, query: str, locale: str, options: InferOptions) -> Brief:
        brief = await super().prepare(query, locale, options)
        if speaks_of_summary(query):
            brief = replace(brief, skill=summarise)
        elif (letter := letter_wanted(query)) is not None and not options.system:
            # A request told as a story is often taken for a talk.
            brief = replace(brief, skill=WriteLetter(letter))
        if not _WHO.search(query.replace("’", "'")):
            return brief
        french = french_or_english(query, locale).lower().startswith("fr")
        alone = len(query) <= ALONE
        return replace(
            brief, assistant_prefix=_OPENINGS["fr" if french else "en"], answered_by="engine" if alone else ""
        )
