"""Defines GSM8K: grade-school word problems (https://arxiv.org/abs/2110.14168, MIT).

One chat turn without examples (the model's own template, its own system prompt), answered greedily in at
most 320 tokens. ``exact_match`` compares the last number of the answer with the right one, as
lm-evaluation-harness's "flexible-extract"; ``strict`` wants it after "####", as the prompt asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path

from model_foundry.errors import EvaluationFailed
from model_foundry.measuring.tasks.base import AnswerTask, Exercise, Graded
from model_foundry.measuring.tasks.rows import Row, read_rows

PROMPT = '{question}\n\nReason step by step. End with a line that holds "####" and the answer, a number alone.'
MAX_TOKENS = 320

NUMBER = re.compile(r"-?\$?\d[\d,]*(?:\.\d+)?")
MARKED = re.compile(rf"####\s*({NUMBER.pattern})")
UNTIL = r"####\s*-?\$?\d[\d,.]*\s*\n"
"""A line with the answer that has come to its end."""


def load(folder: Path) -> list[Exercise]:
    """Rows {"id", "prompt" or "question", "expected" or "answer" ("… #### 18")}. Raises EvaluationFailed."""
    return [_exercise(number, row) for number, row in enumerate(read_rows(folder, "gsm8k"))]


def _exercise(number: int, row: Row) -> Exercise:
    sample, asked = str(row.get("id", number)), row.get("prompt", row.get("question"))
    expected = value(str(row.get("expected", str(row.get("answer", "")).rpartition("####")[2])).strip())
    if not isinstance(asked, str) or expected is None:
        raise EvaluationFailed(f"the row {sample} isn't a problem with a number for an answer")
    content = PROMPT.format(question=asked.strip())
    return Exercise(sample, ({"role": "user", "content": content},), MAX_TOKENS, grader(sample, expected), UNTIL)


def grader(sample: str, expected: Decimal) -> Callable[[str], Graded]:
    def grade(text: str) -> Graded:
        loose, strict = last_number(text), marked_number(text)
        detail = {"found": None if loose is None else str(loose), "expected": str(expected)}
        return Graded(sample, loose == expected, {"strict": strict == expected}, detail)

    return grade


def last_number(text: str) -> Decimal | None:
    """Of what the answer holds up to the end of its marked line, should it have one."""
    ended = re.search(UNTIL, text)
    found = NUMBER.findall(text[: ended.end()] if ended else text)
    return value(found[-1]) if found else None


def marked_number(text: str) -> Decimal | None:
    found = MARKED.search(text)
    return value(found[1]) if found else None


def value(text: str) -> Decimal | None:
    """The number that ``text`` writes: "$1,200.50" is 1200.5."""
    try:
        return Decimal(text.replace(",", "").replace("$", ""))
    except InvalidOperation:
        return None


GSM8K = AnswerTask("gsm8k", "exact_match", ("strict",), load)
