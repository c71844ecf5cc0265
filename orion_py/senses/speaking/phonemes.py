"""Turns a text into the phonemes of its sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from orion_py.language.function_words import french_or_english
from orion_py.senses.speaking.catalogue import Language
from orion_py.senses.speaking.english_wording import english_words
from orion_py.senses.speaking.french_wording import french_words
from orion_py.senses.speaking.markup import paragraphs
from orion_py.senses.speaking.sentences import pieces, sentences

MOST_CHARACTERS = 300
"""Of what is said in one go, in words: what is longer is cut at a clause."""

_WORDS: Mapping[str, Callable[[str], str]] = {"en": english_words, "fr": french_words}
_TOKEN = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*['’]?|[.!?…]+|[,;:—–()\"«»“”]")
_PAUSES = {
    ",": ",", ";": ";", ":": ":", "—": "—", "–": "—", "(": ",", ")": ",", "«": "", "»": "", "“": "", "”": "", '"': "",
}  # fmt: skip

Pronounce = Callable[[Sequence[str]], list[str]]
"""The phonemes of each word of a sentence; "" among the words is a pause."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What is said in one go. ``text``: as it was written; ``words``: as it is said."""

    text: str
    words: str


def language_of(text: str, likely: str = "en") -> Language:
    """ "fr" or "en", by its function words; ``likely`` where they don't tell."""
    return "fr" if french_or_english(text, likely).startswith("fr") else "en"


def utterances(text: str, language: Language) -> list[Utterance]:
    """The sentences of a text in Markdown, in order; long ones in parts."""
    found = []
    for paragraph in paragraphs(text):
        for sentence in sentences(paragraph):
            for part in pieces(sentence, MOST_CHARACTERS):
                words = _WORDS[language](part)
                found += [Utterance(part, said) for said in pieces(words, MOST_CHARACTERS) if _TOKEN.search(said)]
    return found


def phonemes_of(words: str, pronounce: Pronounce) -> str:
    """The phonemes of a sentence in words, with a space between words and its punctuation."""
    tokens = _TOKEN.findall(words)
    spoken = [token.rstrip("'’").replace("’", "'") if token[0].isalpha() else "" for token in tokens]
    sounds = pronounce(spoken)
    said = ""
    for token, word, sound in zip(tokens, spoken, sounds, strict=True):
        if word:
            said += f" {sound}" if sound else ""
        else:
            mark = _PAUSES.get(token, token[-1])
            said = said.rstrip(",;: ") + mark if mark else said
    return said.strip()
