"""Finds how English words are pronounced: by the lexicon, by their stems and parts, by their letters.

Phonemes are those that Kokoro was trained on, for American English (one letter each; A, I, O, W and Y are the
diphthongs of "day", "my", "go", "now" and "boy", ʤ and ʧ the consonants of "judge" and "church"). ``to_espeak`` turns
them into eSpeak's, which Piper's voices were trained on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from orion_py.senses.speaking.lexicon import Lexicon

VOWELS = frozenset("AIOQWYaiuæɑɒɔəɛɜɪʊʌᵻᵊɐ")
_STRESS = "ˈˌ"
_FLAPPED = frozenset("AIOWYiuæɑəɛɪɹʊʌ")
"""Before a t that American English makes a tap of."""
_WEAK = {
    "a": "ɐ", "an": "ɐn", "am": "ɐm", "i": "ˌI", "in": "ɪn", "of": "ʌv", "and": "ænd", "for": "fɔɹ", "at": "æt",
    "from": "fɹʌm", "but": "bʌt", "as": "æz", "is": "ɪz", "it": "ɪt", "are": "ɑɹ", "was": "wʌz", "with": "wɪð",
    "that": "ðæt", "be": "bi", "or": "ɔɹ", "if": "ɪf", "his": "hɪz", "her": "hɜɹ", "you": "ju", "he": "hi", "we": "wi",
    "she": "ʃi", "they": "ðA", "your": "jʊɹ", "its": "ɪts", "on": "ˌɔn", "by": "bI", "my": "mI", "our": "ˌWəɹ",
    "has": "hæz", "had": "hæd", "have": "hæv", "can": "kæn", "will": "wɪl", "would": "wʊd", "could": "kʊd",
    "should": "ʃʊd", "were": "wɜɹ", "been": "bɪn", "their": "ðɛɹ", "them": "ðɛm", "us": "ʌs", "me": "mi", "him": "hɪm",
}  # fmt: skip
"""Function words as they are said within a sentence, without stress."""
_LETTERS_APART = ("US", "UK", "EU", "IT", "AM", "PM")
"""Which are words, too, in small letters."""
_BEFORE_VERBS_TEXT = (
    "to i you we they who will would can could should may might must shall don't doesn't didn't won't let's cannot "
    "can't please not"
)
_BEFORE_VERBS = frozenset(_BEFORE_VERBS_TEXT.split())
_BEFORE_NOUNS_TEXT = "the a an this that my your his her its our their some any no each every of"
_BEFORE_NOUNS = frozenset(_BEFORE_NOUNS_TEXT.split())
_PAST_TEXT = "have has had was were been be is are i've you've we've they've he's she's already never"
_PAST = frozenset(_PAST_TEXT.split())
_PARTS = 4
"""The least letters of a part of a compound."""

Guess = Callable[[str], str]
"""The phonemes of a word that nothing knows, by its letters a to z."""


class English:
    """``guess``: for words that neither the lexicon nor a stem knows."""

    def __init__(self, lexicon: Lexicon, guess: Guess) -> None:
        self._lexicon, self._guess = lexicon, guess
        self._found: dict[str, str] = {}

    def phonemes(self, words: Sequence[str]) -> list[str]:
        """The phonemes of each word of a sentence, in order. Punctuation is no word."""
        said: list[str] = []
        for at in reversed(range(len(words))):
            follows = said[-1].lstrip(_STRESS)[:1] if said else ""
            before = words[at - 1].lower() if at else ""
            said.append(self._word(words[at], before, follows))
        return said[::-1]

    def _word(self, word: str, before: str, follows: str) -> str:
        lower = word.lower()
        if lower == "the":
            return "ði" if follows in VOWELS and follows else "ðə"
        if lower == "to":
            return "tʊ" if follows in VOWELS and follows else "tə" if follows else "tˈu"
        if lower in _WEAK and follows and (word == lower or word == lower.capitalize()):
            return _WEAK[lower]
        return _chosen(self._known(word), before, bool(follows))

    def _known(self, word: str) -> str:
        """The entry of a word: its phonemes, with those of a part of speech behind ";VERB:" and the like."""
        found = self._found.get(word)
        if found is None:
            if len(self._found) > 2000:
                self._found.clear()
            found = self._found[word] = self._looked_up(word)
        return found

    def _looked_up(self, word: str) -> str:
        bare = word.strip("'")
        if not bare:
            return ""
        if bare in _LETTERS_APART:
            return self._spelled(bare)
        if bare.isupper() and (len(bare) > 1 or bare != "I"):
            # The lexicon has the acronyms that are read as words. What is written large for emphasis is a word.
            found = self._lexicon.get(bare)
            if found is None and len(bare) > 3:
                found = self._entry(bare.lower())
            return found or self._spelled(bare)
        return self._entry(bare) or self._entry(bare.lower()) or self._unknown(bare)

    def _entry(self, word: str) -> str | None:
        found = self._lexicon.get(word)
        if found is not None or word != word.lower():
            return found
        return self._lexicon.get(word.capitalize()) or self._inflected(word)

    def _stem(self, word: str) -> str | None:
        if len(word) < 2:
            return None
        found = self._lexicon.get(word) or self._lexicon.get(word.capitalize())
        return None if found is None else found.partition(";")[0]

    def _inflected(self, word: str) -> str | None:
        """By a stem that the lexicon has: plural, possessive, past, -ing, -er, -est, -ly, -ness, -less, un-, re-."""
        if word.endswith("'s"):
            found = self._stem(word[:-2]) or self._inflected(word[:-2])
            return found and _with_s(found)
        if word.endswith("s'"):
            return self._stem(word[:-1]) or self._inflected(word[:-1])
        if word.endswith("s") and not word.endswith("ss"):
            stems = (
                word[:-1],
                word[:-2] if word.endswith("es") else "",
                word[:-3] + "y" if word.endswith("ies") else "",
            )
            return next((_with_s(found) for found in map(self._stem, stems) if found), None)
        for ending, made in _ENDINGS:
            if word.endswith(ending) and len(word) > len(ending) + 2:
                found = next(filter(None, map(self._stem, _stems_of(word[: -len(ending)]))), None)
                if found:
                    return made(found)
        for beginning, said in (("un", "ˌʌn"), ("re", "ɹˌi"), ("non", "nˌɑn"), ("pre", "pɹˌi"), ("over", "ˌOvəɹ")):
            rest = word.removeprefix(beginning)
            if 3 < len(rest) < len(word) and (found := self._stem(rest)):
                return said + found
        return None

    def _unknown(self, word: str) -> str:
        parts = [part for part in re.split(r"(?<=[a-z])(?=[A-Z])|[-'’]", word) if part]
        if len(parts) > 1:
            return "".join(self._known(part).partition(";")[0] for part in parts)
        lower = _plain_letters(word.lower())
        if not lower:
            return ""
        for cut in range(_PARTS, len(lower) - _PARTS + 1):
            first, second = self._stem(lower[:cut]), self._stem(lower[cut:])
            if first and second:
                return first + second.replace("ˈ", "ˌ")
        if not VOWELS_OF_LETTERS & set(lower):
            return self._spelled(lower.upper())
        if lower.endswith("s") and not lower.endswith("ss") and len(lower) > 4 and (stem := self._guess(lower[:-1])):
            return _with_s(stem)
        return self._guess(lower)

    def _spelled(self, letters: str) -> str:
        """Letter by letter, with the stress on the last."""
        said = [self._lexicon.get(letter) or "" for letter in _plain_letters(letters.lower()).upper()]
        said = [each.partition(";")[0].replace("ˈ", "ˌ") for each in said]
        if said:
            said[-1] = said[-1].replace("ˌ", "ˈ")
        return "".join(said)


VOWELS_OF_LETTERS = set("aeiouy")


def _chosen(entry: str, before: str, follows: bool) -> str:
    """Of what an entry has by the part of speech, what the word before makes likely."""
    default, *others = entry.split(";")
    by_part = dict(other.split(":", 1) for other in others)
    if not follows and "None" in by_part:
        return by_part["None"]
    if before in _PAST and (past := by_part.get("VBN") or by_part.get("VBD")):
        return past
    if before in _BEFORE_VERBS and (verb := by_part.get("VERB") or by_part.get("VB") or by_part.get("VBP")):
        return verb
    if before in _BEFORE_NOUNS and (noun := by_part.get("NOUN") or by_part.get("NN")):
        return noun
    return default


def _stems_of(rest: str) -> tuple[str, ...]:
    """What a word may have been before an ending came: hop-ping, mak-ing, happi-ly."""
    stems = [rest, rest + "e"]
    if len(rest) > 2 and rest[-1] == rest[-2]:
        stems.append(rest[:-1])
    if rest.endswith("i"):
        stems.append(rest[:-1] + "y")
    return tuple(stems)


def _with_s(stem: str) -> str:
    last = stem[-1]
    return stem + ("s" if last in "ptkfθ" else "ᵻz" if last in "szʃʒʧʤ" else "z")


def _with_ed(stem: str) -> str:
    if stem[-1] == "t" and len(stem) > 1 and stem[-2] in _FLAPPED:
        return stem[:-1] + "ɾᵻd"
    return stem + ("ᵻd" if stem[-1] in "td" else "t" if stem[-1] in "pkfθʃsʧ" else "d")


def _with_vowel(ending: str) -> Callable[[str], str]:
    def made(stem: str) -> str:
        flapped = stem[-1] == "t" and len(stem) > 1 and stem[-2] in _FLAPPED
        return (stem[:-1] + "ɾ" if flapped else stem) + ending

    return made


def _with_consonant(ending: str) -> Callable[[str], str]:
    return lambda stem: stem + ending


def _with_ly(stem: str) -> str:
    return (stem[:-2] if stem.endswith("ᵊl") else stem[:-1] if stem.endswith("l") else stem) + "li"


_ENDINGS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("ings", _with_vowel("ɪŋz")), ("ing", _with_vowel("ɪŋ")), ("ed", _with_ed), ("ers", _with_vowel("əɹz")),
    ("est", _with_vowel("ᵻst")), ("er", _with_vowel("əɹ")), ("ly", _with_ly), ("ness", _with_consonant("nəs")),
    ("less", _with_consonant("ləs")), ("ful", _with_consonant("fᵊl")), ("ment", _with_consonant("mənt")),
    ("able", _with_vowel("əbᵊl")), ("ism", _with_vowel("ˌɪzəm")), ("ist", _with_vowel("ɪst")), ("y", _with_vowel("i")),
)  # fmt: skip


def _plain_letters(word: str) -> str:
    """Letters a to z: accents go, other scripts too."""
    return "".join(letter for letter in unicodedata.normalize("NFD", word) if "a" <= letter <= "z")


_TO_ESPEAK = {
    "A": "eɪ", "I": "aɪ", "O": "oʊ", "W": "aʊ", "Y": "ɔɪ", "Q": "əʊ", "ʤ": "dʒ", "ʧ": "tʃ", "ᵊ": "ə", "T": "ɾ",
}  # fmt: skip


def to_espeak(phonemes: str) -> str:
    """Kokoro's phonemes of a word as eSpeak's en-us has them."""
    text = phonemes.replace("ɜɹ", "ɜː").replace("əɹ", "ɚ")
    text = re.sub(r"[uɑɔ](?!ː)", lambda match: f"{match[0]}ː", text)
    text = re.sub(r"(?<=[ˈˌ])i", "iː", text)
    return "".join(_TO_ESPEAK.get(letter, letter) for letter in text)
