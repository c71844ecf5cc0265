"""Puts what isn't words into words: figures, dates, money, units, addresses, signs. The languages' rules stand in
``english_wording.py`` and ``french_wording.py``; here is what they share.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]
"""What is replaced, and what is said in its place."""

URL = re.compile(r"\b(?:https?://|www\.)[^\s<>\"'»)\]]*[^\s<>\"'»)\].,;:!?]", re.IGNORECASE)
DOMAIN = re.compile(
    r"\b[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|fr|io|dev|ai|eu|uk|gov|edu|info)\b(?:/[^\s»)]*[^\s».,;:!?)])?"
)
EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")
ISO_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b(?:T[\d:.]+Z?)?")
VERSION = re.compile(r"\b\d+(?:\.\d+){2,}\b")
POWER = re.compile(r"\^\{?(-?\w+)\}?")
FRACTION = re.compile(r"(?<![\d/])(\d{1,3})/(\d{1,3})(?![\d/])")
ROMAN = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_SAID_WHOLE = ("com", "org", "net", "dev", "info", "gov", "edu")
"""Ends of addresses that are said as a word; others are spelled."""
_DOT = re.compile(r"(?<=[^\W\d_])\.(?=[^\W\d_])")
_BETWEEN = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_UNSAID = re.compile(r"[^\w\s'’.,;:!?…—–\"()«»“”\-]|_")
_INITIALS = re.compile(r"\b(?:[A-Z]\.){2,}")
_SPACES = re.compile(r"\s+(?=[.,…])|\s{2,}")


def applied(text: str, rules: Iterable[Rule]) -> str:
    """``text`` after each rule, in order."""
    for pattern, said in rules:
        text = pattern.sub(said, text)
    return text


def tidied(text: str, dot: str) -> str:
    """What rules left: figures apart from letters, a dot inside a name said as ``dot``, signs that nobody says left
    out."""
    text = _INITIALS.sub(lambda match: match[0].replace(".", ""), text)
    text = _UNSAID.sub(" ", _DOT.sub(f" {dot} ", text))
    return _SPACES.sub(
        lambda match: "" if match.end() < len(text) and text[match.end()] in ".,…" else " ", text
    ).strip()


def apart(text: str) -> str:
    """``text`` with a space between letters and figures: "MP 3"."""
    return _BETWEEN.sub(" ", text)


def address(text: str, dot: str, at: str) -> str:
    """A web address or a mail address as it is said: the place, without what follows its name."""
    bare = re.sub(r"^(?:https?://)?(?:www\.)?", "", text, flags=re.IGNORECASE)
    name, _, host = bare.rpartition("@")
    host = re.split(r"[/?#:]", host, maxsplit=1)[0]
    parts = host.split(".")
    if len(parts) > 1 and len(parts[-1]) <= 3 and parts[-1].lower() not in _SAID_WHOLE:
        parts[-1] = parts[-1].upper()
    said = f" {dot} ".join(part.replace("-", " ") for part in parts)
    return f"{f' {dot} '.join(re.split('[._+-]', name))} {at} {said}" if name else said


def alternatives(words: Mapping[str, object] | Sequence[str]) -> str:
    """A pattern for any of ``words``, longer ones first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def roman(text: str) -> int | None:
    """The number that a Roman numeral is; None for what is none."""
    if not text or not ROMAN.fullmatch(text):
        return None
    values = [_ROMAN_VALUES[letter] for letter in text]
    following = [*values[1:], 0]
    return sum(-value if value < after else value for value, after in zip(values, following, strict=True))
