"""Splits a text into the tokens of arithmetic, in French and English.

What isn't arithmetic becomes tokens of the kind "other", so that a question can be read whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from orion_py.arithmetic.number_words import read_number

Kind = Literal["number", "op", "open", "close", "function", "postfix", "other"]
MAX_DIGITS = 60
"""A longer row of digits is an account, a key or a prank."""


@dataclass(frozen=True, slots=True)
class Token:
    """``text``: what is shown of it. ``spaced``: blanks or words around it, as a person writes a sum
    and not a date, a range or a path."""

    kind: Kind
    text: str
    start: int
    end: int
    value: Fraction | None = None
    spaced: bool = False


_PHRASES: tuple[tuple[str, Kind, str], ...] = (
    # Longest first: the first that fits is taken.
    (r"(?:the )?square root of|(?:la )?racine carr[ée]e? (?:de |d')", "function", "√"),
    (r"(?:the )?cube root of|(?:la )?racine cubique (?:de |d')", "function", "∛"),
    (r"(?:la )?racine (?:de |d')", "function", "√"),
    (r"(?:the )?factorial of|(?:la )?factorielle (?:de |d')", "function", "factorial"),
    (r"half of|la moiti[ée] d(?:e |')", "function", "half"),
    (r"(?:the )?double (?:of|de)|le double d(?:e |')|twice", "function", "double"),
    (r"(?:the )?square of|le carr[ée] d(?:e |')", "function", "square"),
    (r"(?:raised )?to the power(?: of)?|(?:à la )?puissance|exposant", "op", "^"),
    (r"multipli[ée]e?s? par|multiplied by|times|fois", "op", "×"),
    (r"divis[ée]e?s? par|divided by|over", "op", "÷"),
    (r"squared|au carr[ée]", "postfix", "²"),
    (r"cubed|au cube", "postfix", "³"),
    (r"percent|per cent|pour ?cents?", "postfix", "%"),
    (r"modulo|mod", "op", "mod"),
    (r"plus", "op", "+"),
    (r"minus|moins", "op", "−"),
    (r"of|de|du|d'", "op", "of"),
    (r"sqrt", "function", "√"),
)
_PHRASE = re.compile(
    "|".join(
        rf"(?P<p{n}>(?<!\w)(?:{pattern})(?:(?<=[' ])|(?![^\W\d_])))" for n, (pattern, _, _) in enumerate(_PHRASES)
    ),
    re.IGNORECASE,
)
_SYMBOL: dict[str, tuple[Kind, str]] = {
    "+": ("op", "+"), "-": ("op", "−"), "−": ("op", "−"), "–": ("op", "−"), "*": ("op", "×"), "×": ("op", "×"),
    "·": ("op", "×"), "⋅": ("op", "×"), "/": ("op", "÷"), "÷": ("op", "÷"), "^": ("op", "^"), "**": ("op", "^"),
    "//": ("op", "other"), "(": ("open", "("), ")": ("close", ")"), "[": ("open", "("), "]": ("close", ")"),
    "√": ("function", "√"), "∛": ("function", "∛"), "%": ("postfix", "%"), "!": ("postfix", "!"),
    "²": ("postfix", "²"), "³": ("postfix", "³"),
}  # fmt: skip
_BLANK = "\u00a0\u202f\u2009 "
_NUMBER = re.compile(
    rf"\d{{1,3}}(?:[{_BLANK}'’]\d{{3}})+(?!\d)(?:[.,]\d+)?|\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?(?![\d,])"
    rf"|\d{{1,3}}(?:\.\d{{3}}){{2,}}(?:,\d+)?(?![\d.])|\d{{1,3}}(?:\.\d{{3}})+,\d+|\d+(?:[.,]\d+)?|\.\d+"
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*['’]?")


def tokenize(text: str, french: bool) -> list[Token]:
    """The tokens of ``text``; ``french`` decides what "1,234" is: a decimal comma, or thousands."""
    return list(_tokens(text.replace("’", "'"), french))


def _tokens(text: str, french: bool) -> Iterator[Token]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        token = _token(text, at, french)
        yield token
        at = token.end


def _token(text: str, at: int, french: bool) -> Token:
    number = _NUMBER.match(text, at)
    if number and not (at and (text[at - 1].isalpha() or text[at - 1] == "_")):
        return _number(text, number, french)
    words = read_number(text, at)
    if words:
        return Token("number", str(words[0]), at, words[1], Fraction(words[0]), True)
    phrase = _PHRASE.match(text, at)
    if phrase and phrase.lastgroup:
        _, kind, shown = _PHRASES[int(phrase.lastgroup[1:])]
        return Token(kind, shown, at, phrase.end(), spaced=True)
    if text[at] in "xX" and _between_numbers(text, at):
        return Token("op", "×", at, at + 1, spaced=True)
    if text[at] == ":" and text[at - 1 : at + 2] == " : ":
        return Token("op", "÷", at, at + 1, spaced=True)
    for length in (2, 1):
        found = _SYMBOL.get(text[at : at + length])
        if found and len(text[at : at + length]) == length:
            kind, shown = found
            return Token(
                "other" if shown == "other" else kind, shown, at, at + length, spaced=_spaced(text, at, length)
            )
    word = _WORD.match(text, at)
    end = word.end() if word else at + 1
    return Token("other", text[at:end].lower(), at, end)


def _number(text: str, match: re.Match[str], french: bool) -> Token:
    raw = match.group()
    if sum(c.isdigit() for c in raw) > MAX_DIGITS:
        return Token("other", raw, match.start(), match.end())
    value = parse_number(raw, french)
    return Token("number", raw, match.start(), match.end(), value)


def parse_number(raw: str, french: bool) -> Fraction:
    """A number as people write it: thousands set apart, a decimal point or comma."""
    digits = re.sub(rf"[{_BLANK}'’]", "", raw)
    if "," in digits and "." in digits:
        mark = max(digits.rfind(","), digits.rfind("."))
        digits = re.sub(r"[.,]", "", digits[:mark]) + "." + digits[mark + 1 :]
    elif digits.count(",") > 1 or (not french and re.fullmatch(r"[1-9]\d{0,2},\d{3}", digits)):
        digits = digits.replace(",", "")
    elif digits.count(".") > 1:
        digits = digits.replace(".", "")
    return Fraction("0" + digits.replace(",", "."))


def _between_numbers(text: str, at: int) -> bool:
    before, after = text[:at].rstrip(), text[at + 1 :].lstrip()
    return (before[-1:].isdigit() or before[-1:] == ")") and (after[:1].isdigit() or after[:1] in "(-−√")


def _spaced(text: str, at: int, length: int) -> bool:
    return text[at - 1 : at].isspace() and text[at + length : at + length + 1].isspace()
