"""Decides how many repetitions are a loop: by what was asked, and by what repeats.

Two repetitions of a sentence are a loop in a letter, but not in a song. The question says most: it asks for a number
of times, for a song, or quotes a poem with a refrain. What repeats says the rest: rows of zeros, rules of dashes and
lines of code repeat by nature, so they may repeat more often.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby

COPIES = 3
"""A thing said, and two repetitions of it."""
LOOSE = 8
"""Copies of what changes a new word each time, as the items of a list do; there are seven days in a week."""
DATA, RECORDS = 32, 16
"""Lines that are mostly figures, or code, with other figures or names in each; and of these the ones
with some words that stay, such as those of a log."""
VERSE_COPIES, VERSE_LOOSE = 5, 10
UNCOUNTED = 8
"""Copies where repetition was asked for and no number was given."""
ONE_WORD, TWO_WORDS = 6, 5
"""Copies of a unit inside a line: "very, very, very"."""
MARKS, GLUED, CODE = 96, 48, 96
"""Tokens of a run without letters (zeros, dashes), of one without blanks ("hahaha"), and of code."""
CODE_COPIES, MARK_COPIES = 8, 16

_VERSE = re.compile(
    r"\b(?:poems?|poetry|songs?|sing|lyrics?|chorus|refrain|rhymes?|rhyming|ballad|haikus?|sonnet|limerick|rap|carol|lullaby"
    r"|verses?|stanzas?|prayer|mantra|chant|anthem|poèmes?|poésies?|chansons?|chante\w*|paroles|comptines?|rimes?|berceuse"
    r"|couplets?|strophes?|prière|hymne|slam|en vers|melody|rhythms?|beatbox|onomatop\w+|mélodies?|rythmes?)\b",
    re.IGNORECASE,
)
_REPEAT = re.compile(
    r"\b(?:repeat(?:ed(?:ly)?|ing)?|again and again|over and over|in a row|forever|non-?stop"
    r"|rép[èé]t\w*|en boucle|sans fin|d'affilée|à l'infini)\b",
    re.IGNORECASE,
)
_TIMES = re.compile(r"\b((?:\w+\s+){1,3})(?:times|copies|lines|rows|fois|exemplaires|lignes|rangées)\b", re.IGNORECASE)
_NUMBER_WORDS = {
    "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12,
    "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "hundred": 100, "thousand": 1000,
    "trois": 3, "quatre": 4, "cinq": 5, "sept": 7, "huit": 8, "neuf": 9, "dix": 10, "douze": 12, "quinze": 15,
    "vingt": 20, "trente": 30, "quarante": 40, "cinquante": 50, "cent": 100, "mille": 1000,
}  # fmt: skip
_FIRST_UNSPACED = "\u3040"
_UNSPACED = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W\d_{_UNSPACED}]+")
_STATEMENT = re.compile(
    r"^(?: {4}|\t)|^\s*(?:[|<{}\[\]#@/\\$>]|import\b|from \w+ import|def |class |return\b|assert\b|print\b"
    r"|const |let |var |echo )"
    r"|[;{}\[\]\\|]$|\w\(.*\)[,:]?$|^\s*[\w.\"'\[\]-]+\s*(?:=|:=|\+=|->|=>)|^\s*\"[^\"]*\"\s*[:,]"
)
_ENDED = re.compile(r"[.!?…][\"'”»)\]*]*(?:\s|$)|[。！？\n]")
_SENTENCES = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])|\n+")


def structured(line: str) -> bool:
    """Whether a line looks like code, a table's row or marks rather than like prose."""
    line = line.rstrip()
    if not line:
        return False
    letters = sum(c.isalpha() or c in " '’,.!?" for c in line)
    return letters < 0.6 * len(line) or bool(_STATEMENT.search(line)) or not any(map(_speaks, _WORD.findall(line)))


def _speaks(word: str) -> bool:
    """Whether ``word`` is more than a single letter, as on a board of X and O."""
    return len(word) > 1 or word >= _FIRST_UNSPACED


def plain(text: str) -> str:
    """Words alone, in small letters: what is compared with what was asked."""
    return " ".join(_WORD.findall(text.lower()))


@dataclass(frozen=True, slots=True)
class Patience:
    """``copies`` of the same line, sentence or phrase are a loop, and ``loose`` of one that changes by a
    new word each time. ``given``: the words that were asked, as ``plain``."""

    copies: int = COPIES
    loose: int = LOOSE
    given: str = ""
    most: int = 0
    """The greatest number that was asked for, of whatever: so many lines of data may look alike."""

    def copies_of(self, unit: str) -> int:
        """How often ``unit`` may be said: as often as it was, and a little more, if it was asked with."""
        words = plain(unit)
        asked = f" {self.given} ".count(f" {words} ") if words else 0
        return max(self.copies, asked + 2) if asked > 1 else self.copies

    def run(self, unit: str, period: int, in_code: bool) -> int:
        """The run of tokens, repetitions alone, from which ``unit`` of ``period`` tokens is a loop."""
        # A unit may begin inside a word, so the outermost two of several copies don't count.
        words = set(filter(_speaks, _WORD.findall(3 * unit.lower())[1:-1]))
        copies = self.copies_of(unit)
        lines = [line for line in unit.split("\n") if line.strip()]
        if not words:
            return max(MARKS, (max(MARK_COPIES, copies) - 1) * period)
        if in_code or (any(map(structured, lines)) and not _bracketed(unit)):
            return max(CODE, (max(CODE_COPIES, copies) - 1) * period)
        whole = bool(_ENDED.search(unit))
        if len(words) == 1 and not (whole or " " in unit):
            return max(GLUED, (copies - 1) * period)
        if len(words) > 2 or _bracketed(unit) or (whole and len(words) == 2):
            least = COPIES
        else:
            least = TWO_WORDS if len(words) == 2 else ONE_WORD
        return (max(least, copies) - 1) * period

    def echoes(self, unit: str, in_code: bool) -> bool:
        """Whether a long passage may occur twice in the answer, as in a text and its correction."""
        return self.copies > COPIES or in_code or any(map(structured, unit.split("\n"))) or self.asked_with(unit)

    def asked_with(self, unit: str) -> bool:
        """Whether the question holds most of ``unit``: a text that is corrected is said twice and changed."""
        words = set(plain(unit).split())
        return len(words & set(self.given.split())) > 0.8 * len(words)


def patience_for(asked: str, context: str = "") -> Patience:
    """What ``asked``, the question, allows. ``context``: the text around it, such as the agent's prompt,
    which may ask for verse, and the turn before, which may hold the text that is asked about."""
    copies, loose = COPIES, LOOSE
    if _VERSE.search(asked) or _VERSE.search(context):
        copies, loose = VERSE_COPIES, VERSE_LOOSE
    times = [_number(word) for match in _TIMES.finditer(asked) for word in match[1].split()]
    if _REPEAT.search(asked):
        times += [_number(word) for word in re.findall(r"\w+", asked)]
        wanted = max(times) + 2 if max(times, default=0) >= COPIES else UNCOUNTED
    else:
        wanted = max(times, default=0) + 2
    copies, loose = max(copies, wanted), max(loose, wanted)
    given = max(_most_in_a_row(asked), _most_in_a_row(context))
    # The first line asks; what follows is often a text that was pasted.
    most = max(map(_number, re.findall(r"\w+", asked.strip().split("\n")[0])), default=0)
    return Patience(max(copies, given + 1), max(loose, given + 1), plain(f"{context}\n{asked}"), most)


def _number(word: str) -> int:
    """The number that ``word`` is, in digits or letters; 0 for any other word and for years."""
    return int(word) if word.isdecimal() and len(word) < 4 else _NUMBER_WORDS.get(word.lower(), 0)


def _bracketed(unit: str) -> bool:
    """Whether it is a placeholder such as "[Company Name]", which looks like code and isn't."""
    return all(re.fullmatch(r"\s*\[[^\W\d_][^\[\]\n\"',]*\]\s*", line) for line in unit.split("\n") if line.strip())


def _most_in_a_row(text: str) -> int:
    """How often a line or sentence of ``text`` occurs in a row, at most."""
    rows = [row for row in map(plain, _SENTENCES.split(text)) if row]
    return max((len(list(same)) for _, same in groupby(rows)), default=0)
