"""Tasks that are answered in words or code: what is asked, what is taken from an answer."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

from model_foundry.errors import EvaluationFailed
from model_foundry.measuring.tasks import gsm8k, humaneval
from model_foundry.measuring.tasks.humaneval import assemble, extract


@pytest.mark.parametrize(
    ("text", "loose", "strict"),
    [
        ("It is 3 + 4 = 7.\n#### 7", 7, 7),
        ("So $1,200.50 in all.", "1200.50", None),
        ("#### -3", -3, -3),
        ("#### 18\nThen 5 more apples.", 18, 18),
        ("The answer is 12 dollars, not 13", 13, None),
        ("no number", None, None),
        ("#### $5,000", 5000, 5000),
        ("#### The answer is 9", 9, None),
    ],
)
def test_the_final_number_is_found(text: str, loose: object, strict: object) -> None:
    assert gsm8k.last_number(text) == (None if loose is None else Decimal(str(loose)))
    assert gsm8k.marked_number(text) == (None if strict is None else Decimal(str(strict)))


def test_gsm8k_is_read_in_both_forms_and_graded_by_value(tmp_path: Path) -> None:
    own = {"question": "How many?", "answer": "4*5=<<4*5=20>>20\n#### 1,020"}
    sampled = {"id": "s", "prompt": "How many?", "expected": "18"}
    (tmp_path / "gsm8k.jsonl").write_text(json.dumps(own) + "\n" + json.dumps(sampled))
    first, second = gsm8k.load(tmp_path)
    assert first.messages[0]["content"].startswith("How many?\n")
    assert first.grade("it is 1020.00").passed
    graded = second.grade("18 it is")
    assert graded.passed
    assert graded.more == {"strict": False}
    assert not second.grade("I can't say").passed


def test_an_answer_to_gsm8k_is_over_when_its_line_is() -> None:
    assert re.search(gsm8k.UNTIL, "#### 1") is None  # 12 may follow
    assert re.search(gsm8k.UNTIL, "#### 12\n")


@pytest.mark.parametrize("row", [{"id": "x"}, {"id": "x", "prompt": "?", "expected": "many"}])
def test_a_row_without_a_number_is_refused(tmp_path: Path, row: dict[str, str]) -> None:
    (tmp_path / "gsm8k.jsonl").write_text(json.dumps(row))
    with pytest.raises(EvaluationFailed, match="x"):
        gsm8k.load(tmp_path)


PROBLEM = {
    "task_id": "T/0",
    "prompt": "from typing import List\n\n\ndef base():\n    return 10\n\n\n"
    'def total(xs: List[int]) -> int:\n    """ Sum. """\n',
    "entry_point": "total",
    "test": "def check(candidate):\n    assert candidate([1, 2]) == 13",
}
RIGHT = "def total(xs: List[int]) -> int:\n    return base() + sum(xs)\n"


@pytest.fixture
def problem(tmp_path: Path) -> humaneval.Exercise:
    (tmp_path / "humaneval.jsonl").write_text(json.dumps(PROBLEM))
    (exercise,) = humaneval.load(tmp_path)
    return exercise


@pytest.mark.parametrize(
    "text",
    [
        f"Here it is:\n```python\n{RIGHT}```\nIt sums.",
        f"```\n{RIGHT}```",
        f"```python\n{RIGHT}",  # cut off after the code
        RIGHT,
        "```python\n    return base() + sum(xs)\n```",  # the body alone
        f"```sh\npip install x\n```\nthen\n```python\n{RIGHT}```",
        f"```python\n{PROBLEM['prompt']}    return base() + sum(xs)\n```",
    ],
)
def test_code_is_taken_from_the_fence_and_gets_the_problems_imports_and_helpers(
    problem: humaneval.Exercise, text: str
) -> None:
    graded = problem.grade(text)
    assert graded.passed, graded.detail


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("I don't know.", "failed"),
        ("", "failed"),
        ("```python\ndef total(xs):\n    return 0\n```", "failed"),
        ("```python\ndef other(xs):\n    return 13\n```", "failed"),
        ("```python\nimport os\nos._exit(0)\ndef total(xs):\n    return 13\n```", "crashed"),
    ],
)
def test_a_wrong_answer_fails(problem: humaneval.Exercise, text: str, verdict: str) -> None:
    graded = problem.grade(text)
    assert not graded.passed
    assert graded.detail["verdict"] == verdict


def test_the_problem_is_asked_in_one_turn(problem: humaneval.Exercise) -> None:
    (turn,) = problem.messages
    assert turn["role"] == "user"
    assert "def total" in turn["content"]


def test_an_answer_is_over_when_the_fence_around_the_function_closes(problem: humaneval.Exercise) -> None:
    assert problem.until is not None
    assert re.search(problem.until, f"```python\n{RIGHT}") is None
    assert re.search(problem.until, "```sh\nls\n```") is None
    assert re.search(problem.until, f"```python\n{RIGHT}```")


def test_a_function_of_which_the_name_is_the_beginning_isnt_it() -> None:
    assert extract("```\ndef totals(): ...\n```\n```\ndef total(): ...\n```", "total") == "def total(): ...\n"
    assert assemble("def total():\n", "total", "    return 1", "").startswith("def total():\n    return 1")


@pytest.mark.parametrize("row", [{}, {**PROBLEM, "entry_point": "a b"}, {**PROBLEM, "test": None}])
def test_a_row_that_is_no_problem_is_refused(tmp_path: Path, row: dict[str, str]) -> None:
    (tmp_path / "humaneval.jsonl").write_text(json.dumps(row))
    with pytest.raises(EvaluationFailed, match="problem"):
        humaneval.load(tmp_path)
