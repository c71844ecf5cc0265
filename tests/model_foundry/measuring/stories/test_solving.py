"""What an answer says of its ways, and what is compared."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from model_foundry.errors import EvaluationFailed
from model_foundry.measuring.stories.solving import Problem, Shares, Solved, problems, right, solve, solved
from orion_py.engine.engine import Engine
from orion_py.errors import OrionError

HENS = Problem("a", "en", "How many eggs do 3 hens lay in 4 days, one egg a day each?", Decimal(12))
NOTES = {
    "story": {
        "draws": [
            {"way": "steps", "answer": "7"},
            {"way": "program", "answer": None},
            {"way": "steps", "answer": "12"},
        ],
        "answer": "12",
    }
}

DRAWS = [("steps", "7"), ("program", ""), ("steps", "12")]


class PlayedEngine:
    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.seeds: list[int] = []

    async def infer(self, text: str, options: Any, locale: str) -> Any:
        self.seeds.append(options.seed)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, OrionError):
            raise outcome
        content, notes = outcome
        return SimpleNamespace(content=content, notes=notes, usage=SimpleNamespace(completion=9))


async def test_an_answer_tells_each_way_and_is_not_asked_for_twice() -> None:
    engine = PlayedEngine(("So **12**", NOTES), OrionError("no memory"))
    other = Problem("b", "fr", "Combien ?", Decimal(2))
    known = {"c": Solved("c", "1", "", "1", [], 5)}
    asked = [HENS, other, Problem("c", "en", "?", Decimal(1))]
    found = [row async for row in solve(cast("Engine", engine), "full", asked, known)]
    assert [(one, new) for _, one, new in found] == [
        (Solved("a", "7", "", "12", DRAWS, 9), True),
        (Solved("b", "", "", "", [], 0, "orion"), True),
        (known["c"], False),
    ]
    assert len(set(engine.seeds)) == 2


def test_an_answer_without_a_vote_counts_for_what_it_ends_on() -> None:
    assert solved("a", "3 + 4 = 7, so 1,5", {}, 9, french=True) == Solved("a", "1.5", "", "1.5", [("steps", "1.5")], 9)


def test_numbers_are_compared_and_not_their_spelling() -> None:
    french = Problem("a", "fr", "?", Decimal("1200.5"))
    assert right(french, "1200,50")
    assert not right(french, "1200")
    assert not right(french, "")
    assert right(Problem("a", "en", "?", Decimal(1200)), "1,200.00")


def test_shares_come_with_intervals_and_the_difference_in_pairs() -> None:
    found = [(HENS, Solved("a", "7", "12", "12", DRAWS, 9)), (HENS, Solved("a", "12", "", "12", DRAWS[:2], 9))]
    said = Shares.of(found).sentences()
    assert said[0].startswith("step by step: 1 of 2 (0.500, ")
    assert said[1].startswith("by program: 1 of 2")
    assert said[2].startswith("by vote: 2 of 2")
    assert "+50.0 points" in said[3]
    assert "won 1, lost 0" in said[3]
    assert "2.5 ways a problem" in said[3]


def test_gsm8k_is_read_from_its_data(tmp_path: Path) -> None:
    rows = [{"question": "How many?", "answer": "3 + 4 = 7\n#### 1,007"}, {"question": "?", "answer": "none"}]
    (tmp_path / "gsm8k.jsonl").write_text(json.dumps(rows[0]))
    assert problems("gsm8k", tmp_path) == [Problem("0", "en", "How many?", Decimal(1007))]
    (tmp_path / "gsm8k.jsonl").write_text(json.dumps(rows[1]))
    with pytest.raises(EvaluationFailed, match="row 0 of GSM8K"):
        problems("gsm8k", tmp_path)
    assert len(problems("test", tmp_path)) == 200
