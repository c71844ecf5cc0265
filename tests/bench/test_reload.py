"""A later visit counts only with its prompt restored."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bench.benches import reload
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


def test_a_visit_that_read_its_prompt_is_made_again_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter(["lite answered, with 0 rows restored", "", "never asked for"])
    monkeypatch.setattr(reload, "_later_visit", lambda *_: next(said))
    context = SimpleNamespace(settle=lambda title: None)
    told = list(reload._round(context, None, Contender("later visit"), "round 1 of 1"))  # type: ignore[arg-type]
    assert told == ["lite answered, with 0 rows restored"]
