"""Scores multiple choice by log-likelihood, as lm-evaluation-harness does for ``output_type: multiple_choice``.

``acc``: the choice with the highest sum of log-probabilities is the right one. ``acc_norm``: the
same after dividing each sum by the choice's length in characters, the space before it not counted, so that
a long choice isn't punished for its length. Of equal ones the first counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from model_foundry.errors import EvaluationFailed
from model_foundry.measuring.subjects.base import Scored
from model_foundry.measuring.tasks.base import Graded, Question
from model_foundry.measuring.tasks.rows import Row


def by_length(question: Question, scored: Sequence[Scored]) -> Graded:
    """``acc_norm`` counts, ``acc`` is reported, too."""
    plain, normalized = _choices(question, scored)
    return _graded(question, scored, normalized, {"acc": plain == question.answer})


def by_sum(question: Question, scored: Sequence[Scored]) -> Graded:
    """``acc`` counts, ``acc_norm`` is reported, too."""
    plain, normalized = _choices(question, scored)
    return _graded(question, scored, plain, {"acc_norm": normalized == question.answer})


def chance(questions: Sequence[Question]) -> float:
    """The share that guessing gets right."""
    return sum(1 / len(question.choices) for question in questions) / len(questions)


def question(sample: object, context: object, choices: object, answer: object) -> Question:
    """A question from a row's values. Raises EvaluationFailed for what can't be one."""
    if (
        not isinstance(context, str)
        or not isinstance(choices, list)
        or not isinstance(answer, int)
        or len(choices) < 2
        or not all(isinstance(choice, str) and choice.strip() for choice in choices)
        or not 0 <= answer < len(choices)
    ):
        raise EvaluationFailed(f"the row {sample} isn't a question with choices and one answer among them")
    return Question(str(sample), context, tuple(f" {choice.strip()}" for choice in choices), answer)


def prepared(rows: Sequence[Row]) -> list[Question] | None:
    """Questions of rows that carry theirs ready-made: {"doc": {"query", "choices", "gold", "id" or "ind"},
    "doc_id"}, one row for each choice, as OLMo's evaluation stores its requests. None for other rows.

    Rows from ``doc_id`` 1,000,000 on belong to another measure (choices without their question).
    """
    if not all(isinstance(row.get("doc"), dict) and "doc_id" in row for row in rows):
        return None
    docs: dict[int, dict[str, Any]] = {int(row["doc_id"]): row["doc"] for row in rows if int(row["doc_id"]) < 1_000_000}
    return [
        question(doc.get("id", doc.get("ind", number)), doc.get("query"), doc.get("choices"), doc.get("gold"))
        for number, doc in sorted(docs.items())
    ]


def _choices(question: Question, scored: Sequence[Scored]) -> tuple[int, int]:
    sums = [choice.total for choice in scored]
    lengths = [len(choice.strip()) for choice in question.choices]
    means = [total / length for total, length in zip(sums, lengths, strict=True)]
    return sums.index(max(sums)), means.index(max(means))


def _graded(question: Question, scored: Sequence[Scored], chosen: int, more: dict[str, bool]) -> Graded:
    detail = {"chosen": chosen, "answer": question.answer, "sums": [round(choice.total, 4) for choice in scored]}
    return Graded(question.sample, chosen == question.answer, more, detail)
