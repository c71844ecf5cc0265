"""Rows of questions are read strictly: a row that can't be judged is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from model_foundry.errors import EvaluationFailed
from model_foundry.measuring.usefulness.rows import read_file, read_questions

ROW: dict[str, Any] = {
    "id": "a",
    "agent": "conversation",
    "language": "en",
    "kind": "fact",
    "question": "How many?",
    "history": [{"role": "user", "content": "Before."}, {"role": "assistant", "content": "Yes."}],
    "checks": [{"any": ["206"]}],
    "good": "206.",
}


def written(folder: Path, *rows: dict[str, Any], name: str = "ann.jsonl") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    return path


def test_a_file_is_one_hand(tmp_path: Path) -> None:
    (question,) = read_file(written(tmp_path, ROW))
    assert (question.hand, question.text, question.bad) == ("ann", "How many?", "")
    assert question.said == "Before.\nYes.\nHow many?"


def test_a_set_is_all_its_hands(tmp_path: Path) -> None:
    written(tmp_path / "test", ROW, name="bob.jsonl")
    written(tmp_path / "test", ROW, name="ann.jsonl")
    assert [question.hand for question in read_questions("test", tmp_path)] == ["ann", "bob"]
    with pytest.raises(EvaluationFailed, match="has no rows"):
        read_questions("development", tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"question": " "}, "ann.jsonl:1: question must be a text"),
        ({"good": 5}, "good must be a text"),
        ({"agent": "vision"}, "agent 'vision' or language 'en' is unknown"),
        ({"language": "de"}, "is unknown"),
        ({"history": "before"}, "history must be turns"),
        ({"history": [{"role": "system", "content": "x"}]}, "history must be turns"),
        ({"history": [{"role": "user"}]}, "content must be a text"),
        ({"checks": []}, "at least one"),
        ({"checks": [{"any": ["a"], "none": ["b"]}]}, "must name one rule"),
    ],
)
def test_a_row_that_is_none_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises(EvaluationFailed, match=said):
        read_file(written(tmp_path, ROW | change))


def test_an_id_stands_once(tmp_path: Path) -> None:
    with pytest.raises(EvaluationFailed, match="has the ids a twice"):
        read_file(written(tmp_path, ROW, ROW))
