"""Screens a message before it goes anywhere, and allows, warns or blocks.

This reduces risk and no more. Patterns find what is written the usual way and miss the rest; what
really keeps a text from opening a turn is ``validation.neutralise_special_tokens``. On one's own
device an injection harms mostly oneself, so it is noted on the page and let through, and only a
pile of clear attempts is blocked. Severe abuse is refused, and a person who asks about ending their
life is answered with help. Rates are in docs/guardrails.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal, Protocol

from orion_py.errors import BlockedByGuard, HarmRefused, SelfHarmRefused
from orion_py.safety.context import excuse, quotations
from orion_py.safety.normalise import hidden_text, normalise
from orion_py.safety.rule_book import all_rules
from orion_py.safety.rules import Category, Language, Rule

Severity = Literal["low", "medium", "high"]
Decision = Literal["allow", "warn", "block"]

WARN_AT = 0.6
BLOCK_AT: dict[Category, float] = {
    "injection": 1.5,  # two different attempts that nothing excuses
    "weapons": 0.9,
    "minors": 0.9,
    "violence": 0.9,
    "self_harm": 0.9,
}
_HIGH = 0.9
_HIDDEN_ALLOWED = 10
_LONG_WORD = 14
"""Characters: below, a match in letters that were joined says too little."""
_MESSAGES = {
    "injection": "The message tries to replace the assistant's instructions, so it wasn't sent to the model.",
    "weapons": "The message asks for help with a weapon or poison meant to harm people.",
    "minors": "The message asks for sexual content about a minor.",
    "violence": "The message asks for help with violence, threats or harassment against people.",
    "self_harm": "You matter, and you don't have to carry this alone. People are there to listen, now and for free: "
    "3114 in France, 988 in the United States, findahelpline.com elsewhere. "
    "In danger right now: 112 or 15 in Europe, 911 in the United States.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that matched. ``rule`` is stable and can be logged; a finding never holds the text.

    ``weight`` is what its context leaves of it. ``span`` counts characters of the normalised text.
    """

    rule: str
    category: Category
    severity: Severity
    weight: float
    language: Language
    span: tuple[int, int]
    excused: bool = False


@dataclass(frozen=True, slots=True)
class Screening:
    """``scores``: per category with findings, the sum of its rules' weights; of the excused ones
    only the heaviest counts, since a text about attacks may name many."""

    decision: Decision
    category: Category | None
    scores: dict[Category, float]
    findings: tuple[Finding, ...]


class Guard(Protocol):
    def check(self, text: str) -> Screening:
        """What stands out in ``text``. Raises BlockedByGuard or one of its kinds instead of "block"."""


class InputGuard:
    """Checks a query that ``validate_query`` let pass. Stateless.

    ``warn_at`` and ``block_at`` are the scores from which a message is noted and refused.
    """

    def __init__(self, warn_at: float = WARN_AT, block_at: dict[Category, float] | None = None) -> None:
        self._warn_at = warn_at
        self._block_at = BLOCK_AT | (block_at or {})

    def check(self, text: str) -> Screening:
        screening = self.screen(text)
        if screening.decision == "block" and screening.category is not None:
            raise refusal(screening.category, [finding.rule for finding in screening.findings])
        return screening

    def screen(self, text: str) -> Screening:
        """As ``check``, without raising."""
        found: dict[tuple[Category, str], Finding] = {}
        for finding in _findings(text):
            key = (finding.category, finding.rule)
            if key not in found or found[key].weight < finding.weight:
                found[key] = finding
        scores = _scores(found.values())
        blocked = [category for category, score in scores.items() if score >= self._block_at[category]]
        warned = [category for category, score in scores.items() if score >= self._warn_at]
        decision: Decision = "block" if blocked else "warn" if warned else "allow"
        # Where several apply, care comes first: who asks about dying gets the help lines.
        leading = blocked or warned
        leading.sort(key=lambda category: (category != "self_harm", -scores[category]))
        return Screening(decision, leading[0] if leading else None, scores, tuple(found.values()))


def refusal(category: Category, rules: list[str]) -> BlockedByGuard:
    """The error for a message of that category; it names the rules and never what was written."""
    kind = {"injection": BlockedByGuard, "self_harm": SelfHarmRefused}.get(category, HarmRefused)
    return kind(_MESSAGES[category], rules=rules, category=category)


def _scores(findings: Iterable[Finding]) -> dict[Category, float]:
    scores: dict[Category, float] = {}
    excused: dict[Category, float] = {}
    for finding in findings:
        category, weight = finding.category, finding.weight
        if finding.excused:
            excused[category] = max(excused.get(category, 0.0), weight)
        else:
            scores[category] = scores.get(category, 0.0) + weight
    for category, weight in excused.items():
        scores[category] = scores.get(category, 0.0) + weight
    return {category: round(score, 3) for category, score in scores.items()}


def _findings(text: str) -> list[Finding]:
    plain = normalise(text)
    found = _matches(plain)
    for word in _long_words(plain):
        found += [
            _finding(rule, 1.0, match.span())
            for rule in all_rules()
            if rule.possible(word)
            and (match := rule.compiled_tight().search(word)) is not None
            and len(match.group()) >= _LONG_WORD
        ]
    hidden = hidden_text(text)
    if len(hidden) >= 2 or re.search("[\u202d\u202e]", text):
        found.append(Finding("hidden_text", "injection", "medium", 0.7, "any", (0, 0)))
        found += _matches(normalise(hidden))
    elif not text.isascii() and len(re.findall("[\u200b\u2060\ufeff\u00ad]", text)) > max(
        _HIDDEN_ALLOWED, len(text) // 20
    ):
        found.append(Finding("hidden_text", "injection", "low", 0.3, "any", (0, 0)))
    for decoded in _decoded(text):
        found += _matches(normalise(decoded))
    return found


def _matches(plain: str) -> list[Finding]:
    quotes: list[tuple[int, int]] | None = None
    found = []
    for rule in all_rules():
        if not rule.possible(plain):
            continue
        match = rule.compiled().search(plain)
        if match is None:
            continue
        if quotes is None:
            quotes = quotations(plain)
        factor = excuse(rule.category, rule.name, plain, match.start(), match.end(), quotes)
        found.append(_finding(rule, factor, match.span()))
    return found


def _finding(rule: Rule, factor: float, span: tuple[int, int]) -> Finding:
    weight = rule.weight * factor
    severity: Severity = "high" if weight >= _HIGH else "medium" if weight >= WARN_AT else "low"
    return Finding(rule.name, rule.category, severity, round(weight, 3), rule.language, span, factor < 1)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _long_words(plain: str) -> list[str]:
    """Words that may be a whole sentence whose letters were spaced out evenly."""
    return _compiled(rf"\b[a-z']{{{_LONG_WORD},120}}\b").findall(plain)[:20]


def _decoded(text: str) -> list[str]:
    """The texts that ``text`` contains as base64."""
    blobs = _compiled(r"(?<![\w+/])[A-Za-z0-9+/]{32,2000}={0,2}(?![\w+/])").findall(text)[:3]
    if not blobs:
        return []
    import base64  # seldom needed

    texts = []
    for blob in blobs:
        data = base64.b64decode(blob[: len(blob) // 4 * 4] + "==")
        decoded = data.decode("utf-8", errors="ignore")
        if decoded.isprintable() and " " in decoded:
            texts.append(decoded)
    return texts
