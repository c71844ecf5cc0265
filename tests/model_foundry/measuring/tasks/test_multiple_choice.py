"""Multiple choice: how questions are read and scored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from model_foundry.errors import EvaluationFailed
from model_foundry.measuring.subjects.base import Scored
from model_foundry.measuring.tasks import hellaswag
from model_foundry.measuring.tasks.arc import ARC_CHALLENGE, ARC_EASY
from model_foundry.measuring.tasks.base import Question
from model_foundry.measuring.tasks.hellaswag import HELLASWAG
from model_foundry.measuring.tasks.multiple_choice import by_length, by_sum, chance, question
from model_foundry.measuring.tasks.rows import Row
from model_foundry.measuring.tasks.truthfulqa import TRUTHFULQA


def written(folder: Path, name: str, *rows: Row) -> Path:
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def scored(*sums: float) -> list[Scored]:
    return [Scored((total,), (0,)) for total in sums]


def test_a_long_choice_isnt_punished_for_its_length() -> None:
    asked = Question("1", "A cat", (" is", " is a small animal"), 1)
    graded = by_length(asked, scored(-4.0, -12.0))  # -2 and -0.75 a character
    assert graded.passed
    assert graded.more == {"acc": False}
    graded = by_sum(asked, scored(-4.0, -12.0))
    assert not graded.passed
    assert graded.more == {"acc_norm": True}


def test_length_is_counted_without_the_space_that_parts() -> None:
    asked = Question("1", "c", (" ab", " abcd"), 0)
    # Per character -1.0 and -1.01; with the space it would be -0.667 and -0.808.
    assert by_length(asked, scored(-2.0, -4.04)).passed
    assert not by_length(asked, scored(-2.0, -3.96)).passed


def test_of_equal_choices_the_first_counts() -> None:
    assert by_sum(Question("1", "c", (" a", " b"), 0), scored(-1, -1)).passed
    assert not by_sum(Question("1", "c", (" a", " b"), 1), scored(-1, -1)).passed


def test_chance_counts_each_questions_choices() -> None:
    two, four = (Question("", "", tuple("ab"), 0), Question("", "", tuple("abcd"), 0))
    assert chance([two, four]) == pytest.approx(0.375)


def test_hellaswags_own_rows_become_the_harnesss_prompt(tmp_path: Path) -> None:
    row = {
        "ind": 24,
        "activity_label": "Roof shingle removal",
        "ctx_a": "A man is sitting on a roof.",
        "ctx_b": "he",
        "endings": ["is using wrap.", "is ripping [substeps] tiles off."],
        "label": "1",
    }
    (asked,) = HELLASWAG.load(written(tmp_path, "hellaswag", row))
    assert asked.context == "Roof shingle removal: A man is sitting on a roof. He"
    assert asked.choices == (" is using wrap.", " is ripping tiles off.")
    assert (asked.sample, asked.answer) == ("24", 1)


def test_wikihows_marks_go() -> None:
    assert hellaswag.clean("How to bake [title] Mix it. [step] Stir.") == "How to bake. Mix it. Stir."


def test_ready_made_questions_are_read_once_each_and_without_the_unconditional_ones(tmp_path: Path) -> None:
    doc = {"id": "M1", "query": "Question: What?\nAnswer:", "choices": ["yes", "no"], "gold": 1}
    rows = [
        {"doc": doc, "doc_id": 0},
        {"doc": doc, "doc_id": 0},
        {"doc": {**doc, "query": "Answer:"}, "doc_id": 1000000},
    ]
    (asked,) = ARC_EASY.load(written(tmp_path, "arc-easy", *rows))
    assert asked == Question("M1", "Question: What?\nAnswer:", (" yes", " no"), 1)


def test_arcs_own_rows_are_read_in_both_forms(tmp_path: Path) -> None:
    nested = {
        "id": "a",
        "question": {"stem": "Why?", "choices": [{"text": "So", "label": "1"}, {"text": "No", "label": "2"}]},
        "answerKey": "2",
    }
    flat = {"id": "b", "question": "Why?", "choices": {"text": ["So", "No"], "label": ["A", "B"]}, "answerKey": "A"}
    first, second = ARC_CHALLENGE.load(written(tmp_path, "arc-challenge", nested, flat))
    assert first == Question("a", "Question: Why?\nAnswer:", (" So", " No"), 1)
    assert second == Question("b", "Question: Why?\nAnswer:", (" So", " No"), 0)


def test_truthfulqa_is_asked_without_examples(tmp_path: Path) -> None:
    row = {"id": "t", "question": "Is it?", "choices": ["No.", "Yes."], "expected_index": 0}
    (asked,) = TRUTHFULQA.load(written(tmp_path, "truthfulqa", row))
    assert asked == Question("t", "Q: Is it?\nA:", (" No.", " Yes."), 0)


@pytest.mark.parametrize(
    "row",
    [
        {"id": "x", "question": "Why?", "choices": {"text": ["So", "No"], "label": ["A", "B"]}, "answerKey": "E"},
        {"id": "x", "question": "Why?", "choices": {"text": ["So"], "label": ["A"]}, "answerKey": "A"},
        {"id": "x", "question": "Why?", "choices": {"text": ["So", 3], "label": ["A", "B"]}, "answerKey": "A"},
        {"id": "x", "question": "Why?"},
    ],
)
def test_a_row_that_is_no_question_is_named(tmp_path: Path, row: Row) -> None:
    with pytest.raises(EvaluationFailed, match="the row x"):
        ARC_EASY.load(written(tmp_path, "arc-easy", row))


def test_an_answer_outside_the_choices_is_refused() -> None:
    with pytest.raises(EvaluationFailed, match="one answer among them"):
        question("x", "c", ["a", "b"], 2)
