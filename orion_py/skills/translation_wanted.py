"""Tells whether a message asks for a translation: of which passage, from which language, into which."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orion_py.language.function_words import french_or_english
from orion_py.language.names import LANGUAGES, named, target_of

_LANGUAGE = (
    r"(?:english|french|spanish|german|italian|portuguese|dutch"
    r"|anglais|fran[cç]ais|espagnol|allemand|italien|portugais|n[ée]erlandais)"
)
_ASKS = re.compile(
    r"\btranslat(?:e|es|ed|ion|ing)\b|\btradui[a-zéèst]*\b|\btraduction\b"
    r"|\b(?:put|say|write|get|want|need|have|make|turn)\b.{0,40}\b(?:in|into)\s+[a-z]"
    r"|\bwhat(?:'s| is| does)\b.{0,40}\b(?:mean|say)\b"
    r"|\bhow (?:do|would|can|should) (?:i|you|we|they|the)\b.{0,40}\b(?:in|say|put|ask)\b"
    rf"|\b(?:the|in|into|en|texte) {_LANGUAGE}\b|\b{_LANGUAGE},? (?:please|svp|stp|s'il)"
    r"|\bcomment (?:je |on |lui |dit|dire|dis)|\b(?:que|qu'est-ce que|[cç]a) .{0,20}(?:veut dire|signifie)",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:difference|différence|conjugat|conjugu|corrige|correct|mistakes?|fautes?|explain|expli(?:que|ca)|grammar"
    r"|future|present|past tense|synonym|pronounc|prononc|mot à mot|words? (?:for|of|about)|mots?)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"«\s*([^»]+?)\s*»|“([^”]+)”|\"([^\"]+)\"")
_OF = r"the |l'|le |du |texte |decent |good |plain |^|[,?!.;] *"
_LONGEST = 8_000


@dataclass(frozen=True, slots=True)
class Translation:
    """``source`` and ``target``: ISO 639-1."""

    passage: str
    source: str
    target: str


def passage_of(query: str) -> str:
    """The passage that ``query`` wants translated, "" where it wants none."""
    if len(query) > _LONGEST:
        return ""
    passage, around = _parted(query)
    return passage if _ASKS.search(around.replace("’", "'")) and not _NOT.search(around) else ""


def translation_wanted(query: str, locale: str, guessed: str | None = None) -> Translation | None:
    """What is to be translated, or None where nothing is, or it isn't clear from what into what. ``locale``: the
    page's language, which decides where the message's own words don't; ``guessed``: the passage's language."""
    passage = passage_of(query)
    if not passage:
        return None
    around = _parted(query)[1]
    asker = "fr" if french_or_english(around, locale).lower().startswith("fr") else "en"
    target = target_of(around) or named(around, _OF)
    source = named(around, r"from (?:the )?|depuis l'|depuis le |du |de l'")
    source = source or guessed or french_or_english(passage, "") or None
    told = french_or_english(passage, "") or guessed
    if source is None or (source == target and not told):
        source = asker if target not in (None, asker) else ("en" if asker == "fr" else "fr")
    if target is None or target == source:
        target = asker if asker != source else None
    return None if target is None or source not in LANGUAGES else Translation(passage, source, target)


def _parted(query: str) -> tuple[str, str]:
    """The passage, and the words around it."""
    quoted = max(_QUOTED.finditer(query), key=lambda match: len(match[0]), default=None)
    if quoted is not None:
        passage = next(part for part in quoted.groups() if part)
        return passage.strip(), f"{query[: quoted.start()]} {query[quoted.end() :]}"
    head, mark, rest = query.partition("\n") if "\n" in query.strip() else query.partition(":")
    if mark and rest.strip():
        return rest.strip(), head
    return "", query
