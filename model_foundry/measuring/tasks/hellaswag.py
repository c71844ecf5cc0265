"""Defines HellaSwag: which of four endings follows (https://arxiv.org/abs/1905.07830, MIT).

Prompt and score of lm-evaluation-harness: "<activity>: <context>", no examples, no chat template; ``acc_norm``.
"""

from __future__ import annotations

import re
from pathlib import Path

from model_foundry.measuring.tasks.base import ChoiceTask, Question
from model_foundry.measuring.tasks.multiple_choice import by_length, chance, prepared, question
from model_foundry.measuring.tasks.rows import Row, read_rows


def load(folder: Path) -> list[Question]:
    """Rows with ready-made questions (see ``prepared``), or the data set's own: ``ctx_a`` and ``ctx_b``
    or ``ctx``, ``activity_label``, ``endings``, ``label`` or ``expected_index``. Raises EvaluationFailed."""
    rows = read_rows(folder, "hellaswag")
    return prepared(rows) or [_question(number, row) for number, row in enumerate(rows)]


def _question(number: int, row: Row) -> Question:
    begun = f"{row['ctx_a']} {str(row['ctx_b']).capitalize()}" if "ctx_b" in row else str(row.get("ctx", ""))
    label = row.get("label", row.get("expected_index"))
    answer = int(label) if isinstance(label, str) and label.isdigit() else label
    endings = row.get("endings")
    cleaned = [clean(str(ending)) for ending in endings] if isinstance(endings, list) else endings
    context = clean(f"{row.get('activity_label', '')}: {begun}")
    return question(row.get("id", row.get("ind", number)), context, cleaned, answer)


def clean(text: str) -> str:
    """Without WikiHow's marks: "[title]" ends a sentence, other marks in brackets go."""
    text = re.sub(r"\[.*?\]", "", text.strip().replace(" [title]", ". "))
    return text.replace("  ", " ")


HELLASWAG = ChoiceTask("hellaswag", "acc_norm", ("acc",), load, by_length, chance)
