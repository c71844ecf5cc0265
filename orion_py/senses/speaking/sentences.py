"""Cuts text into sentences, and sentences that are too long at their clauses."""

from __future__ import annotations

import re
from collections.abc import Iterator

_END = re.compile(r"[.!?…]+(?:\s?[»”])?[\"'»”’)\]]*(?:\s+|$)")
_ENGLISH = """mr mrs ms dr prof st vs e.g i.e approx jr sr no fig vol ed gen col capt sgt lt rev hon inc ltd co corp
dept est jan feb mar apr jun jul aug sep sept oct nov dec a.m p.m u.s u.k ph.d"""
_FRENCH = """m mm mme mlle mmes dr pr me st ste p p.ex ex cf env art av bd chap vol fig tél no n° c.-à-d janv févr avr
juil sept oct nov déc apr j.-c ed éd"""
_SHORT = frozenset(f"{_ENGLISH} {_FRENCH}".split())
"""Words that end in a full stop which doesn't end the sentence, without it, in lower case."""
_EITHER = frozenset(("etc", "a.m", "p.m", "ph.d", "no", "est", "ed", "co", "me", "mar", "ex"))
"""Words that are both: the sentence ends there where a capital follows."""
_LAST_WORD = re.compile(r"(\S+?)\.[\"'»”’)\]]*\s*$")
_CLAUSE = re.compile(r"(?<=[,;:—–])\s+|\s+(?=[(\[])|\s+(?=(?:and|or|but|because|which|et|ou|mais|car|que|qui)\s)")


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph, in order, each with the signs at its end."""
    found: list[str] = []
    start = 0
    for match in _END.finditer(text):
        if match.end() < len(text) and not _ends_there(text[start : match.end()], text[match.end() :]):
            continue
        found.append(text[start : match.end()].strip())
        start = match.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if any(letter.isalnum() for letter in sentence)]


def _ends_there(before: str, after: str) -> bool:
    """Whether a sentence ends between ``before``, which ends in a full stop or the like, and ``after``."""
    follows = after.lstrip("\"'«“‘([ ")[:1]
    if not before.rstrip("\"'»”’)] ").endswith("."):
        return not follows.islower()  # "Quoi ? demanda-t-il"
    match = _LAST_WORD.search(before)
    said = match[1].lstrip("(\"'«“") if match else ""
    word = said.lower()
    if word in _EITHER:
        return follows.isupper()
    if word in _SHORT or (len(said) == 1 and said.isupper()):
        return False
    return not follows.islower()


def pieces(sentence: str, most: int) -> Iterator[str]:
    """``sentence`` in parts of at most ``most`` characters, cut at clauses, else at words, else anywhere."""
    rest = sentence
    while len(rest) > most:
        cut = _cut(rest, most)
        yield rest[:cut].strip()
        rest = rest[cut:].strip()
    if rest:
        yield rest


def _cut(text: str, most: int) -> int:
    places = [match.end() for match in _CLAUSE.finditer(text, 1) if match.end() <= most]
    good = [place for place in places if place >= most // 4]
    if good:
        return good[-1]
    space = text.rfind(" ", 1, most)
    return space if space > 0 else most
