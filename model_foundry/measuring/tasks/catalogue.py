"""Lists every task by its name on the command line."""

from __future__ import annotations

from model_foundry.measuring.tasks.arc import ARC_CHALLENGE, ARC_EASY
from model_foundry.measuring.tasks.base import Task
from model_foundry.measuring.tasks.gsm8k import GSM8K
from model_foundry.measuring.tasks.hellaswag import HELLASWAG
from model_foundry.measuring.tasks.humaneval import HUMANEVAL
from model_foundry.measuring.tasks.truthfulqa import TRUTHFULQA

TASKS: dict[str, Task] = {
    task.name: task for task in (HELLASWAG, ARC_EASY, ARC_CHALLENGE, TRUTHFULQA, GSM8K, HUMANEVAL)
}
PERPLEXITY = "perplexity"
"""The foundry's own texts: not a task of right and wrong, so not in ``TASKS`` (see text_perplexity.py)."""
