"""Recognizes what a question wants to know of a picture, in English and in French."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from orion_py.senses.scenes.labels import Language, Name

Wish = Literal["total", "code", "count", "presence", "place", "colour", "read", "describe", "beyond", "other"]
"""``beyond``: what no detector of ours tells, such as who a person is. ``other``: nothing of all this."""

_PATTERNS: tuple[tuple[Wish, tuple[str, ...]], ...] = (
    (
        "beyond",
        (
            r"who (?:is|are|was|took|made|wrote)\b|whose\b|how old\b|how (?:tall|heavy|far)\b|when was\b",
            r"why (?:is|are|does|do)\b|where (?:was|were) (?:it|this|the)\b",
            r"what (?:emotion|mood|brand|breed|species|time of (?:day|year)|country|city|year)\b",
            r"(?:is|are) (?:he|she|they|the (?:man|woman|person|people)) (?:\w+ing|happy|sad|angry|male|female)\b",
            r"(?<!ce )qui (?:est|sont|etait|a (?:pris|fait|ecrit))\b|a qui\b|quel age\b|pourquoi\b",
            r"ou (?:cette|la) photo\b|quand (?:cette|la|a|est)\b",
            r"quelle? (?:emotion|humeur|marque|race|espece|pays|ville|annee|saison)\b",
        ),
    ),
    (
        "total",
        (
            r"(?:the|grand) total\b|total (?:amount|price|cost|sum)\b|total\s*\?|sum of\b",
            r"how much (?:is|was|did|do|does|must|should)\b|(?:add|sum) (?:it|them|this|that|these|those|up|the)\b",
            r"(?:le|du|au) total\b|montant\b|a payer\b|combien (?:ca|cela|dois|faut|ai|a|coute|coutent|est)\b",
            r"additionne\b|fais la somme\b|la somme\b|somme des\b",
        ),
    ),
    ("code", (r"qr\b|bar ?codes?\b|code[- ]barres?\b",)),
    (
        "count",
        (
            r"how many\b|number of\b|count (?:the|all|how)\b",
            r"combien d(?:e\b|')|nombre d(?:e\b|')|compte (?:les|tous)\b",
        ),
    ),
    ("place", (r"where(?:'s| is| are)\b|ou (?:est|sont|se trouve|se trouvent)\b",)),
    (
        "colour",
        (
            r"(?:what|which) colou?rs?\b|what(?:'s| is| are) the (?:main )?colou?rs?\b",
            r"quelles? (?:est la |sont les )?couleurs?\b|de quelle couleur\b",
        ),
    ),
    (
        "presence",
        (
            r"(?:is|are) there\b|(?:do|can) you see (?:a|an|any|some)\b",
            r"does (?:it|this|the (?:picture|image|photo)) (?:show|contain|have)\b",
            r"(?<!qu')y a[- ]t[- ]il\b(?! d'ecrit)|(?<!qu')il y a\b",
            r"(?:vois|voyez)[- ](?:tu|vous) (?:un|une|des)\b|tu vois (?:un|une|des)\b",
        ),
    ),
    (
        "read",
        (
            r"what (?:does|do|did) (?:it|this|that|these|those|the|my|your|our)\b[^.?!]{0,60}?\b(?:say|read)\b",
            r"what(?:'s| is| was)? (?:it )?(?:written|printed)\b",
            r"(?:read|transcribe|copy) (?:it|this|that|the|all|me|out|aloud|what|everything)\b",
            r"extract (?:the )?text\b|ocr\b",
            r"what (?:is|'s) (?:the|this) text\b|(?:what|which) (?:text|words)\b",
            r"(?:que|qu'est-ce que?) (?:dit|disent|ca dit|cela dit)\b|qu'?est[- ]ce qui est (?:ecrit|marque)\b",
            r"qu'?y a[- ]t[- ]il d'ecrit\b|(?:lis|lire|lisez|transcris|recopie)\b",
            r"qu(?:el|els) (?:est le )?(?:texte|mots)\b|ecrit\s*\?|(?:c'est|y a|est) (?:d')?ecrit\b",
        ),
    ),
    (
        "describe",
        (
            r"describe\b",
            r"what (?:is|do you see|can you see|does (?:it|this|the \w+) show)\b.*\b(?:in|on|here|this|it|see|show)\b",
            r"what's (?:this|that|it|here|in|on)\b|what do you see\b|tell me (?:about|what)\b|what objects\b",
            r"decris\b|decri(?:vez|re)\b|que (?:vois|voyez|montre|represente)\b|c'est quoi\b|quels objets\b",
            r"qu'?est[- ]ce que (?:c'est|tu vois|vous voyez|ca montre)\b|qu'?(?:y a[- ]t[- ]il|est[- ]ce qu'il y a)\b",
        ),
    ),
)
_COMPILED = tuple((wish, re.compile("|".join(rf"\b(?:{part})" for part in parts))) for wish, parts in _PATTERNS)
_TASK = re.compile(
    r"\btranslat|\bsummar|\bexplain|\brewrite|\bcorrect\b|\btradui|\btraduction|\bresum|\bexplique|\breecri|\bcorrige"
)
"""What a language model does with the text that was read."""
_PEOPLE = re.compile(
    r"\b(?:persons?|people|humans?|m[ae]n|wom[ae]n|child(?:ren)?|kids?|boys?|girls?)\b"
    r"|\b(?:personnes?|gens|hommes?|femmes?|enfants?|garcons?|filles?)\b"
)
_PERSON_ONLY = re.compile(r"\b(?:persons?|people|humans?|personnes?|gens)\b")
_EVERYTHING = re.compile(r"\b(?:objects?|things?|items?|objets?|choses?)\b")
_TEXTS = re.compile(r"\b(?:text|words?|writing|letters|texte|mots?|ecritures?|inscriptions?)\b")
_LINES = re.compile(r"\b(?:lines?|lignes?)\b")
_WORD_COUNT = re.compile(r"\b(?:words?|mots?)\b")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted, and of what. ``task``: a language model has to work on the text. ``kinds``: those that the
    question names and the detector knows, by their numbers. ``subject``: "kinds", "people" (where the question tells
    men from women, which no detector does), "objects", "text", "lines", "words" or "unknown"."""

    wish: Wish
    task: bool
    kinds: tuple[Name, ...]
    subject: Literal["kinds", "people", "objects", "text", "lines", "words", "unknown"]


def asked(question: str, known: Sequence[Name], language: Language) -> Asked:
    """What ``question``, in ``language``, wants. ``known``: what the detector tells apart, a person first."""
    plain = plainly(question)
    task = bool(_TASK.search(plain))
    wish: Wish = next((wish for wish, pattern in _COMPILED if pattern.search(plain)), "other")
    kinds = _kinds(plain, known, language)
    if _PEOPLE.search(plain):
        kinds = (known[0], *(name for name in kinds if name is not known[0]))
        people = not _PERSON_ONLY.search(plain)
        return Asked(wish, task, kinds, "people" if people else "kinds")
    if kinds:
        return Asked(wish, task, kinds, "kinds")
    if _WORD_COUNT.search(plain) and wish == "count":
        return Asked(wish, task, (), "words")
    if _TEXTS.search(plain):
        return Asked(wish, task, (), "text")
    if _LINES.search(plain):
        return Asked(wish, task, (), "lines")
    return Asked(wish, task, (), "objects" if _EVERYTHING.search(plain) else "unknown")


def plainly(text: str) -> str:
    """In lower case, without accents, with plain apostrophes."""
    folded = unicodedata.normalize("NFD", text.lower().replace("’", "'"))
    return "".join(character for character in folded if not unicodedata.combining(character))


def _kinds(plain: str, known: Sequence[Name], language: Language) -> tuple[Name, ...]:
    """The kinds that a question names, in the singular or the plural. Of "mobile phone" the last word is enough in
    English, of "téléphone portable" the first one in French, where that word alone isn't another kind. The longest
    name counts: a hot dog is no dog."""
    full = {plainly(word): name for name in known for word in (name.french if language == "fr" else name.english)}
    words = dict(full)
    for word, name in full.items():
        parts = word.split()
        short = parts[0 if language == "fr" else -1]
        if len(parts) == 2 and short not in _MEANS_MORE:
            words.setdefault(short, name)
    found = []
    for word in sorted(words, key=len, reverse=True):
        plain, count = re.subn(rf"\b{re.escape(word)}\b", " ", plain)
        if count:
            found.append(words[word])
    return tuple(name for name in known if name in found)


_MEANS_MORE_TEXT = """
light lights glass glasses control controls sign signs meter meters plant plants oven ovens bear bears dryer dryers
hydrant mouse mice bat bats glove gloves table tables plante plantes hot
"""
_MEANS_MORE = frozenset(_MEANS_MORE_TEXT.split())
"""Parts of a kind's name that alone mean more than the kind."""
