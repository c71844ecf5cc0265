"""Numbers are said as people say them."""

from __future__ import annotations

import pytest

from orion_py.senses.speaking import english_numbers as english
from orion_py.senses.speaking import french_numbers as french


@pytest.mark.parametrize(
    ("number", "en", "fr"),
    [
        (0, "zero", "zéro"),
        (1, "one", "un"),
        (16, "sixteen", "seize"),
        (21, "twenty-one", "vingt et un"),
        (71, "seventy-one", "soixante et onze"),
        (80, "eighty", "quatre-vingts"),
        (81, "eighty-one", "quatre-vingt-un"),
        (91, "ninety-one", "quatre-vingt-onze"),
        (99, "ninety-nine", "quatre-vingt-dix-neuf"),
        (100, "one hundred", "cent"),
        (200, "two hundred", "deux cents"),
        (201, "two hundred and one", "deux cent un"),
        (1000, "one thousand", "mille"),
        (1080, "one thousand and eighty", "mille quatre-vingts"),
        (80_000, "eighty thousand", "quatre-vingt mille"),
        (200_000, "two hundred thousand", "deux cent mille"),
        (1_000_000, "one million", "un million"),
        (2_300_004, "two million three hundred thousand and four", "deux millions trois cent mille quatre"),
        (80_000_000, "eighty million", "quatre-vingts millions"),
        (-5, "minus five", "moins cinq"),
    ],
)
def test_cardinals(number: int, en: str, fr: str) -> None:
    assert (english.cardinal(number), french.cardinal(number)) == (en, fr)


def test_no_two_numbers_are_said_alike() -> None:
    numbers = [*range(3000), 12_345, 999_999, 70_070, 1_234_567, 7_000_000, 80_000_000]
    for cardinal in (english.cardinal, french.cardinal):
        assert len(set(map(cardinal, numbers))) == len(numbers)


@pytest.mark.parametrize(
    ("number", "en", "fr"),
    [
        (1, "first", "premier"),
        (2, "second", "deuxième"),
        (5, "fifth", "cinquième"),
        (9, "ninth", "neuvième"),
        (12, "twelfth", "douzième"),
        (20, "twentieth", "vingtième"),
        (21, "twenty-first", "vingt et unième"),
        (80, "eightieth", "quatre-vingtième"),
        (100, "one hundredth", "centième"),
        (200, "two hundredth", "deux centième"),
    ],
)
def test_ordinals(number: int, en: str, fr: str) -> None:
    assert (english.ordinal(number), french.ordinal(number)) == (en, fr)


def test_years_decimals_and_what_is_too_large() -> None:
    assert [english.year(year) for year in (1999, 1905, 1800, 2005, 2024, 999)] == [
        "nineteen ninety-nine",
        "nineteen oh five",
        "eighteen hundred",
        "two thousand and five",
        "twenty twenty-four",
        "nine hundred and ninety-nine",
    ]
    assert english.decimal("3", "14") == "three point one four"
    assert french.decimal("3", "14") == "trois virgule quatorze"
    assert french.decimal("0", "05") == "zéro virgule zéro cinq"
    assert french.decimal("3", "14159") == "trois virgule un quatre un cinq neuf"
    assert french.cardinal(21, feminine=True) == "vingt et une"
    assert french.ordinal(1, feminine=True) == "première"
    assert english.cardinal(10**15).startswith("one zero zero")
    assert french.cardinal(10**15).startswith("un zéro zéro")
