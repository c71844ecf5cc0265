"""Defines ARC: grade-school science questions (https://arxiv.org/abs/1803.05457, CC BY-SA 4.0).

Prompt and score of lm-evaluation-harness: "Question: …\\nAnswer:", no examples, no chat template; ``acc_norm``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from model_foundry.errors import EvaluationFailed
from model_foundry.measuring.tasks.base import ChoiceTask, Question
from model_foundry.measuring.tasks.multiple_choice import by_length, chance, prepared, question
from model_foundry.measuring.tasks.rows import Row, read_rows


def loader(name: str) -> Callable[[Path], list[Question]]:
    """Reads ``<name>.jsonl``: rows with ready-made questions (see ``prepared``), or ARC's own in either
    form: ``question`` with ``stem`` and ``choices`` [{"text", "label"}], or ``question`` a text and
    ``choices`` {"text": […], "label": […]}; ``answerKey``. Raises EvaluationFailed."""

    def load(folder: Path) -> list[Question]:
        rows = read_rows(folder, name)
        return prepared(rows) or [_question(row) for row in rows]

    return load


def _question(row: Row) -> Question:
    sample, asked, choices = row.get("id"), row.get("question"), row.get("choices")
    try:
        if isinstance(asked, dict):
            texts = [choice["text"] for choice in asked["choices"]]
            labels = [choice["label"] for choice in asked["choices"]]
            asked = asked["stem"]
        else:
            texts, labels = choices["text"], choices["label"]  # type: ignore[index]
        answer = labels.index(row["answerKey"])
    except (KeyError, TypeError, ValueError) as error:
        raise EvaluationFailed(f"the row {sample} isn't a question of ARC: {error!r}") from error
    return question(sample, f"Question: {asked}\nAnswer:", texts, answer)


ARC_CHALLENGE = ChoiceTask("arc-challenge", "acc_norm", ("acc",), loader("arc-challenge"), by_length, chance)
ARC_EASY = ChoiceTask("arc-easy", "acc_norm", ("acc",), loader("arc-easy"), by_length, chance)
