"""What both models answered to sixty everyday questions in two languages, recorded by bench.answers.record.

The recordings hold what was said before anything was cut back, token by token, so that they say when
the detector finds a loop, and when it doesn't, without any model.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bench.answers.table import detector_of, pieces_of, row_of
from orion_py.generation.loops import Loop

FOLDER = Path(__file__).parent / "recorded"
PROMPTS = [json.loads(line) for line in (FOLDER / "prompts.jsonl").read_text("utf-8").splitlines()]
ASKED = {prompt["id"]: prompt["text"] for prompt in PROMPTS}
WANTED_REPETITION = ("repetition", "poem", "rewriting")
"""Kinds of prompts whose answers may say the same several times in a row."""


LEAST = {"lite": 60, "full": 60}
"""Answers in each recording."""


def recorded(model: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / f"{model}.jsonl").read_text("utf-8").splitlines()]


ANSWERS = [pytest.param(row, id=f"{model}-{row['id']}") for model in ("lite", "full") for row in recorded(model)]


def repeats(text: str) -> str | None:
    """A line or a sentence of four words and more, in prose, that stands three times in a row: a naive
    look that shares nothing with the detector."""
    prose = re.sub(r"```.*?(?:```|$)", "", text, flags=re.S)
    rows = [" ".join(re.findall(r"[^\W\d_]+", row.lower())) for row in re.split(r"(?<=[.!?])\s+|\n+", prose)]
    rows = [row for row in rows if row]
    threes = zip(rows, rows[1:], rows[2:], strict=False)
    return next((one for one, two, three in threes if one == two == three and len(one.split()) > 3), None)


@pytest.mark.parametrize("model", ["lite", "full"])
def test_the_answers_are_those_to_the_prompts_in_their_order(model: str) -> None:
    answered = {row["id"] for row in recorded(model)}
    assert [row["id"] for row in recorded(model)] == [prompt for prompt in ASKED if prompt in answered]
    assert len(answered) >= LEAST[model]
    assert {prompt["language"] for prompt in PROMPTS if prompt["id"] in answered} == {"en", "fr"}


@pytest.mark.parametrize("row", ANSWERS)
def test_a_run_is_cut_with_the_token_that_completes_its_loop_and_no_other_run_is(row: dict[str, Any]) -> None:
    kept: list[tuple[int, str]] = []
    for number, run in enumerate(row["runs"]):
        pieces = [*kept, *pieces_of(run)]
        detector = detector_of(row, ASKED[row["id"]])
        found: list[tuple[int, Loop]] = []
        for place, (token, text) in enumerate(pieces, 1):
            if loop := detector.push(token, text):
                found.append((place, loop))
                break
        looped = number < row["loops"]
        assert [place for place, _ in found] == ([len(pieces)] if looped else [])
        if looped:
            kept = pieces[: found[0][1].keep]


@pytest.mark.parametrize("row", ANSWERS)
def test_what_a_person_reads_goes_round_in_no_circle(row: dict[str, Any]) -> None:
    kind = next(prompt["kind"] for prompt in PROMPTS if prompt["id"] == row["id"])
    if kind not in WANTED_REPETITION:
        assert repeats(row["text"]) is None


@pytest.mark.parametrize("row", ANSWERS)
def test_an_answer_that_ended_by_a_loop_says_so_and_no_other_does(row: dict[str, Any]) -> None:
    assert (row["finish"] == "loop") == (row["loops"] == 2)
    assert row["loops"] <= 2
    assert len(row["runs"]) == 1 + min(row["loops"], 1) or not row["runs"]


@pytest.mark.parametrize("row", [pytest.param(row, id=row["id"]) for row in recorded("looping")])
def test_what_looped_before_it_was_noticed_is_found_and_cut_to_what_was_new(row: dict[str, Any]) -> None:
    pieces = list(pieces_of(row["runs"][0]))
    detector = detector_of(row, ASKED[row["id"]])
    loop = next((loop for token, text in pieces if (loop := detector.push(token, text))), None)
    assert loop is not None
    assert loop.tokens < len(pieces)
    said = {text.strip() for _, text in pieces[: loop.keep]}
    again = [text.strip() for _, text in pieces[loop.keep : loop.tokens]]
    new = [text for text in again if text and not text.isdigit() and text not in said]
    assert len(again) >= 6
    assert len(new) <= 0.1 * len(again), "it brought next to nothing new"


def test_the_recordings_hold_loops_to_be_found() -> None:
    rows = [row_of(FOLDER / f"{model}.jsonl", ASKED) for model in ("lite", "full")]
    assert all(row.looped == row.retried for row in rows)
    assert row_of(FOLDER / "looping.jsonl", ASKED).looped == len(recorded("looping")) > 15
