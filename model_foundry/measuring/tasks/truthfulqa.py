"""Defines TruthfulQA: one true answer among false ones (mc1; https://arxiv.org/abs/2109.07958, Apache-2.0).

Score of lm-evaluation-harness: the sum of log-probabilities, ``acc``. The prompt is "Q: …\\nA:" alone; the
harness puts six questions with answers before it, so these scores are comparable among themselves only.
"""

from __future__ import annotations

from pathlib import Path

from model_foundry.measuring.tasks.base import ChoiceTask, Question
from model_foundry.measuring.tasks.multiple_choice import by_sum, chance, question
from model_foundry.measuring.tasks.rows import read_rows


def load(folder: Path) -> list[Question]:
    """Rows {"id", "question", "choices", "expected_index"}. Raises EvaluationFailed."""
    return [
        question(row.get("id", number), f"Q: {row.get('question')}\nA:", row.get("choices"), row.get("expected_index"))
        for number, row in enumerate(read_rows(folder, "truthfulqa"))
    ]


TRUTHFULQA = ChoiceTask("truthfulqa", "acc", ("acc_norm",), load, by_sum, chance)
