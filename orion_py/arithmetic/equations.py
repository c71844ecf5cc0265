"""Finds the equations in a text of a model and works them out: the ones whose result is a figure.

Only what stands on the line of the equals sign is read, or on the line before where the sign begins its own. Read are
plain text, markdown's emphasis and lists, LaTeX's operators, currencies, and a unit after a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from orion_py.arithmetic.display import show_number
from orion_py.arithmetic.errors import ArithmeticFault
from orion_py.arithmetic.expression import evaluate
from orion_py.arithmetic.tokens import parse_number, tokenize

REACH = 240
"""So many characters before the sign may belong to a sum."""
_OPERATORS = r"+*/×÷·⋅^−–\-"
_FIGURE = r"[-−]?\d+(?:[.,\u202f\u00a0]\d+)*"
_GAP = r"[^\S\n]*(?:\*{1,2}|\\?[$€£])*[^\S\n]*"
_RESULT = re.compile(
    rf"[=≈]{_GAP}(?P<result>{_FIGURE})(?![.,\u202f\u00a0]?\d|[\w(])(?:\*{{1,2}}(?=[^\w(*]|$))?"
    rf"(?P<percent>[^\S\n]?\\?%)?(?![^\S\n]*(?:[{_OPERATORS}²³√%!]|\\(?:times|cdot|div)|\\%))"
    rf"(?:[^\S\n]?(?P<unit>[^\W\d_]+))?"
)
UNDECIDED = re.compile(rf"[=≈]{_GAP}(?:[-−]?[\d.,\u202f\u00a0]*\**[^\S\n]*(?:[^\W\d_]+|\\[a-z]*)?)?$")
"""An end of text with a sign whose result isn't whole yet, or may yet turn out to be a part of a sum."""
_LATEX = {r"\times": "×", r"\cdot": "·", r"\div": "÷", r"\left": "", r"\right": "", r"\,": "", r"\$": " "} | {
    mark: " " for mark in (r"\(", r"\[", r"\)", r"\]")
}
_LATEX_TEXT = re.compile(r"\\text\{\s*([^{}]*?)\s*\}")
_ONE_WORD = re.compile(r"[^\W\d_]+")
_FRACTION = re.compile(r"\\[dt]?frac\{([^{}]+)\}\{([^{}]+)\}")
_LATEX_SIGN = re.compile("|".join(re.escape(name) + ("(?![a-z])" if name[1].isalpha() else "") for name in _LATEX))
_LIST_MARK = re.compile(r"^\s*(?:>\s*)*(?:(?:\d{1,2}[.)]|[-*+•–])\s+)?")
_EMPHASIS = re.compile(r"(?:(?<=^)|(?<=\s)|(?<=[:(]))\*{1,2}(?=[\d(√$€£])|(?<=[\d)%])\*{1,2}(?=\s*$)")
_UNIT = re.compile(rf"(?<=\d)[^\S\n]?(?!plus|minus|moins|times|fois)([^\W\d_]{{2,}})(?=[^\S\n]*(?:[{_OPERATORS})]|$))")
_SUM = re.compile(r"(?<![\w.,])[-−]?[\d(√](?:[\d .,()*/×÷·⋅^√%²³xX\u202f\u00a0+−–-]|(?<=\s)(?:fois|times)(?=\s))*$")
_PIECE = re.compile(r"[.,] +(?=[-−\d(√])")


@dataclass(frozen=True, slots=True)
class Correction:
    """Where the wrong result begins and ends in the text, and the right one."""

    begins: int
    ends: int
    right: str


def corrections(text: str, french: bool, start: int = 0) -> Iterator[Correction]:
    """The wrong results of ``text`` whose sign stands at ``start`` or after it, in order. What is rounded as it is
    written is right; what can't be worked out is left alone."""
    for match in _RESULT.finditer(text, start):
        found = _sum_before(text, match.start(), match["unit"])
        right = None if found is None else _right(found, match["result"], french, match["percent"] is not None)
        if right is not None:
            yield Correction(match.start("result"), match.end("result"), right)


def _sum_before(text: str, sign: int, unit: str | None) -> str | None:
    """The sum that ends at ``sign``, without units, or None. ``unit``: of the result."""
    window = text[max(0, sign - REACH) : sign].rstrip(" \t")
    line = window.removesuffix("\n").rpartition("\n")[2]
    # "miles/week" can't be told from a division: such units say nothing here.
    line = _LATEX_TEXT.sub(lambda match: match[1] if _ONE_WORD.fullmatch(match[1]) else " ", line)
    line = _LATEX_SIGN.sub(lambda match: _LATEX[match[0]], _FRACTION.sub(r"((\1)÷(\2))", line))
    line = line.replace("\\%", "%")
    line = _LIST_MARK.sub("", line, count=1)
    line = re.sub("[$€£]", " ", _EMPHASIS.sub("", line)).rstrip()
    units = {_stem(match[1]) for match in _UNIT.finditer(line)} - {""}
    plain = _UNIT.sub(" ", line)
    match = _SUM.search(plain)
    if match is None or _part_of_more(plain, match):
        return None
    found = _PIECE.split(match[0])[-1].strip()
    return found if _measured_alike(found, units, None if unit is None else _stem(unit)) else None


def _stem(unit: str) -> str:
    return unit.lower().rstrip("sx")


def _measured_alike(expression: str, units: set[str], result: str | None) -> bool:
    """Whether the figures can be worked out as they are: hours and minutes can't be added, and 2 kg × 3 may well be
    6000 g. Words after the result that are no unit do no harm where the sum has none."""
    if not units:
        return True
    if re.search(r"[+−–-]", expression[1:]):
        return units == {result}
    return result in units or (len(units) == 1 and result is None)


def _part_of_more(line: str, match: re.Match[str]) -> bool:
    """Whether what stands before belongs to the sum: "a − 3 + 4 = 5", "x × 3 + 4 = 10"."""
    before = line[: match.start()].rstrip()[-1:]
    return bool(before) and (
        before in "+*/×÷·⋅^−–-=≈√²³%" or (match[0][0] in "-−" and (before.isalnum() or before == ")"))
    )


def _of_percent(expression: str) -> bool:
    """Whether it is sure what a result in per cent stands for: a share, "12 ÷ 48 = 25%", one times 100, or a sum of
    percentages; "3 × 4 = 12%" may be points."""
    if "%" in expression:
        return re.fullmatch(r"[\d.,\s]+%(?:\s?[+−–-][\d.,\s]+%)+\s*|[^%]*(?<!\d)100\s?%\s*", expression) is not None
    return re.search("[÷/]", expression) is not None


def _right(expression: str, result: str, french: bool, percent: bool) -> str | None:
    """The right result in the place of ``result``, or None where that may stay. ``percent``: its sign follows."""
    if percent and not _of_percent(expression):
        return None
    scaled = percent and re.search(r"(?<!\d)100\b", expression) is not None  # "32 ÷ 800 × 100% = 4%"
    tokens = tokenize(re.sub(r"(?<!\d)100\s?%", "100", expression) if scaled else expression, french)
    if not any(t.kind in ("op", "function", "postfix") for t in tokens) or any(t.kind == "other" for t in tokens):
        return None
    try:
        value = evaluate(tokens).value * (100 if percent and not scaled else 1)
    except ArithmeticFault:
        return None
    said = parse_number(result.lstrip("-−"), french) * (-1 if result[0] in "-−" else 1)
    decimals = re.search(r"[.,](\d+)$", result)
    rounded = decimals is not None and abs(said - value) <= Fraction(1, 2 * 10 ** len(decimals[1]))
    rounded = rounded or (percent and abs(said - value) <= Fraction(1, 2))
    return None if said == value or rounded else show_number(value, french, 10)
