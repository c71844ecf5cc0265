"""Finds the sums in a question, and whether it consists of sums only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from orion_py.arithmetic.display import show_expression, show_result
from orion_py.arithmetic.errors import NotAnExpression, TooBig, Undefined
from orion_py.arithmetic.expression import Number, evaluate
from orion_py.arithmetic.tokens import Token, tokenize

MAX_SUMS = 5
MAX_CHARS = 4000
_FRAMING_TEXT = """
what is what's whats how much do does make makes equal equals calculate compute evaluate work out solve find
tell me please can could you give the result value answer to for me quick hey hi hello
so and then this combien ça ca quoi
cela font fait faire vaut valent est-ce que qu'est-ce quel quelle est sont résultat resultat calcul calcule
calculer calculez calcule-moi donne donne-moi dis dis-moi moi le la les s'il te plaît plait svp stp peux peux-tu
pouvez pouvez-vous tu vous bonjour salut et alors égal égale egal à a c'est c' qu' l' d' evalue évalue résous
resous of exactly exactement = ? . ! , ; : " ` « » … € $ £
"""
_FRAMING = frozenset(_FRAMING_TEXT.split())
_COMMAND_TEXT = """
what's whats is calculate compute evaluate combien font fait calcule calculer calculez résous vaut solve
"""
_COMMAND = frozenset(_COMMAND_TEXT.split())
_NUMBER = r"([-−]?\d+(?:[.,\u202f\u00a0]\d+)*)"
_SPOKEN = tuple(
    (re.compile(pattern.replace("NUMBER", _NUMBER), re.IGNORECASE), sum_of)
    for pattern, sum_of in (
        (r"\bdivi(?:de|se[rz]?)(?:-moi)?\s+NUMBER\s+(?:by|par)\s+NUMBER", r"\1 ÷ \2"),
        (r"\bmultipl(?:y|ie[rz]?)(?:-moi)?\s+NUMBER\s+(?:by|with|par)\s+NUMBER", r"\1 × \2"),
        (r"\b(?:add(?:itionne[rz]?)?|ajoute[rz]?)(?:-moi)?\s+NUMBER\s+(?:and|to|et|à)\s+NUMBER", r"\1 + \2"),
        (r"\b(?:subtract|take|soustrai(?:s|re|yez))\s+NUMBER\s+(?:from|away from|de|à)\s+NUMBER", r"\2 − \1"),
    )
)
"""Sums as commands: "divide 936 by 12"."""
_DATES = re.compile(r"(?<!\d)\d{1,4}([-/.])\d{1,2}\1\d{1,4}(?!\d)")


@dataclass(frozen=True, slots=True)
class Sum:
    """One sum found. ``number`` None: it has no value, for the reason that ``fault`` names."""

    expression: str
    number: Number | None
    fault: str = ""

    def line(self, french: bool) -> str:
        """ "17 × 23 + 4 = 395", or why there is no result."""
        if self.number is None:
            return f"{self.expression} {'n’a pas de résultat' if french else 'has no result'}: {self.fault}"
        return f"{self.expression} {show_result(self.number, french)}"


@dataclass(frozen=True, slots=True)
class Found:
    """``only``: the question asks for nothing else, so that the lines are its whole answer."""

    sums: tuple[Sum, ...]
    only: bool


_FAULTS_FR = {
    "division by zero": "division par zéro",
    "the root of a negative number": "racine d’un nombre négatif",
    "the factorial of anything but a whole number from 0 up": "factorielle d’autre chose que d’un entier positif",
}


def find_sums(text: str, french: bool) -> Found:
    """The sums of ``text`` in their order. Never raises: what can't be worked out isn't found."""
    if len(text) > MAX_CHARS:
        return Found((), False)
    for pattern, sum_of in _SPOKEN:
        text = pattern.sub(sum_of, text)
    tokens = tokenize(_DATES.sub(lambda match: "_" * len(match.group()), text), french)
    runs, rest = _runs(tokens)
    framed = all(token.text in _FRAMING for token in rest)
    sums = []
    for run, before in runs:
        found = _work_out(run, french)
        if found is not None and (framed or _meant(run, before)):
            sums.append(found)
    only = bool(sums) and framed and len(sums) == len(runs) <= MAX_SUMS
    return Found(tuple(sums[:MAX_SUMS]), only)


def _runs(tokens: Sequence[Token]) -> tuple[list[tuple[list[Token], Token | None]], list[Token]]:
    """Rows of tokens that may be a sum, each with the word before it; and all the others."""
    runs: list[tuple[list[Token], Token | None]] = []
    rest: list[Token] = []
    row: list[Token] = []

    def close() -> None:
        trimmed, left = _trim(row)
        rest.extend(left)
        if trimmed:
            before = next((t for t in reversed(rest) if t.end <= trimmed[0].start), None)
            runs.append((trimmed, before))
        row.clear()

    for token in tokens:
        if token.kind == "other":
            close()
            rest.append(token)
        else:
            row.append(token)
    close()
    return runs, rest


def _trim(row: Sequence[Token]) -> tuple[list[Token], list[Token]]:
    """Without what can't begin or end a sum: "of", a "!" that only shouts, a lone parenthesis."""
    start, end = 0, len(row)
    while start < end and (row[start].kind in ("postfix", "close") or row[start].text in ("of", "×", "÷", "^", "mod")):
        start += 1
    while start < end and row[end - 1].kind in ("op", "function", "open"):
        end -= 1
    inner = list(row[start:end])
    if inner and inner[-1].text == "!" and any(t.kind == "op" for t in inner):
        # "12 * 12!" is shouted more often than meant, unless it is set like a factorial elsewhere too.
        shouted = sum(t.text == "!" for t in inner) == 1
        if shouted and len(inner) > 1 and inner[-2].end < inner[-1].start:
            inner.pop()
    return inner, [*row[:start], *row[start + len(inner) :]]


def _work_out(run: Sequence[Token], french: bool) -> Sum | None:
    """None where the row is no sum: a lone number, or something that can't be read."""
    if not any(t.kind in ("op", "function", "postfix") for t in run) or not any(t.kind == "number" for t in run):
        return None
    if len([t for t in run if t.kind == "number"]) == 1 and all(
        t.text in ("−", "+", "%") or t.kind == "number" for t in run
    ):
        return None  # "-5", "20%"
    expression = show_expression(run, french)
    try:
        return Sum(expression, evaluate(run))
    except Undefined as fault:
        return Sum(expression, None, _FAULTS_FR.get(str(fault), str(fault)) if french else str(fault))
    except TooBig:
        return Sum(
            expression, None, "trop grand pour être calculé ici" if french else "too large to be worked out here"
        )
    except NotAnExpression:
        return None


def _meant(run: Sequence[Token], before: Token | None) -> bool:
    """Whether a row amid other words is a sum rather than a range, a score or a name: "24/7", "10-15"."""
    if any(t.spaced and t.kind in ("op", "function", "postfix") and t.text != "of" for t in run):
        return True
    if any(t.kind == "function" or t.text in ("^", "×", "²", "³", "of") for t in run):
        return True
    return before is not None and before.text in _COMMAND
