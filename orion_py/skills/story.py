"""Tells a problem told as a story, and reads the number that a working ends on."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from orion_py.arithmetic.number_words import read_number

LEAST_WORDS, LEAST_NUMBERS = 10, 2
_ASKS = re.compile(
    r"\b(?:how (?:many|much|old|long|far|tall|heavy|fast|often|high|wide|deep|big)"
    r"|what(?:'s| is| are| was| will| would)"
    r"|what (?:percent\w*|fraction|share|age|time|distance|speed|price|total|number)"
    r"|calculate|work out|find the|total"
    r"|combien|quel(?:le)?s? (?:est|sont|sera|serait|âge|distance|vitesse|prix|somme|nombre|total|durée|pourcentage)"
    r"|à quelle heure|calcule[rz]?|trouve[rz]? le|de combien)\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"(?<![\w.,])\d+(?:[.,\u202f\u00a0 ]\d+)*")
_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = r"[-−]?\d{1,3}(?:[\s\u202f\u00a0,]\d{3})+(?![\d])(?:[.,]\d+)?|[-−]?\d+(?:[.,]\d+)?"
_FOUND = re.compile(_NUMBER)
_MARKED = re.compile(rf"(?:answer|réponse)\W{{0,12}}({_NUMBER})", re.IGNORECASE)
_BOXED = re.compile(rf"(?:\\boxed\{{|\*\*)[^\d\n*{{}}]{{0,12}}({_NUMBER})[^\n*{{}}]{{0,20}}(?:\}}|\*\*)")


def is_story(query: str) -> bool:
    """Whether ``query`` is a problem in words: some numbers, more words, and a question for a quantity."""
    return (
        len(_WORD.findall(query)) >= LEAST_WORDS
        and _ASKS.search(query.replace("’", "'")) is not None
        and len(_FIGURE.findall(query)) + _in_words(query) >= LEAST_NUMBERS
    )


def _in_words(query: str) -> int:
    found, at = 0, 0
    while match := _WORD.search(query, at):
        read = read_number(query, match.start())
        found += read is not None
        at = read[1] if read is not None else match.end()
    return found


def answer_of(text: str, french: bool) -> Decimal | None:
    """The number that a working ends on: the marked one ("Answer: 18"), else the last boxed or bold one, else the last
    of all. None where there is none."""
    for pattern in (_MARKED, _BOXED):
        marked = pattern.findall(text)
        if marked:
            return value(marked[-1], french)
    found = _FOUND.findall(text)
    return value(found[-1], french) if found else None


def value(figure: str, french: bool) -> Decimal | None:
    """What ``figure`` says: "1,200.50", "1 200,50". ``french``: a comma before three digits marks decimals, too."""
    plain = re.sub(r"[\s\u202f\u00a0]", "", figure).replace("−", "-")
    if "," in plain:
        groups = not french and re.fullmatch(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?", plain)
        plain = plain.replace(",", "") if groups or "." in plain else plain.replace(",", ".")
    try:
        return Decimal(plain)
    except InvalidOperation:
        return None


def written(answer: Decimal, french: bool) -> str:
    """``answer`` as a person writes it, without noughts that say nothing."""
    text = f"{answer.quantize(Decimal('0.01')).normalize():f}" if answer % 1 else f"{answer:.0f}"
    return text.replace(".", ",") if french else text
