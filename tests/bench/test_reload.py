"""A later visit counts only with its prompt restored."""

from __future__ import annotations

import pytest

from bench.benches.reload import FIRST_TOKEN, GOAL_MS, restored_rows
from bench.contenders import LARGE
from bench.figures import Contender, limit


@pytest.mark.parametrize(
    ("told", "rows"),
    [
        ("57 of 80 tokens were read before the question", 57),
        ("1,024 of 1,100 tokens were read before the question", 1024),
        ("", 0),
        ("none of 80 tokens", 0),
    ],
)
def test_an_answer_tells_how_many_tokens_of_its_prompt_were_read_before(told: str, rows: int) -> None:
    assert restored_rows(told) == rows


def test_large_is_wanted_within_five_seconds() -> None:
    visits = Contender("later visit")
    visits.add(FIRST_TOKEN, "ms", 5200.0, 0.0)
    assert limit("", visits.series[FIRST_TOKEN], GOAL_MS[LARGE]).met is False
