from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orion_py.generation.periods import Periods

LIMIT = 12
FEW = st.lists(st.integers(0, 2), max_size=80)
"""Of three tokens only, so that much repeats by itself."""


def run_of(tokens: list[int], period: int) -> int:
    """The definition, token by token: how many of the last equal the one ``period`` places before."""
    run = 0
    while run + period < len(tokens) and tokens[-1 - run] == tokens[-1 - run - period]:
        run += 1
    return run


def twice() -> Periods:
    return Periods([2 * period for period in range(1, LIMIT + 1)])


@given(FEW)
def test_all_runs_are_those_of_the_definition_after_every_token(tokens: list[int]) -> None:
    periods = twice()
    for count, token in enumerate(tokens, 1):
        due = periods.push(token)
        runs = {period: run_of(tokens[:count], period) for period in range(1, LIMIT + 1)}
        assert {period: periods.run(period) for period in runs} == runs
        assert due == [period for period, run in runs.items() if run >= 2 * period]
    assert len(periods) == len(tokens)


@given(st.lists(st.integers(0, 50), max_size=40), st.lists(st.integers(0, 50), min_size=1, max_size=LIMIT))
def test_whatever_comes_before_a_unit_is_found_with_its_second_repetition(before: list[int], unit: list[int]) -> None:
    periods = twice()
    for token in before + unit + unit:
        periods.push(token)
    due: set[int] = set()
    for token in unit:
        due.update(periods.push(token))
    assert any(len(unit) % period == 0 for period in due), "the unit, or what it is several times"


@given(st.permutations(range(300)))
def test_what_never_repeats_is_never_due(tokens: list[int]) -> None:
    periods = Periods([2 * period for period in range(1, 101)])
    assert not any(periods.push(token) for token in tokens)


def test_a_period_that_waits_is_due_later_and_as_at_first_once_its_run_has_broken() -> None:
    periods = twice()
    assert [periods.push(token) for token in (7, 7, 7)] == [[], [], [1]]
    periods.wait(1, 4)
    assert [1 in periods.push(token) for token in (7, 7)] == [False, True]
    periods.push(8)
    assert [1 in periods.push(token) for token in (7, 7, 7)] == [False, False, True]


def test_an_answer_longer_than_the_first_buffer_loses_nothing() -> None:
    periods = twice()
    for token in range(5000):
        periods.push(token)
    assert len(periods) == 5000
    assert [periods.push(4999), periods.push(4999)] == [[], [1]]
