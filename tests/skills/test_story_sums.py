"""Several ways to one answer: which are tried, when it is enough, and what the person reads."""

from __future__ import annotations

from orion_py.runtime.code_runner import Ran
from orion_py.skills.story_sums import MOST_DRAWS, PROGRAMMERS, UNABLE, StorySums
from tests.skills.played import PlayedWorking

ASKED = "A box holds 12 jars at 7 euros each. What do three boxes cost?"
RIGHT = "12 × 7 = 84\n84 × 3 = 252\nAnswer: 252"


async def test_a_program_that_agrees_is_enough() -> None:
    working = PlayedWorking(ASKED, [RIGHT, "print(12 * 7 * 3)\n```"], [Ran("252\n", "done")])
    assert await StorySums(False)(working)
    assert working.shown == f"{RIGHT}\n\nChecked: 2 of 2 ways to work it out give **252**."
    assert working.programs == ["print(12 * 7 * 3)"]
    assert working.notes["story"] == {
        "draws": [{"way": "steps", "answer": "252"}, {"way": "program", "answer": "252"}],
        "answer": "252",
        "votes": 2,
    }
    assert working.revisions == []
    assert 'End with a line "Answer:"' in working.asks[0].text


async def test_the_working_that_wins_takes_the_first_ones_place() -> None:
    says = ["12 + 7 = 19\nAnswer: 19", "print(252)\n```", RIGHT, RIGHT]
    working = PlayedWorking(ASKED, says, [Ran("252", "done")])
    assert await StorySums(False)(working)
    assert working.revisions == ["Worked out by this program:\n\n```python\nprint(252)\n```\n\nAnswer: 252"]
    assert working.shown.endswith("Checked: 3 of 4 ways to work it out give **252**.")
    assert [ask.shown for ask in working.asks] == [True, False, False, False]
    assert [ask.attempt for ask in working.asks[2:]] == [2, 3], "each draws otherwise"


async def test_a_working_is_corrected_where_it_is_not_seen_too() -> None:
    says = ["12 + 7 = 19\nAnswer: 19", "12 × 7 = 74", "\n84 × 3 = 252\nAnswer: 252", RIGHT]
    working = PlayedWorking(ASKED, [*says, RIGHT], can_run=False)
    assert await StorySums(False)(working)
    assert working.asks[2].prefix == "12 × 7 = 84"
    assert "**252**" in working.shown


async def test_ways_that_all_differ_are_told_and_the_first_one_stays() -> None:
    says = [f"Réponse : {number}" for number in (5, 6, 7, 8, 9)]
    working = PlayedWorking(ASKED, says, french=True, can_run=False)
    assert await StorySums(True)(working)
    assert working.shown == (
        "Réponse : 5\n\nIncertain : les calculs diffèrent (6, 7, 8, 9 aussi trouvé). Vérifiez cette réponse : **5**"
    )
    assert len(working.asks) == MOST_DRAWS


async def test_a_program_that_fails_or_waits_for_input_has_no_vote() -> None:
    for program, runs in (("print(1 / 0)\n```", [Ran("", "failed", "ZeroDivisionError")]), ("input()\n```", [])):
        working = PlayedWorking(ASKED, [RIGHT, program, RIGHT], runs)
        assert await StorySums(False)(working)
        assert working.notes["story"]["draws"][1] == {"way": "program", "answer": None}
        assert "2 of 3 ways" in working.shown


async def test_a_working_without_a_number_or_without_time_is_left_as_it_is() -> None:
    working = PlayedWorking(ASKED, ["I wonder."])
    assert await StorySums(False)(working)
    assert (working.shown, len(working.asks)) == ("I wonder.", 1)
    working = PlayedWorking(ASKED, [RIGHT], finish="timeout")
    assert await StorySums(False)(working)
    assert (working.shown, len(working.asks)) == (RIGHT, 1)


async def test_a_model_that_is_better_at_programs_gives_them_more_votes_and_writes_more() -> None:
    says = ["12 + 7 = 19\nAnswer: 19", "print(252)\n```", "print(84)\n```", "print(252.0)\n```"]
    working = PlayedWorking(ASKED, says, [Ran("252", "done"), Ran("84", "done"), Ran("252.0", "done")])
    working.models = [next(iter(PROGRAMMERS))]
    assert await StorySums(False)(working)
    assert working.shown.endswith("Checked: 2 of 4 ways to work it out give **252**.")
    assert [ask.attempt for ask in working.asks[1:]] == [0, 1, 2]
    assert [ask.sampling.temperature for ask in working.asks[1:]] == [0.0, 0.7, 0.7]


async def test_a_model_that_solves_nothing_is_asked_once() -> None:
    working = PlayedWorking(ASKED, ["It makes 19."])
    working.models = [next(iter(UNABLE))]
    assert await StorySums(False)(working)
    assert (working.shown, len(working.asks)) == ("It makes 19.", 1)
