"""Finds how French words are pronounced: by the lexicon, by their parts, by their letters, bound to each other.

Phonemes are those of eSpeak's French, on which Kokoro was trained: the stress stands before the last vowel of a word
that carries one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from orion_py.senses.speaking.french_letters import letters_aloud
from orion_py.senses.speaking.lexicon import Lexicon
from orion_py.senses.speaking.liaisons import before_vowel, begins_with_vowel, binding, bound

_OWN = {
    "le": "lə", "la": "la", "les": "le", "de": "də", "des": "de", "du": "dy", "je": "ʒə", "me": "mə", "te": "tə",
    "se": "sə", "ce": "sə", "ces": "se", "mes": "me", "tes": "te", "ses": "se", "ne": "nə", "que": "kə", "et": "e",
    "est": "ɛ", "un": "œ̃", "une": "yn", "en": "ɑ̃", "à": "a", "au": "o", "aux": "o", "y": "i", "ou": "u", "où": "u",
    "il": "il", "ils": "il", "elle": "ɛl", "elles": "ɛl", "on": "ɔ̃", "nous": "nu", "vous": "vu", "dans": "dɑ̃",
    "sur": "syʁ", "pour": "puʁ", "par": "paʁ", "qui": "ki", "ni": "ni", "si": "si", "monsieur": "məsjø",
    "messieurs": "mesjø", "madame": "madam", "plus": "ply", "tous": "tu", "six": "sis", "dix": "dis", "huit": "ɥit",
    "cinq": "sɛ̃k", "vingt": "vɛ̃", "cent": "sɑ̃", "fils": "fis", "os": "ɔs", "femme": "fam", "femmes": "fam",
    "août": "ut", "ville": "vil", "villes": "vil", "mille": "mil", "tranquille": "tʁɑ̃kil", "ai": "e", "eu": "y",
    "eut": "y", "eue": "y", "eus": "y", "gens": "ʒɑ̃", "pays": "pei", "œufs": "ø", "bœufs": "bø", "leurs": "lœʁ",
    "t": "t", "l": "l", "d": "d", "j": "ʒ", "m": "m", "s": "s", "c": "s", "n": "n", "qu": "k", "jusqu": "ʒysk",
    "lorsqu": "lɔʁsk", "puisqu": "pɥisk", "quelqu": "kɛlk", "presqu": "pʁɛsk", "aujourd": "oʒuʁd",
}  # fmt: skip
"""Words whose entry in a lexicon isn't how they are said in a sentence, and elided ones."""
_BEFORE_CONSONANT = {"six": "si", "dix": "di", "huit": "ɥi"}
_ATONIC_TEXT = (
    "le la les l de des d du je j me m te t se s ce c cet cette ces mes tes ses mon ton son nos vos notre votre "
    "leur leurs ne n que qu et est un une en à au aux y ou il ils elle elles on nous vous tu dans sur pour par qui "
    "ni si sous sans chez avec mais donc car a ai as ont sont"
)
_ATONIC = frozenset(_ATONIC_TEXT.split())
"""Words without stress within a sentence."""
_LETTERS = {
    "a": "a", "b": "be", "c": "se", "d": "de", "e": "ə", "f": "ɛf", "g": "ʒe", "h": "aʃ", "i": "i", "j": "ʒi",
    "k": "ka", "l": "ɛl", "m": "ɛm", "n": "ɛn", "o": "o", "p": "pe", "q": "ky", "r": "ɛʁ", "s": "ɛs", "t": "te",
    "u": "y", "v": "ve", "w": "dubləve", "x": "iks", "y": "iɡʁɛk", "z": "zɛd",
}  # fmt: skip
_VOWEL = re.compile(r"[aɑeɛəiyuoɔøœ]\u0303?")


class French:
    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon

    def phonemes(self, words: Sequence[str]) -> list[str]:
        """The phonemes of each word of a sentence, in order, with the liaisons between them; "" stands for a pause,
        over which nothing binds. Parts of a word that a hyphen or an apostrophe joins are said as one."""
        found = [self._parts(word) for word in words]
        flat = [(index, part, joined) for index, parts in enumerate(found) for part, joined in parts]
        sounds = [self._sound(part) for _, part, _ in flat]
        said = ["" for _ in words]
        for at, (index, part, _) in enumerate(flat):
            following = flat[at + 1] if at + 1 < len(flat) else None
            if following is not None and any(not words[between] for between in range(index + 1, following[0])):
                following = None
            sound = self._in_context(part, sounds[at], following, sounds[at + 1] if following else "")
            said[index] += sound if part.lower() in _ATONIC and following else _stressed(sound)
        return [_one_stress(each) for each in said]

    def _in_context(self, part: str, sound: str, following: tuple[int, str, bool] | None, next_sound: str) -> str:
        word = part.lower()
        if following is None:
            return "tus" if word == "tous" else sound
        _, after, joined = following
        if consonant := binding(word, after.lower(), next_sound, joined):
            if word in _BEFORE_CONSONANT and consonant == "z":
                return _BEFORE_CONSONANT[word] + consonant
            return bound(word, sound, consonant)
        if begins_with_vowel(after.lower(), next_sound):
            return before_vowel(word) or sound
        if word == "vingt" and joined:
            return "vɛ̃t"
        return _BEFORE_CONSONANT.get(word, sound) if not joined else sound

    def _parts(self, word: str) -> list[tuple[str, bool]]:
        """A word in the parts that are looked up, each with whether a hyphen or an apostrophe joins it to the one
        before."""
        if not word:
            return []
        if word.lower() in self._lexicon and "-" not in word and "'" not in word:
            return [(word, False)]
        if word.lower() in ("aujourd'hui", "c'est-à-dire", "quelqu'un", "rendez-vous", "peut-être", "d'abord"):
            return [(part, at > 0) for at, part in enumerate(re.split(r"['-]", word))]
        whole = "-" in word and "'" not in word and self._lexicon.get(word.lower())
        return [(word, False)] if whole else [(part, at > 0) for at, part in enumerate(re.split(r"['-]", word)) if part]

    def _sound(self, part: str) -> str:
        word = unicodedata.normalize("NFC", part).lower()
        if part.isupper() and len(part) > 1:
            return self._acronym(part)
        if len(word) == 1 and word not in _OWN and word in _LETTERS:
            return _LETTERS[word]
        return _OWN.get(word) or self._lexicon.get(word) or self._unknown(word)

    def _acronym(self, letters: str) -> str:
        """Read as a word where it can be and people know it as one; else letter by letter."""
        word = letters.lower()
        known = _OWN.get(word) or self._lexicon.get(word)
        if known and len(word) > 3:
            return known
        vowels = sum(letter in "aeiouy" for letter in word)
        if (
            len(word) > 3
            and vowels * 3 >= len(word)
            and not re.search(r"[^aeiouy]{3}|^[^aeiouy]{2}(?<![bcdfgptv][rl])", word)
        ):
            return letters_aloud(word)
        return "".join(_LETTERS.get(_bare(letter), "") for letter in word)

    def _unknown(self, word: str) -> str:
        if len(word) > 3 and word.endswith(("s", "x")) and (stem := self._lexicon.get(word[:-1])):
            return stem  # a plural sounds as its singular
        if not any(_bare(letter) in "aeiouy" for letter in word):
            return "".join(_LETTERS.get(_bare(letter), "") for letter in word)
        return letters_aloud(word)


def _bare(letter: str) -> str:
    return unicodedata.normalize("NFD", letter)[:1]


def _stressed(sound: str) -> str:
    """With a stress before the last vowel that isn't a schwa."""
    vowels = [match for match in _VOWEL.finditer(sound) if match[0] != "ə"] or list(_VOWEL.finditer(sound))
    return sound if not vowels else f"{sound[: vowels[-1].start()]}ˈ{sound[vowels[-1].start() :]}"


def _one_stress(sound: str) -> str:
    """Of the stresses of a word in parts, the last alone."""
    head, mark, tail = sound.rpartition("ˈ")
    return head.replace("ˈ", "") + mark + tail
