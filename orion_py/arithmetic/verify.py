"""Corrects the equations of a streamed text: each result that the model writes is checked first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from orion_py.arithmetic.display import show_number
from orion_py.arithmetic.errors import ArithmeticFault
from orion_py.arithmetic.expression import evaluate
from orion_py.arithmetic.tokens import parse_number, tokenize

_SIGNS = "-+*/×÷·^√%²³=≈−–"
_MATHS = rf"[\d\s.,()xX\u202f\u00a0{_SIGNS[1:]}-]"
_RUN = re.compile(rf"{_MATHS}+$")
"""An end of text that may yet become an equation."""
_FIGURE = r"[-−]?\d+(?:[.,\u202f\u00a0]\d+)*"
_EQUATION = re.compile(
    rf"(?P<sum>(?<![\w.,])[-−]?[\d(√][\d\s.,()+*/×÷·^√%²³xX\u202f\u00a0−–-]*?)(?P<sign>\s*[=≈]\s*)"
    rf"(?P<result>{_FIGURE})(?![\w(])(?!\s*[+*/×÷·^√%²³!−–-])"
)


class EquationTransform:
    """Text passes at once, but for an end that may become an equation. Ends no answer."""

    def __init__(self, french: bool) -> None:
        self._french, self._held, self._before = french, "", ""

    @property
    def done(self) -> bool:
        return False

    def push(self, text: str) -> str:
        text = self._held + text
        run = _RUN.search(text)
        settled = text[: run.start()] if run else text
        self._held = text[len(settled) :]
        return self._show(settled)

    def finish(self) -> str:
        held, self._held = self._held, ""
        return self._show(held)

    def _show(self, text: str) -> str:
        if not text:
            return ""
        before, self._before = self._before, (self._before + text)[-8:]
        return correct(before + text, self._french, len(before))[len(before) :]


class FirstCorrection(EquationTransform):
    """Ends the answer with the first equation that it had to correct, so that the model can go on from what is true."""

    def __init__(self, french: bool) -> None:
        super().__init__(french)
        self._done = False

    @property
    def done(self) -> bool:
        return self._done

    def _show(self, text: str) -> str:
        if not text or self._done:
            return ""
        before = self._before
        for start, _, right in _corrections(before + text, self._french, len(before)):
            self._done = True
            return (before + text)[len(before) : start] + right
        return super()._show(text)


def correct(text: str, french: bool, start: int = 0) -> str:
    """``text`` from ``start`` on with every equation made true that can be worked out."""
    at, out = 0, ""
    for begins, ends, right in _corrections(text, french, start):
        out += text[at:begins] + right
        at = ends
    return out + text[at:]


def _corrections(text: str, french: bool, start: int) -> Iterator[tuple[int, int, str]]:
    """Where a wrong result begins and ends in ``text``, and the right one."""
    at = start
    while match := _EQUATION.search(text, at):
        right = None if _part_of_more(text, match) else _right(match["sum"], match["result"], french)
        at = match.end("result")
        if right is not None:
            yield match.start("result"), at, right


def _part_of_more(text: str, match: re.Match[str]) -> bool:
    """Whether what stands before belongs to the sum: "a − 3 + 4 = 5", "x × 3 + 4 = 10"."""
    before = text[: match.start()].rstrip()[-1:]
    return before in tuple(_SIGNS) or (match["sum"][0] in "-−" and (before.isalnum() or before == ")"))


def _right(expression: str, result: str, french: bool) -> str | None:
    """The right result in the place of ``result``, or None where that may stay."""
    tokens = tokenize(expression, french)
    if not any(t.kind in ("op", "function", "postfix") for t in tokens) or any(t.kind == "other" for t in tokens):
        return None
    try:
        value = evaluate(tokens).value
    except ArithmeticFault:
        return None
    said = parse_number(result.lstrip("-−"), french) * (-1 if result[0] in "-−" else 1)
    decimals = re.search(r"[.,](\d+)$", result)
    rounded = decimals is not None and abs(said - value) <= Fraction(1, 2 * 10 ** len(decimals[1]))
    return None if said == value or rounded else show_number(value, french, 10)
