"""Says what is to become of a recording: its words in writing, or a question on them; without one it asks for it."""

from __future__ import annotations

import re
from dataclasses import replace

from orion_py.agents.base import Brief
from orion_py.agents.registered import RegisteredAgent
from orion_py.language.function_words import french_or_english
from orion_py.protocol import InferOptions

_WRITTEN = re.compile(
    r"\b(?:re)?transcri(?:be|bes|s|re|ption|vez|t|ves)\b|\bwrite (?:it|this|that|everything) down\b|\bsubtitles?\b|"
    r"\bwhat (?:is|was|did|does|do|are|were)\b.{0,30}\b(?:say|said|saying)\b|\bword for word\b"
    r"|\b(?:mets?|mettez|mettre)\b.{0,30}\bpar écrit\b|\bsous-titres?\b|\bmot (?:à|pour) mot\b"
    r"|\b(?:que|qu['’]est-ce que?|qu['’]est-ce qui)\b.{0,30}\b(?:dit|dis|disent|raconte)\b",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"\b(?:translat|tradui|summar|résum|resum|explain|expli|answer|répon|correct|corrig|about|à propos|au sujet|"
    r"rewrite|réécri|list|count|combien|how many|main|princip)",
    re.IGNORECASE,
)
"""What needs more than the words."""
_SAYS = {"en": "The recording says:", "fr": "L'enregistrement dit :"}
_ATTACH = {
    "en": "Attach the recording that you mean, or record one, and send your message again: I haven't heard any yet.",
    "fr": "Joignez l'enregistrement dont vous parlez, ou enregistrez-le, puis envoyez de nouveau votre message : "
    "je n'en ai encore entendu aucun.",
}
_TOO_LONG = {
    "en": "What is said is too long to be answered at once. Here it is in writing:\n\n",
    "fr": "Ce qui est dit est trop long pour une seule réponse. En voici la transcription :\n\n",
}


class SpeechAgent(RegisteredAgent):
    """A question on a recording never gets here: the engine hears it first (``answering.recordings``)."""

    async def prepare(self, query: str, locale: str, options: InferOptions) -> Brief:
        brief = await super().prepare(query, locale, options)
        return replace(brief, assistant_prefix=_ATTACH[_language(query, locale)], answered_by="engine")


def wants_it_written(prompt: str) -> bool:
    """Whether ``prompt`` asks for the words of a recording, and nothing else of them."""
    return bool(_WRITTEN.search(prompt)) and not _MORE.search(prompt)


def question_on(text: str, prompt: str, locale: str) -> str:
    """What is asked of a recording that says ``text``; without a ``prompt`` that is the question."""
    return f"{prompt}\n\n{_SAYS[_language(prompt, locale)]}\n{text}" if prompt else text


def too_long_in(text: str, locale: str) -> str:
    """What stands before the words of a recording that no model can read at once; ``text`` decides the language."""
    return _TOO_LONG[_language(text, locale)]


def _language(query: str, locale: str) -> str:
    return "fr" if french_or_english(query, locale).lower().startswith("fr") else "en"
