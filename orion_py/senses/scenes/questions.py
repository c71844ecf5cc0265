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
Subject = Literal["kinds", "people", "objects", "text", "lines", "words", "unknown"]

_THINGS = r"(?:animal|object|thing|fruit|food|dish|vegetable|vehicle|plant|flower|bird|insect|building)s?"
_CHOSES = (
    r"(?:animal|animaux|objets?|choses?|fruits?|plats?|legumes?|vehicules?|plantes?|fleurs?|oiseaux?|insectes?|"
    r"batiments?)"
)
_PATTERNS: tuple[tuple[Wish, tuple[str, ...]], ...] = (
    (
        "beyond",
        (
            r"who (?:is|are|was|took|made|wrote)\b|whose\b|how old\b|how (?:tall|heavy|far)\b|when was\b",
            r"why (?:is|are|does|do)\b|where (?:was|were) (?:it|this|the)\b",
            r"what (?:emotion|mood|brand|breed|species|time of (?:day|year)|country|city|year)\b",
            r"(?:is|are) (?:he|she|they|the (?:man|woman|person|people)) (?:\w+ing|happy|sad|angry|male|female)\b",
            r"(?:is|are) (?:he|she|they|the|this|that)\b[^.?!]{0,40}\b(?:an? )?(?:man|woman|boy|girl)\b",
            r"what (?:is|are) (?:he|she|they|it|the \w+)\b[^.?!]{0,30}\b(?:doing|wearing|holding|feeling|thinking)\b",
            r"(?:what|how)(?:'s| is) the weather\b",
            r"is it (?:day|night|raining|snowing|sunny|cold|warm|hot|winter|summer)\b",
            r"(?<!ce )qui (?:est|sont|etait|a (?:pris|fait|ecrit))\b|a qui\b|quel age\b|pourquoi\b",
            r"ou (?:cette|la) photo\b|ou (?:a|ont) ete\b|quand (?:cette|la|a|est)\b",
            r"que (?:fait|font|porte|portent|tient|tiennent) (?:il|elle|l'|le |la |les |cet |cette |ce |ces )",
            r"(?:sourit|sourient|rit|rient|pleure|pleurent)-(?:t-)?(?:il|elle)s?\b",
            r"quel temps fait\b|fait-il (?:jour|nuit|beau|froid)\b",
            r"(?:est|sont)-(?:il|elle)s? (?:heureu|triste|content|fache|jeune|vieux|vieille|vieil|malade)",
            r"quelle? (?:emotion|humeur|marque|race|espece|pays|ville|annee|saison)\b",
        ),
    ),
    (
        "total",
        (
            r"(?:the|grand) total\b|total (?:amount|price|cost|sum)\b|total\s*\?|sum of\b",
            r"how much (?:is|was|did|do|does|must|should)\b|(?:add|sum) (?:it|them|this|that|these|those|up|the)\b",
            r"(?:the|what) price\b|prices? of\b|price\s*\?|prix d(?:e|u|es)\b|le prix\b|quel prix\b",
            r"(?:le|du|au) total\b|montant\b|a payer\b|combien (?:ca|cela|dois|faut|ai|a|coute|coutent|est)\b",
            r"combien (?:je|on|tu) (?:dois|doit|paie|paye)\b|(?:ca|cela|c') ?(?:fait|est|coute) combien\b(?! d)",
            r"additionne\b|fais la somme\b|la somme\b|somme des\b",
        ),
    ),
    (
        "code",
        (
            r"qr\b|bar ?codes?\b|code[- ]barres?\b|scan(?:ne|nez|ner)?\b[^.?!]{0,20}\bcodes?\b",
            r"(?:does|is in) (?:the|this|that) code\b",
            r"(?:contient|mene|dit) (?:le|ce) code\b|ce code (?:contient|mene|dit)\b",
        ),
    ),
    (
        "count",
        (
            r"how many\b|number of\b|count (?:the|all|how)\b",
            r"combien\b[^.?!]{0,30}?\bd(?:e\b|es\b|')|nombre d(?:e\b|')|compte (?:les|tous)\b",
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
            r"(?<!qu')y a[- ]t[- ]il\b(?! d'ecrit)|(?<!qu'est-ce qu')(?<!qu'est ce qu')il y a\b",
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
            r"(?:ca|cela) dit quoi\b|(?:on|tu|vous) (?:lit|lis|lisez)\b|(?:peut|peux|pouvez)[- ](?:on|tu|vous) lire\b",
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
            rf"(?:what|which) (?:(?:kinds?|types?|sorts?) of )?{_THINGS}\b",
            rf"quel(?:le)?s? (?:(?:sortes?|types?) d(?:e |'))?{_CHOSES}\b",
            rf"de quel(?:le)?s? {_CHOSES}\b",
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
_TEXTS = re.compile(r"\b(?:text|words?|writing|written|letters|texte|mots?|ecritures?|inscriptions?)\b|\bd'ecrit\b")
_LINES = re.compile(r"\b(?:lines?|lignes?)\b")
_WORD_COUNT = re.compile(r"\b(?:words?|mots?)\b")
_COLOURED = re.compile(
    r"\b(?:black|white|gr[ea]y|red|orange|yellow|green|blue|purple|pink|brown)\b|\b(?:noir|blanche?|gris|rouge|jaune|"
    r"vert|bleu|violet|rose|marron)(?:te|e)?s?\b"
)
_NO_THING = re.compile(
    r"\b(?:tele)?phone (?:number|no)s?\b|\bnumeros? de (?:tele)?phone\b|\bon lit\b|\blit-on\b|\borange juice\b"
)
"""Words that contain a kind's name and mean something else."""
_IS_ONE = re.compile(
    r"^(?:and |so |or |but |et |alors |ou |mais )?(?:"
    r"(?:is|are|was|were) (?:(?:this|that|it|these|those|they)(?: an?| any| some| the)?|an?|any|some)|any|an?|"
    r"(?:can|could|do|did) you (?:see|find|spot|recogni[sz]e)(?: an?| any| some| the)?|"
    r"(?:est-ce que )?(?:c'est|est-ce|ce sont|sont-ce|tu vois|vous voyez|on voit|vois-tu|voyez-vous|voit-on)"
    r"(?: bien)?(?: une?| des| les?| la)?|une?|des)"
    r" (?:\w+ )?§"
)
"""A question whether there is one of a kind, whose name § stands for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted, and of what. ``task``: a language model has to work on the text. ``kinds``: those that the
    question names and the detector knows, by their numbers. ``subject``: "kinds", "people" (where the question tells
    men from women, which no detector does), "objects", "text", "lines", "words" or "unknown". ``coloured``: a colour is
    named. ``plain``: the question, as ``plainly`` makes it."""

    wish: Wish
    task: bool
    kinds: tuple[Name, ...]
    subject: Subject
    coloured: bool
    plain: str


def asked(question: str, known: Sequence[Name], language: Language) -> Asked:
    """What ``question``, in ``language``, wants. ``known``: what the detector tells apart, a person first."""
    plain = re.sub(r"\bwhats\b", "what's", plainly(question)).strip()
    task = bool(_TASK.search(plain))
    wish = wish_of(plain)
    kinds, marked = _kinds(_NO_THING.sub(" ", plain), known, language)
    coloured = bool(_COLOURED.search(plain))
    if _PEOPLE.search(marked):
        kinds = (known[0], *(name for name in kinds if name is not known[0]))
        marked = _PEOPLE.sub("§", marked)
    if wish == "other" and kinds and not task:
        wish = "colour" if coloured else "presence" if _IS_ONE.search(marked) else wish
    return Asked(wish, task, kinds, _subject(plain, wish, bool(kinds)), coloured, plain)


def wish_of(plain: str) -> Wish:
    """What a question, as ``plainly`` makes it, wants by its words alone."""
    return next((wish for wish, pattern in _COMPILED if pattern.search(plain)), "other")


def _subject(plain: str, wish: Wish, kinds: bool) -> Subject:
    if kinds:
        return "people" if _PEOPLE.search(plain) and not _PERSON_ONLY.search(plain) else "kinds"
    if _WORD_COUNT.search(plain) and wish == "count":
        return "words"
    if _TEXTS.search(plain):
        return "text"
    if _LINES.search(plain):
        return "lines"
    return "objects" if _EVERYTHING.search(plain) else "unknown"


def plainly(text: str) -> str:
    """In lower case, without accents, with plain apostrophes."""
    folded = unicodedata.normalize("NFD", text.lower().replace("’", "'"))
    return "".join(character for character in folded if not unicodedata.combining(character))


def _kinds(plain: str, known: Sequence[Name], language: Language) -> tuple[tuple[Name, ...], str]:
    """The kinds that a question names, in the singular or the plural. Of "mobile phone" the last word is enough in
    English, of "téléphone portable" the first one in French, where that word alone isn't another kind. The longest
    name counts: a hot dog is no dog. With them the question, where "§" stands for each."""
    full = {plainly(word): name for name in known for word in (name.french if language == "fr" else name.english)}
    words = dict(full)
    for word, name in full.items():
        parts = word.split()
        short = parts[0 if language == "fr" else -1]
        if len(parts) == 2 and short not in _MEANS_MORE:
            words.setdefault(short, name)
    found = []
    for word in sorted(words, key=len, reverse=True):
        plain, count = re.subn(rf"\b{re.escape(word)}\b", "§", plain)
        if count:
            found.append(words[word])
    return tuple(name for name in known if name in found), plain


_MEANS_MORE_TEXT = """
light lights glass glasses control controls sign signs meter meters plant plants oven ovens bear bears dryer dryers
hydrant mouse mice bat bats glove gloves table tables plante plantes hot panneau panneaux
"""
_MEANS_MORE = frozenset(_MEANS_MORE_TEXT.split())
"""Parts of a kind's name that alone mean more than the kind."""
