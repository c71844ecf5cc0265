"""Lists every task by its name on the command line."""

from __future__ import annotations

from model_foundry.evaluation.arc import ARC_CHALLENGE, ARC_EASY
from model_foundry.evaluation.gsm8k import GSM8K
from model_foundry.evaluation.hellaswag import HELLASWAG
from model_foundry.evaluation.humaneval import HUMANEVAL
from model_foundry.evaluation.task import Task
from model_foundry.evaluation.truthfulqa import TRUTHFULQA

TASKS: dict[str, Task] = {
    task.name: task for task in (HELLASWAG, ARC_EASY, ARC_CHALLENGE, TRUTHFULQA, GSM8K, HUMANEVAL)
}
PERPLEXITY = "perplexity"
"""The texts of this package: not a task of right and wrong, and so none of ``TASKS`` (see texts.py)."""
