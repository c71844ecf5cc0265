"""The model goes on from the corrected line, and not from its mistake."""

from __future__ import annotations

from orion_py.skills.working_out import MOST_CORRECTIONS, WorkingOut
from tests.skills.played import PlayedWorking

ASKED = "A box holds 12 jars at 7 euros. What do three boxes cost?"


async def test_a_wrong_result_ends_the_step_and_the_next_one_goes_on_from_the_right_one() -> None:
    working = PlayedWorking(
        ASKED, ["One box: 12 * 7 = 74 euros, so 3 * 74 = 222.", " euros. Three: 3 * 84 = 252 euros."]
    )
    assert await WorkingOut(False)(working)
    assert working.shown == "One box: 12 * 7 = 84 euros. Three: 3 * 84 = 252 euros."
    assert working.asks[1].prefix == "One box: 12 * 7 = 84"
    assert working.asks[1].resumes
    assert working.notes == {"corrected": 1}


async def test_what_is_right_streams_in_one_step() -> None:
    working = PlayedWorking(ASKED, ["12 * 7 = 84, 3 * 84 = 252."])
    assert await WorkingOut(False)(working)
    assert (len(working.asks), working.shown, working.notes) == (1, "12 * 7 = 84, 3 * 84 = 252.", {"corrected": 0})


async def test_a_model_that_only_errs_is_stopped() -> None:
    working = PlayedWorking(ASKED, [" 1 + 1 = 3,"] * 20)
    assert await WorkingOut(False)(working)
    assert working.shown == " 1 + 1 = 2" * MOST_CORRECTIONS


async def test_an_answer_that_ran_out_of_length_or_time_ends() -> None:
    for finish in ("length", "timeout"):
        working = PlayedWorking(ASKED, ["12 * 7 = 74, so"], finish=finish)  # type: ignore[arg-type]
        assert await WorkingOut(False)(working)
        assert len(working.asks) == 1
