"""Keeps a streamed text from contradicting results that are known."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

from orion_py.arithmetic.tokens import parse_number
from orion_py.arithmetic.verify import correct

_FIGURE = r"[-−]?\d+(?:[.,\u202f\u00a0]\d+)*"
_CLAIM = re.compile(
    rf"(?:[=≈]|\b(?:is|are|equals|makes|est|sont|fait|font|égale|vaut)\b)\s*(?P<figure>{_FIGURE})", re.I
)
_CALCULATES = re.compile(r"\d\s*[-+*/×÷·^%−=≈]|\b(?:answer|result|total|réponse|résultat)\b", re.I)


class FactTransform:
    """Shows line by line, without the lines that work out something else than ``values``. A line
    that was shown already, or that states no result, stays. Ends no answer."""

    def __init__(self, french: bool, values: Iterable[Fraction]) -> None:
        self._french, self._values = french, frozenset(values)
        self._held = ""
        self._opened = False

    @property
    def done(self) -> bool:
        return False

    def push(self, text: str) -> str:
        if not self._opened:  # the opening: the results themselves
            self._opened = True
            return text
        whole, mark, self._held = (self._held + text).rpartition("\n")
        return "".join(self._line(line + "\n") for line in whole.split("\n")) if mark else ""

    def finish(self) -> str:
        held, self._held = self._held, ""
        return self._line(held)

    def _line(self, line: str) -> str:
        line = correct(line, self._french)
        claims = [match["figure"] for match in _CLAIM.finditer(line)]
        if not claims or not _CALCULATES.search(line):
            return line
        return line if self._value(claims[-1]) in self._values else ""

    def _value(self, figure: str) -> Fraction:
        return parse_number(figure.lstrip("-−"), self._french) * (-1 if figure[0] in "-−" else 1)
