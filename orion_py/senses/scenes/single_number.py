"""Finds the one number that a picture shows, such as a meter's, with its unit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from orion_py.senses.reading.lines import Line

_NUMBER = re.compile(
    r"(?<![\w.,])(?P<sign>[-−–]\s?)?(?P<figures>\d{1,3}(?:[\s\u00a0\u202f'’]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)*)"
    r"(?:\s?(?P<unit>°[CF]?|%|€|\$|£|[a-zA-Zµ]{1,3}[²³]?(?:/[a-z]{1,2}²?)?)(?![\w]))?(?![\w])"
)
_MUCH_TALLER = 1.5
"""A number in letters so many times as high as those of all others is the one that is meant."""
MAX_LINES, MAX_FIGURES = 200, 15


@dataclass(frozen=True, slots=True)
class Shown:
    """``decimals``: figures behind the point, as they were read. ``text``: the whole line."""

    value: Decimal
    decimals: int
    unit: str
    text: str


def single_number(lines: Sequence[Line]) -> Shown | None:
    """The only number in ``lines``, else the one that is printed far larger than all others; None: there is no such."""
    found = [(_height(line), _shown(match, line.text)) for line in lines[:MAX_LINES] for match in _numbers(line.text)]
    if not found:
        return None
    found.sort(key=lambda row: -row[0])
    if len(found) == 1 or found[0][0] >= _MUCH_TALLER * found[1][0]:
        return found[0][1]
    return None


def _numbers(text: str) -> list[re.Match[str]]:
    return [match for match in _NUMBER.finditer(text) if sum(map(str.isdigit, match["figures"])) <= MAX_FIGURES]


def _height(line: Line) -> float:
    sides = [abs(complex(*(line.quad[a] - line.quad[b]))) for a, b in ((0, 3), (1, 2))]
    return sum(sides) / 2


def _shown(match: re.Match[str], text: str) -> Shown:
    figures = re.sub(r"[\s\u00a0\u202f'’]", "", match["figures"])
    whole, decimals = _parted(figures)
    value = Decimal(f"{whole}.{decimals}" if decimals else whole)
    return Shown(-value if match["sign"] else value, len(decimals), match["unit"] or "", text)


def _parted(figures: str) -> tuple[str, str]:
    """Figures before and behind the decimal mark. Of two kinds of marks the last is the decimal one; a lone mark before
    three figures parts thousands, as do several of a kind."""
    marks = [character for character in figures if character in ".,"]
    if not marks:
        return figures, ""
    head, _, tail = figures.rpartition(marks[-1])
    plain = re.sub(r"[.,]", "", head)
    if len(set(marks)) == 1 and (len(marks) > 1 or (len(tail) == 3 and plain != "0")):
        return plain + tail, ""
    return plain, tail
