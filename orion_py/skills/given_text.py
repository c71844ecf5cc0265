"""Tells what a message asks for from the text that it gives: "Summarise this in two sentences: …"."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SUMMARY = re.compile(
    r"\b(?:summar(?:y|ise|ize|ising|izing|ised|ized|ies)|sum (?:it|this|that|them) up|sum up|tl;?dr|in a nutshell"
    r"|(?:key|main|important) points?|shorten|short version|gist|boil \w+ down|condense"
    r"|r[ée]sum\w+|synth[èe]se|synth[ée]tise\w*|en bref|raccourci\w*|condense\w*|fais[- ]court|en gros"
    r"|(?:points?|id[ée]es?) (?:cl[ée]s?|important\w*|principa\w+|essentiel\w*)|l['’]essentiel)\b",
    re.IGNORECASE,
)
_NOT_OF_A_TEXT = re.compile(
    r"\b(?:how (?:do|to|can|should)|what is an?|write an? (?:executive )?summary of (?!this|the following)"
    r"|comment (?:faire|écrire|rédiger)|qu['’]est-ce qu|c['’]est quoi un)\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"(\w+(?:-\w+)?)\s+(?:short |courtes? |brèves? |main |key )?"
    r"(sentences?|phrases?|lines?|lignes?|points?|bullet points?|puces?|bullets?|words?|mots|id[ée]es)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"«\s*(.+?)\s*»|“(.+?)”|\"([^\"]{80,})\"", re.DOTALL)
_NAMES = "one|un|une|a|single two|deux three|trois four|quatre five|cinq six seven|sept eight|huit nine|neuf ten|dix"
_SMALL = {word: value for value, names in enumerate(_NAMES.split(), 1) for word in names.split("|")}
LEAST_WORDS = 30
"""Fewer are shorter than what a summary of them would be."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """``text``: what is given; ``wish``: the message without it. ``sentences``: how many are wanted, None: it isn't
    said; ``words``: the most words. ``items``: as a list."""

    text: str
    wish: str
    sentences: int | None = None
    words: int | None = None
    items: bool = False


def speaks_of_summary(query: str) -> bool:
    """Whether a summary may be wanted: ``summary_wanted`` knows."""
    return _SUMMARY.search(query) is not None


def summary_wanted(query: str, before: str = "") -> Wanted | None:
    """What is to be summarised, where ``query`` asks for that: a text that it gives, or ``before``, the turn before, if
    the query has none ("Summarise that"). None where no summary is asked for, or of nothing at hand."""
    text, wish = parted(query)
    if not _SUMMARY.search(wish) or _NOT_OF_A_TEXT.search(wish):
        return None
    if len(text.split()) < LEAST_WORDS:
        if len(before.split()) < LEAST_WORDS or len(query.split()) > LEAST_WORDS:
            return None
        text, wish = before, query
    return Wanted(text, wish, *_size(wish))


def parted(query: str) -> tuple[str, str]:
    """The text that a message gives and the wish around it. The text is what is quoted, or stands after a colon or an
    empty line, or before one; ("", query) where there is none."""
    quoted = max((match for match in _QUOTED.finditer(query)), key=lambda match: len(match[0]), default=None)
    if quoted is not None and len(quoted[0].split()) >= LEAST_WORDS:
        inner = next(part for part in quoted.groups() if part)
        return inner.strip(), f"{query[: quoted.start()]} {query[quoted.end() :]}".strip()
    parts = [part for part in re.split(r"\n\s*\n|(?<=:)[ \t]*\n", query) if part.strip()]
    if len(parts) > 1:
        first, last = parts[0], parts[-1]
        if _SUMMARY.search(first) or len(first.split()) < LEAST_WORDS:
            return "\n".join(parts[1:]).strip(), first.strip()
        if len(last.split()) < LEAST_WORDS:
            return "\n".join(parts[:-1]).strip(), last.strip()
    head, colon, rest = query.partition(":")
    if colon and len(head.split()) < LEAST_WORDS and len(rest.split()) >= LEAST_WORDS:
        return rest.strip(), head.strip()
    first, newline, rest = query.partition("\n")
    if newline and len(first.split()) < LEAST_WORDS and len(rest.split()) >= LEAST_WORDS:
        return rest.strip(), first.strip()
    return "", query


def _size(wish: str) -> tuple[int | None, int | None, bool]:
    items = bool(re.search(r"\b(?:points?|bullets?|puces?|list\w*)\b", wish, re.IGNORECASE))
    for match in _COUNTED.finditer(wish):
        said = match[1].lower()
        number = int(said) if said.isdigit() else _SMALL.get(said, 0)
        if not number:
            continue
        unit = match[2].lower()
        if unit.startswith(("word", "mot")):
            return None, number, items
        return number, None, items and not unit.startswith(("sentence", "phrase"))
    return None, None, items
