"""Compares the facts of two texts: their numbers, names, negations and opposites.

A shortened or reworded text keeps the facts of its source where it says no number and no name that the source doesn't,
denies what the source denies and nothing else, and doesn't say "more" where the source says "less".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_NUMBER = re.compile(r"\d+(?:[.,:h\u00a0\u202f ]\d+)*")
_NEGATION = re.compile(
    r"\b(?:not|never|no|nobody|nothing|none|neither|nor|without|cannot|can['’]t|won['’]t|(?:is|are|was|were|do|does|did"
    r"|has|have|had|would|could|should|must)n['’]t|pas|jamais|aucune?|rien|personne|sans|ni|non)\b"
    r"|\bn['’](?=\w)|\bne\b",
    re.IGNORECASE,
)
_OPPOSITES = (
    ("more most higher highest increase increased increases rise rose rises up above over larger greater grew grow",
     "less least lower lowest decrease decreased decreases fall fell falls down below under smaller fewer shrank drop"),
    ("before earlier", "after later"),
    ("open opens opened opening", "close closes closed closing"),
    ("accept accepts accepted allowed", "refuse refuses refused forbidden"),
    ("plus hausse augmente augmenté augmentation monte supérieur dessus",
     "moins baisse baissé diminue diminué diminution descend inférieur dessous"),
    ("avant", "après"),
    ("ouvre ouvrira ouvert ouverte ouverture", "ferme fermera fermé fermée fermeture"),
    ("accepte accepté autorisé", "refuse refusé interdit"),
)  # fmt: skip
OVERLAP = 0.3
"""The share of a sentence's words that one of the source must have to be what it is about."""
_LEAST_LETTERS = 4
"""Shorter words link sentences and say nothing of what they are about."""


def plain(text: str) -> str:
    """``text`` without accents and case."""
    letters = unicodedata.normalize("NFD", text.casefold().replace("œ", "oe"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def numbers(text: str) -> set[str]:
    """The figures of ``text``, each without what groups its digits: "1 200" and "1,200" are the same."""
    return {re.sub(r"\D", "", match) for match in _NUMBER.findall(text)}


def names(text: str) -> set[str]:
    """Words with a capital inside a sentence, without accents and case: names, as far as spelling tells."""
    found: set[str] = set()
    for match in _WORD.finditer(text):
        before = text[: match.start()].rstrip(" \"'«“‘(*_-–—")
        begins = not before or before[-1] in ".!?:;\n»”…•"
        if match[0][0].isupper() and not begins and len(match[0]) > 1:
            found.add(plain(match[0]))
    return found


def words(text: str) -> set[str]:
    """All words of ``text``, without accents and case."""
    return {plain(word) for word in _WORD.findall(text)}


def negations(text: str) -> bool:
    """Whether ``text`` denies something."""
    return _NEGATION.search(text) is not None


def what_is_lost(shortened: Sequence[str], source: Sequence[str]) -> str:
    """Why the sentences ``shortened`` don't keep the facts of the sentences ``source``, in words for a log; "" where
    they do."""
    whole = "\n".join(source)
    text = "\n".join(shortened)
    invented = sorted(numbers(text) - _parts(numbers(whole)))
    if invented:
        return f"invents the number {invented[0]}"
    unknown = sorted(name for name in names(text) if name not in words(whole) and not _inside(name, words(whole)))
    if unknown:
        return f"invents the name {unknown[0]}"
    for sentence in shortened:
        about = _nearest(sentence, source)
        if about and negations(sentence) != any(negations(one) for one in about):
            return f"turns round: {sentence}"
        if about and _turned(sentence, " ".join(about)):
            return f"says the opposite: {sentence}"
    return ""


def _parts(figures: set[str]) -> set[str]:
    """The figures, and those that a longer one is made of: 14 and 30 of 14:30."""
    return figures | {part for figure in figures for part in (figure[:2], figure[-2:], figure[:1]) if len(figure) > 2}


def _inside(name: str, known: set[str]) -> bool:
    """Whether ``name`` is part of a word with a hyphen or an apostrophe, or the other way round."""
    parts = set(re.split(r"[-'’]", name))
    return all(part in known or len(part) < 2 for part in parts)


def _telling(text: str) -> set[str]:
    return {word for word in words(text) if len(word) >= _LEAST_LETTERS or word.isdigit()}


def _nearest(sentence: str, source: Sequence[str]) -> list[str]:
    """The sentences of the source that ``sentence`` is about: each that has enough of its words."""
    own = _telling(sentence)
    if not own:
        return []
    shares = [(len(own & _telling(one)) / len(own), one) for one in source]
    best = max((share for share, _ in shares), default=0.0)
    return [one for share, one in shares if share >= max(OVERLAP, 0.6 * best)]


def _turned(sentence: str, about: str) -> bool:
    """Whether a word of ``sentence`` has its opposite in ``about``, and not itself."""
    own, theirs = words(sentence), words(about)
    for one, other in _OPPOSITES:
        for mine, opposite in ((one, other), (other, one)):
            said = own & {plain(word) for word in mine.split()}
            same = theirs & {plain(word) for word in mine.split()}
            against = theirs & {plain(word) for word in opposite.split()}
            if said and against and not same:
                return True
    return False
