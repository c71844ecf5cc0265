"""Reads the questions: one JSON object a line, each with the rules that a useful answer keeps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from model_foundry.errors import EvaluationFailed
from model_foundry.measuring.tasks.rows import parsed_rows
from model_foundry.measuring.usefulness.checks import rule_of
from orion_py.runtime.tokenizer import ChatMessage

DATA = Path(__file__).with_name("data")
SETS = ("development", "test")
AGENTS = ("conversation", "code", "logical", "creative", "multilingual")
LANGUAGES = ("en", "fr")

Part = Literal["development", "test"]


@dataclass(frozen=True, slots=True)
class Question:
    """``hand``: the writer, by the name of the file. ``history``: turns before the question, oldest first.
    ``good`` keeps every check; ``bad``, where it isn't empty, fails one."""

    id: str
    hand: str
    agent: str
    language: str
    kind: str
    text: str
    history: tuple[ChatMessage, ...]
    checks: tuple[dict[str, Any], ...]
    good: str
    bad: str

    @property
    def said(self) -> str:
        """All that the answer may take its facts from."""
        return "\n".join([*(turn["content"] for turn in self.history), self.text])


def read_questions(part: Part, folder: Path = DATA) -> list[Question]:
    """The questions of the development set or of the test set, hand after hand. Raises EvaluationFailed, which names
    the file and the row."""
    files = sorted((folder / part).glob("*.jsonl"))
    if not files:
        raise EvaluationFailed(f"{folder / part} has no rows (*.jsonl)")
    return [question for path in files for question in read_file(path)]


def read_file(path: Path) -> list[Question]:
    """The questions of one hand. Raises EvaluationFailed."""
    found = [_question(row, path.stem, f"{path.name}:{number}") for number, row in enumerate(parsed_rows(path), 1)]
    ids = [question.id for question in found]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise EvaluationFailed(f"{path.name} has the ids {', '.join(twice)} twice")
    return found


def _question(row: dict[str, Any], hand: str, where: str) -> Question:
    texts = {name: row.get(name, "") for name in ("id", "agent", "language", "kind", "question", "good", "bad")}
    for name, value in texts.items():
        if not isinstance(value, str) or (name not in ("bad",) and not value.strip()):
            raise EvaluationFailed(f"{where}: {name} must be a text")
    if texts["agent"] not in AGENTS or texts["language"] not in LANGUAGES:
        raise EvaluationFailed(f"{where}: agent {texts['agent']!r} or language {texts['language']!r} is unknown")
    return Question(
        id=texts["id"],
        hand=hand,
        agent=texts["agent"],
        language=texts["language"],
        kind=texts["kind"],
        text=texts["question"],
        history=_turns(row.get("history", []), where),
        checks=_checks(row.get("checks"), where),
        good=texts["good"],
        bad=texts["bad"],
    )


def _turns(history: Any, where: str) -> tuple[ChatMessage, ...]:
    turns: list[Any] = history if isinstance(history, list) else [None]
    said: list[ChatMessage] = []
    for turn in turns:
        if not isinstance(turn, dict) or turn.get("role") not in ("user", "assistant"):
            raise EvaluationFailed(f"{where}: history must be turns with a role and content")
        if not isinstance(turn.get("content"), str):
            raise EvaluationFailed(f"{where}: a turn's content must be a text")
        said.append({"role": turn["role"], "content": turn["content"]})
    return tuple(said)


def _checks(checks: Any, where: str) -> tuple[dict[str, Any], ...]:
    if not isinstance(checks, list) or not checks or not all(isinstance(check, dict) for check in checks):
        raise EvaluationFailed(f"{where}: checks must be a list of objects, at least one")
    for check in checks:
        try:
            rule_of(check)
        except EvaluationFailed as error:
            raise EvaluationFailed(f"{where}: {error}") from error
    return tuple(checks)
