"""Reads whole numbers in words: "deux cent trente-quatre", "one hundred and five"."""

from __future__ import annotations

import re

_UNITS: dict[str, int] = {
    "zero": 0, "zéro": 0, "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7,
    "huit": 8, "neuf": 9, "dix": 10, "onze": 11, "douze": 12, "treize": 13, "quatorze": 14, "quinze": 15,
    "seize": 16, "vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60,
    "septante": 70, "huitante": 80, "octante": 80, "nonante": 90,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
    "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_HUNDRED = {"cent", "cents", "hundred"}
_SCALES: dict[str, int] = {
    "mille": 10**3, "thousand": 10**3, "million": 10**6, "millions": 10**6, "milliard": 10**9, "milliards": 10**9,
    "billion": 10**9, "billions": 10**9,
}  # fmt: skip
_BEGINNERS = {"cent", "mille"}
"""French says "cent" and "mille" without a number before."""
_ARTICLES = {"un", "une", "one"}
"""Alone they are hardly ever a number: "one moment", "un instant"; with more after them they are."""
_WORD = re.compile(r"[ \-\u00a0]?([^\W\d_]+)")
_JOINERS = {"et", "and"}


def read_number(text: str, at: int) -> tuple[int, int] | None:
    """The number that begins at ``at`` and where it ends, or None where there is none."""
    if at and (text[at - 1].isalnum() or text[at - 1] in "_'"):
        return None
    total, group, end, last = 0, 0, at, ""
    place = at
    while match := _WORD.match(text, place):
        if place == at and match.start(1) != at:
            return None
        word = match.group(1).lower()
        if word in _JOINERS and last:
            following = _WORD.match(text, match.end())
            if not following or following.group(1).lower() not in _UNITS:
                break
            if not _joins(word, total, group, following) or not _ends_small(text, following, total):
                break
            place = match.end()
            continue
        step = _step(word, group, total, last)
        if step is None:
            break
        total, group = step
        place = end = match.end()
        last = word
    if (
        not last
        or text[end : end + 1].isalnum()
        or (last in _ARTICLES and total + group == 1 and not _sum_near(text, at, end))
    ):
        return None
    return total + group, end


def _step(word: str, group: int, total: int, last: str) -> tuple[int, int] | None:
    """Total and group with ``word`` said, or None where it doesn't go on from there."""
    if word in _UNITS:
        value = _UNITS[word]
        if word in ("vingt", "vingts") and group % 100 == 4 and last == "quatre":
            return total, group + 76
        if last == "dix":  # dix-sept, soixante-dix-sept: but "dix deux" are two numbers
            return (total, group + value) if 7 <= value <= 9 and group % 10 == 0 else None
        tens = group % 100
        fits = not last or tens == 0 or (tens >= 20 and value < (20 if tens in (60, 80) else 10) and tens % 10 == 0)
        return (total, group + value) if fits and (value or not last) else None
    if word in _HUNDRED:
        if not last and word == "hundred":
            return None
        if group >= 10 and group % 100 == 0:
            return None
        if group % 100 > 19 or group >= 100:
            return None
        return total, max(group, 1) * 100
    if word in _SCALES:
        if not last and word not in _BEGINNERS:
            return None
        scale = _SCALES[word]
        if total and total % (scale * 1000):
            return None
        return total + max(group, 1) * scale, 0
    return None


def _joins(word: str, total: int, group: int, following: re.Match[str]) -> bool:
    """ "vingt et un", "soixante et onze", "one hundred and five", "two thousand and one"; not "two and three"."""
    value = _UNITS[following.group(1).lower()]
    if word == "et":
        return group % 100 >= 20 and group % 10 == 0 and value in (1, 11)
    return group % 100 == 0 and group + total >= 100


def _ends_small(text: str, following: re.Match[str], total: int) -> bool:
    """Whether what follows an "and" can belong to the number before it: "one hundred and five thousand" is one
    number, "two hundred and three hundred" and "one thousand and two thousand" are two."""
    after: re.Match[str] | None = following
    while after and after.group(1).lower() in _UNITS:
        after = _WORD.match(text, after.end())
    word = after.group(1).lower() if after else ""
    return word not in _HUNDRED and not (word in _SCALES and total % (_SCALES[word] * 1000))


_OPERATOR = r"(?:plus|moins|minus|times|fois|divis\w+|multipli\w+|over|sur|[+*/×÷^−-])"
_BEFORE, _AFTER = re.compile(rf"{_OPERATOR}(?: par| by)?\s*$", re.I), re.compile(rf"\s*{_OPERATOR}", re.I)


def _sum_near(text: str, start: int, end: int) -> bool:
    return bool(_BEFORE.search(text, 0, start) or _AFTER.match(text, end))
