"""Drafts are run where they pay, by what came true and what steps took."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orion_py.generation.speculation import Speculation
from orion_py.manifest.variants import Engine
from orion_py.runtime.segments import NO_TOKEN

PASSAGE = [*range(100, 140)]


def told(
    prompt: list[int],
    answer: list[int],
    limit: int = 8,
    cost: dict[int, float] | None = None,
    engine: Engine = "onnxruntime",
) -> Speculation:
    """After ``answer``, with steps that took so long; all of one token where ``cost`` is None."""
    speculation = Speculation(prompt, limit, engine)
    for token in answer:
        speculation.timed(1, 0.01)
        for rows, seconds in (cost or {}).items():
            speculation.timed(rows, seconds)
        speculation.observe(token)
    return speculation


def test_text_that_is_copied_is_drafted_at_full_length() -> None:
    speculation = told([*PASSAGE, 1], PASSAGE[:12])
    assert speculation.propose(100) == PASSAGE[12:19]


def test_on_our_kernel_a_first_draft_is_as_short_as_its_rows_are_dear() -> None:
    """Some guesses in a row were right: as the answer of a story begins to repeat its question's words."""
    few = told([*PASSAGE, 1], PASSAGE[:6], engine="kernel")
    assert 0 < len(few.propose(100)) <= 3
    assert 3.6 < few.cost(8) < 4.4
    many = told([*PASSAGE, 1], PASSAGE[:36], engine="kernel")
    assert many.propose(100) == PASSAGE[36:40] + [1, *PASSAGE[:2]]


def test_nothing_is_drafted_where_nothing_was_said_before() -> None:
    assert told(PASSAGE, [*range(20)]).propose(100) == []


def test_a_first_likeness_alone_is_only_watched() -> None:
    speculation = told([*PASSAGE, 1], PASSAGE[:2])
    assert speculation.propose(100) == []


def test_guesses_that_fail_silently_are_never_run() -> None:
    prompt = [token for n in range(30) for token in (1, 2, 50 + n)]
    speculation = Speculation(prompt, 8)
    for n in range(30):
        for token in (1, 2, 90 + n):
            speculation.timed(1, 0.01)
            assert speculation.propose(100) == []
            speculation.observe(token)


def test_a_draft_fits_the_room_that_is_left() -> None:
    speculation = told([*PASSAGE, 1], PASSAGE[:12])
    assert speculation.propose(3) == PASSAGE[12:15]
    assert speculation.propose(0) == []


def test_steps_that_turn_out_slow_end_the_drafting() -> None:
    speculation = told([*PASSAGE, 1], PASSAGE[:12], cost={rows: 0.2 for rows in range(2, 9)})
    assert speculation.cost(8) > 8
    assert speculation.propose(100) == []


def test_one_disturbed_step_changes_little() -> None:
    speculation = told([*PASSAGE, 1], PASSAGE[:12])
    before = speculation.cost(8)
    speculation.timed(8, 10.0)
    assert speculation.cost(8) < 1.5 * before


def test_an_unmeasured_number_of_rows_is_judged_by_its_neighbour() -> None:
    quick = told([*PASSAGE, 1], PASSAGE[:20], cost={8: 0.011})
    usual = told([*PASSAGE, 1], PASSAGE[:20])
    assert quick.cost(7) < usual.cost(7)


def test_after_an_edit_the_drafting_soon_goes_on() -> None:
    edited = [*PASSAGE[:12], 7, *PASSAGE[13:18]]
    assert told([*PASSAGE, 1], edited).propose(100)[:2] == PASSAGE[18:20]


@given(
    st.lists(st.integers(0, 3), max_size=30),
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 6), st.floats(1e-5, 10)), max_size=60),
    st.integers(2, 6),
    st.integers(0, 9),
)
def test_a_draft_never_exceeds_the_limit_or_the_room_and_is_made_of_the_text(
    prompt: list[int], steps: list[tuple[int, int, float]], limit: int, room: int
) -> None:
    speculation, seen = Speculation(prompt, limit), set(prompt)
    for token, rows, seconds in steps:
        speculation.timed(rows, seconds)
        speculation.observe(token)
        seen.add(token)
        draft = speculation.propose(room)
        assert len(draft) <= min(limit - 1, room)
        assert seen.issuperset(draft)
        assert speculation.cost(rows) >= 1


def test_what_is_no_token_is_never_guessed() -> None:
    """Rows of a picture stand behind a passage that comes again."""
    picture = [NO_TOKEN] * 4
    speculation = told([*PASSAGE, *picture, 1], PASSAGE[:-3])
    assert speculation.propose(100) == PASSAGE[-3:]
    for token in PASSAGE[-3:]:
        speculation.observe(token)
    assert speculation.propose(100) == []
