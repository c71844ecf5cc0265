"""Errors beside scores: against published figures, and what must hold for any sample."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_foundry.measuring.intervals import mcnemar, paired, standard_error, wilson


@pytest.mark.parametrize(
    ("passed", "count", "low", "high"),
    # Newcombe 1998 (Statistics in Medicine 17, p. 857), table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_is_the_published_one(passed: int, count: int, low: float, high: float) -> None:
    interval = wilson(passed, count)
    assert (interval.low, interval.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_score_lies_in_its_interval_and_the_interval_among_shares(sample: tuple[int, int]) -> None:
    passed, count = sample
    interval = wilson(passed, count)
    assert 0 <= interval.low <= passed / count <= interval.high <= 1
    assert wilson(count - passed, count).low == pytest.approx(1 - interval.high, abs=1e-12)


@pytest.mark.parametrize(("passed", "count"), [(0, 0), (3, 2), (-1, 4)])
def test_what_is_no_share_has_no_interval(passed: int, count: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson(passed, count)


def test_the_standard_error_is_that_of_a_sample() -> None:
    assert standard_error(30, 100) == pytest.approx((0.3 * 0.7 / 99) ** 0.5)
    assert standard_error(1, 1) == 0


def test_a_paired_interval_is_the_published_one() -> None:
    # Newcombe 1998 (p. 2642), 36 both, 12 only the first, 2 only the second, 0 neither: method 10.
    both, first, second = 36, 12, 2
    a = [True] * both + [True] * first + [False] * second
    b = [True] * both + [False] * first + [True] * second
    found = paired(a, b)
    assert found.difference == pytest.approx(0.2)
    assert (found.interval.low, found.interval.high) == (
        pytest.approx(0.0569, abs=5e-4),
        pytest.approx(0.3404, abs=5e-4),
    )


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_a_difference_turns_its_sign_with_the_order_of_the_models(pairs: list[tuple[bool, bool]]) -> None:
    a, b = [one for one, _ in pairs], [other for _, other in pairs]
    there, back = paired(a, b), paired(b, a)
    assert there.difference == -back.difference
    assert there.interval.low == pytest.approx(-back.interval.high, abs=1e-12)
    assert there.interval.low - 1e-12 <= there.difference <= there.interval.high + 1e-12
    assert (there.only_first, there.only_second) == (back.only_second, back.only_first)
    assert there.p_value == back.p_value


@pytest.mark.parametrize(("first", "second", "p"), [(0, 0, 1.0), (5, 0, 0.0625), (1, 9, 0.021484375), (4, 4, 1.0)])
def test_mcnemars_p_is_the_coins(first: int, second: int, p: float) -> None:
    assert mcnemar(first, second) == p


def test_other_samples_arent_paired() -> None:
    with pytest.raises(ValueError, match="paired"):
        paired([True], [True, False])
