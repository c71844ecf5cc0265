from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.arithmetic.number_words import read_number
from orion_py.senses.speaking import english_numbers, french_numbers


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("zero", 0),
        ("douze", 12),
        ("vingt et un", 21),
        ("soixante-dix-sept", 77),
        ("quatre-vingts", 80),
        ("quatre-vingt-onze", 91),
        ("nonante-neuf", 99),
        ("cent", 100),
        ("cent un", 101),
        ("deux cents", 200),
        ("neuf cent quatre-vingt-dix-neuf", 999),
        ("mille", 1000),
        ("deux mille vingt-six", 2026),
        ("un million deux cent mille", 1_200_000),
        ("twenty-five", 25),
        ("one hundred and five", 105),
        ("three thousand two hundred", 3200),
        ("two billion", 2_000_000_000),
    ],
)
def test_a_number_in_words_is_read_to_its_end(text: str, wanted: int) -> None:
    assert read_number(text, 0) == (wanted, len(text))


@pytest.mark.parametrize("text", ["un instant", "une idée", "one moment", "hundred", "thousand", "sixty-fold", "dixit"])
def test_articles_and_other_words_are_no_numbers(text: str) -> None:
    found = read_number(text, 0)
    assert found is None or text[found[1] :].startswith("-")


def test_two_numbers_stay_two() -> None:
    assert read_number("two and three", 0) == (2, 3)
    assert read_number("vingt et trente", 0) == (20, 5)


@given(number=st.integers(0, 10**12 - 1) | st.integers(0, 2000))
def test_a_number_that_is_said_is_read_as_itself(number: int) -> None:
    for said in (french_numbers.cardinal(number), english_numbers.cardinal(number)):
        if number != 1:  # alone "un" and "one" are articles
            assert read_number(said, 0) == (number, len(said)), said


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("dix deux", 10),
        ("dix dix", 10),
        ("dix vingt", 10),
        ("two hundred and three hundred", 200),
        ("one thousand and two thousand", 1000),
        ("one thousand and twenty two thousand", 1000),
    ],
)
def test_two_numbers_in_a_row_are_not_one(text: str, first: int) -> None:
    found = read_number(text, 0)
    assert found
    assert found[0] == first


@pytest.mark.parametrize(
    ("text", "wanted"), [("one hundred and five thousand", 105_000), ("one million and five thousand", 1_005_000)]
)
def test_an_and_within_a_number_goes_on_to_its_scale(text: str, wanted: int) -> None:
    assert read_number(text, 0) == (wanted, len(text))
