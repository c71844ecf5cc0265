"""Lists the rules that an answer can be judged by. Each says what is wrong, or nothing.

A row's check is an object with one key, the rule's name, beside which stand its options: ``{"result": 4.5, "within":
0.01}``. ``docs/evaluation.md`` explains each for those who write rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from model_foundry.errors import EvaluationFailed
from model_foundry.measuring.usefulness import executed
from model_foundry.measuring.usefulness.tongue import is_in
from model_foundry.measuring.usefulness.wording import (
    FENCE,
    ITEM,
    final_numbers,
    folded,
    holds_phrase,
    names,
    numbers,
    readings,
    words,
)

CLOSE = 1e-6
"""How far a number may be off where a row doesn't say, as a share of it."""
_SALUTATION = re.compile(
    r"(?im)^\W*(?:dear|hi|hello|hey|good (?:morning|afternoon|evening)|to whom|cher|chère|chers|chères|bonjour|bonsoir"
    r"|salut|coucou|madame|monsieur|mesdames|messieurs|mon cher|ma chère|my dear)\b"
)
_CLOSING = re.compile(
    r"(?im)^\W*(?:(?:with )?(?:kind|best|warm|many)\b.*|(?:yours|regards|sincerely|thanks|thank you|cheers|love|best|"
    r"lots of love|all the best|all my love|warmly|"
    r"see you|take care|respectfully)\b.*|.*\b(?:cordialement|sincèrement|salutations|sentiments|bien à (?:vous|toi)|"
    r"amicalement|amitiés|bises|bisous|à bientôt|merci|je t'embrasse|je vous embrasse|bonne journée|affectueusement|"
    r"respectueusement|à très (?:vite|bientôt)|bonne soirée|à plus|with love|kind regards|best wishes|thank you)\b.*)$"
)
_SPEAKER = re.compile(r"(?m)^\W*([^\W\d_][\w' .\-]{0,30}?)\W{0,3}\s?:\s*\S")
_DASH_LINE = re.compile(r"(?m)^\s*[—–-]\s*\S")


@dataclass(frozen=True, slots=True)
class Judged:
    """What a rule sees: the ``answer``, all that the person ``said`` (question and history), and the options beside
    the rule's name in the row."""

    answer: str
    said: str
    options: Mapping[str, Any]


Rule = Callable[[Any, Judged], str]
"""Takes the check's value; returns what is wrong, or ""."""


def _any(phrases: list[str], judged: Judged) -> str:
    text = folded(judged.answer)
    return "" if any(holds_phrase(text, phrase) for phrase in phrases) else f"says none of {phrases}"


def _all(phrases: list[str], judged: Judged) -> str:
    text = folded(judged.answer)
    absent = [phrase for phrase in phrases if not holds_phrase(text, phrase)]
    return f"doesn't say {absent}" if absent else ""


def _none(phrases: list[str], judged: Judged) -> str:
    text = folded(judged.answer)
    present = [phrase for phrase in phrases if holds_phrase(text, phrase)]
    return f"says {present}" if present else ""


def _result(value: float, judged: Judged) -> str:
    within = float(judged.options.get("within", abs(value) * CLOSE))
    ends = final_numbers(judged.answer)
    return "" if any(abs(end - value) <= within + 1e-12 for end in ends) else f"ends on {ends}, not on {value:g}"


def _numbers(values: list[float], judged: Judged) -> str:
    found = readings(judged.answer)
    absent = [value for value in values if not any(abs(one - value) <= abs(value) * CLOSE for one in found)]
    return f"lacks the numbers {absent}" if absent else ""


def _language(code: str, judged: Judged) -> str:
    return "" if is_in(judged.answer, code) else f"isn't in the language {code}"


def _within(count: int, bounds: list[int], what: str) -> str:
    low, high = bounds
    return "" if low <= count <= high else f"has {count} {what}, not {low} to {high}"


def _words(bounds: list[int], judged: Judged) -> str:
    return _within(len(words(judged.answer)), bounds, "words")


def _lines(bounds: list[int], judged: Judged) -> str:
    return _within(sum(1 for line in judged.answer.splitlines() if line.strip()), bounds, "lines")


def _items(bounds: list[int], judged: Judged) -> str:
    return _within(len(ITEM.findall(judged.answer)), bounds, "list items")


def _pattern(pattern: str, judged: Judged) -> str:
    return "" if re.search(pattern, judged.answer) else f"doesn't match {pattern}"


def _no_pattern(pattern: str, judged: Judged) -> str:
    return f"matches {pattern}" if re.search(pattern, judged.answer) else ""


def _kept(wanted: bool, judged: Judged) -> str:
    """Every number and every proper name of the answer is one that the person gave."""
    given, given_words = readings(judged.said), folded(judged.said)
    listed = ITEM.sub("", judged.answer)
    invented = [f"{number:g}" for number in numbers(listed) if abs(number) not in given and number not in given]
    invented += [name for name in names(judged.answer) if not _given(name, given_words)]
    return f"invents {invented}" if wanted and invented else ""


def _given(name: str, given: str) -> bool:
    """Whether ``given``, folded, has the name, or it in the singular."""
    return holds_phrase(given, name) or (name.endswith("s") and holds_phrase(given, name[:-1]))


def _shorter(share: float, judged: Judged) -> str:
    limit = share * len(words(judged.said))
    count = len(words(judged.answer))
    return f"has {count} words, more than {limit:.0f}" if count > limit else ""


def _form(name: str, judged: Judged) -> str:
    return "" if FORMS[name](judged.answer) else f"isn't in the form of a {name}"


def _is_letter(text: str) -> bool:
    plain = text.replace("’", "'")
    opening = _SALUTATION.search(plain)
    return opening is not None and _CLOSING.search(plain, opening.end()) is not None


def _verse(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", "**"))]


def _is_poem(text: str) -> bool:
    lines = _verse(text)
    return len(lines) >= 4 and sum(len(words(line)) <= 14 for line in lines) >= 0.8 * len(lines)


def _is_dialogue(text: str) -> bool:
    speakers = {speaker.strip().lower() for speaker in _SPEAKER.findall(text)}
    return len(speakers) >= 2 or len(_DASH_LINE.findall(text)) >= 2


def _is_json(text: str) -> bool:
    blocks = [code for _, code in FENCE.findall(text)]
    bare = re.search(r"[\[{].*[\]}]", text, re.DOTALL)
    for part in blocks or ([bare.group()] if bare else []):
        try:
            return isinstance(json.loads(part), dict | list)
        except ValueError:
            continue
    return False


FORMS: dict[str, Callable[[str], bool]] = {
    "letter": _is_letter,
    "poem": _is_poem,
    "haiku": lambda text: len(_verse(text)) == 3,
    "dialogue": _is_dialogue,
    "table": lambda text: re.search(r"(?m)^\s*\|?.+\|.+\n\s*\|?\s*:?-{2,}", text) is not None,
    "json": _is_json,
    "question": lambda text: text.rstrip(" *_\"'»”)").endswith("?"),
    "code": lambda text: "```" in text,
}

RULES: dict[str, Rule] = {
    "any": _any,
    "all": _all,
    "none": _none,
    "result": _result,
    "numbers": _numbers,
    "language": _language,
    "words": _words,
    "lines": _lines,
    "items": _items,
    "pattern": _pattern,
    "no_pattern": _no_pattern,
    "kept": _kept,
    "shorter": _shorter,
    "form": _form,
    "program": lambda check, judged: executed.program(judged.answer, check["tests"]),
    "sql": lambda check, judged: executed.sql(
        judged.answer, check["setup"], check["rows"], bool(check.get("ordered", False))
    ),
    "matches": lambda check, judged: executed.matches(judged.answer, check["yes"], check["no"]),
}


def rule_of(check: Mapping[str, Any]) -> str:
    """The name of the one rule that ``check`` holds. Raises EvaluationFailed for none, several or an unknown one."""
    found = [name for name in check if name in RULES]
    if len(found) != 1 or set(check) - {found[0], "within"}:
        raise EvaluationFailed(f"the check {dict(check)} must name one rule of {', '.join(RULES)}")
    return found[0]


def failing(check: Mapping[str, Any], answer: str, said: str) -> str:
    """What is wrong with ``answer`` by one check of a row, or "". Raises EvaluationFailed for a check that is none."""
    name = rule_of(check)
    return RULES[name](check[name], Judged(answer, said, check))
