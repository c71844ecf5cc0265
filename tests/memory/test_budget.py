from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.errors import OutOfMemory, TooLarge
from orion_py.memory.budget import Budget, Resident, evictions, excess

MB = 1_000_000


def test_nothing_goes_while_there_is_room() -> None:
    assert evictions([Resident("a", 10)], 10, Budget(20, 2), "b") == []


def test_the_least_recently_used_go_first_and_no_more_than_needed() -> None:
    residents = [Resident("old", 10), Resident("newer", 10), Resident("newest", 10)]
    assert evictions(residents, 15, Budget(30, 9), "b") == ["old", "newer"]


def test_the_number_of_models_is_limited_too() -> None:
    assert evictions([Resident("old", 1), Resident("new", 1)], 1, Budget(100, 2), "b") == ["old"]


def test_what_is_kept_stays_and_the_next_goes_instead() -> None:
    residents = [Resident("busy", 10, kept=True), Resident("idle", 10)]
    assert evictions(residents, 10, Budget(20, 9), "b") == ["idle"]


def test_what_can_never_fit_is_refused_with_the_figures() -> None:
    with pytest.raises(TooLarge, match="giant needs 5000 MB; all models together may use 4000 MB") as caught:
        evictions([Resident("a", 1)], 5000 * MB, Budget(4000 * MB, 2), "giant")
    assert caught.value.detail == {"model": "giant", "needed_bytes": 5000 * MB, "budget_bytes": 4000 * MB}


def test_what_does_not_fit_beside_what_is_in_use_is_refused_with_the_figures() -> None:
    with pytest.raises(OutOfMemory, match="leaves 1000 of 4000 MB"):
        evictions([Resident("busy", 3000 * MB, kept=True)], 2000 * MB, Budget(4000 * MB, 2), "b")


def test_too_many_busy_models_are_put_up_with_until_they_are_idle() -> None:
    busy = [Resident("a", 1, kept=True), Resident("b", 1, kept=True)]
    assert evictions(busy, 1, Budget(100, 1), "c") == []
    assert excess([Resident("a", 1), Resident("b", 1, kept=True)], Budget(100, 1)) == ["a"]


USES = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sets(st.sampled_from("abcdefgh"), max_size=2)), max_size=40)
SIZES = st.fixed_dictionaries({name: st.integers(1, 60) for name in "abcdefgh"})


@given(USES, SIZES, st.integers(1, 100), st.integers(1, 4))
def test_it_does_what_a_plain_lru_list_does(
    uses: list[tuple[str, set[str]]], sizes: dict[str, int], most: int, models: int
) -> None:
    """Uses one model after the other while some are busy, against a list that pops its idle front."""
    budget, here = Budget(most, models), list[str]()
    for wanted, busy in uses:
        if wanted in here:
            here.remove(wanted)
            here.append(wanted)
            continue
        residents = [Resident(name, sizes[name], kept=name in busy) for name in here]
        kept_bytes = sum(sizes[n] for n in here if n in busy)
        if sizes[wanted] > most:
            with pytest.raises(TooLarge):
                evictions(residents, sizes[wanted], budget, wanted)
            continue
        if kept_bytes + sizes[wanted] > most:
            with pytest.raises(OutOfMemory):
                evictions(residents, sizes[wanted], budget, wanted)
            continue
        expected, left = [], list(here)
        while sum(sizes[n] for n in left) + sizes[wanted] > most or len(left) + 1 > models:
            idle = [n for n in left if n not in busy]
            if not idle:
                break
            left.remove(idle[0])
            expected.append(idle[0])
        assert evictions(residents, sizes[wanted], budget, wanted) == expected
        assert not set(expected) & busy, "what is busy stays"
        here = [*left, wanted]
        assert sum(sizes[n] for n in here) <= most, "never more bytes than the budget"
        assert len(here) <= models or len([n for n in here if n in busy]) >= models
