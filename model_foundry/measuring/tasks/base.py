"""Defines the two kinds of tasks, and the outcome of one sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from model_foundry.measuring.subjects.base import Scored
from orion_py.runtime.tokenizer import ChatMessage

Detail = dict[str, Any]


@dataclass(frozen=True)
class Graded:
    """``passed`` counts for the score; ``more`` for the task's other measures, by their names."""

    sample: str
    passed: bool
    more: dict[str, bool] = field(default_factory=dict)
    detail: Detail = field(default_factory=dict)
    """What to look at when asking why; not aggregated."""


@dataclass(frozen=True)
class Question:
    """Choose one of ``choices`` to follow ``context``; ``answer`` is the right one's index.

    Every choice begins with the space that parts it from the context.
    """

    sample: str
    context: str
    choices: tuple[str, ...]
    answer: int


@dataclass(frozen=True)
class Exercise:
    """Answer ``messages`` greedily; ``grade`` says whether the text is right."""

    sample: str
    messages: tuple[ChatMessage, ...]
    max_tokens: int
    grade: Callable[[str], Graded]
    until: str | None = None


@dataclass(frozen=True)
class ChoiceTask:
    """A multiple-choice task, scored by log-likelihood."""

    name: str
    metric: str
    measures: tuple[str, ...]
    """Names of ``Graded.more``."""
    load: Callable[[Path], list[Question]]
    grade: Callable[[Question, Sequence[Scored]], Graded]
    chance: Callable[[Sequence[Question]], float]
    kind: Literal["choice"] = "choice"


@dataclass(frozen=True)
class AnswerTask:
    """A task that is answered in words or code."""

    name: str
    metric: str
    measures: tuple[str, ...]
    load: Callable[[Path], list[Exercise]]
    kind: Literal["answer"] = "answer"


Task = ChoiceTask | AnswerTask
