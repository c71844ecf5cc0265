from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.arithmetic.find import find_sums


def lines(text: str, french: bool = False) -> list[str]:
    return [found.line(french) for found in find_sums(text, french).sums]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("12*12", "12 × 12 = 144"),
        ("What is 17*23+4?", "17 × 23 + 4 = 395"),
        ("12 % of 340", "12% of 340 = 40.8"),
        ("three times twelve please", "3 × 12 = 36"),
        ("what is (3+4)^2 / 7", "(3 + 4)^2 ÷ 7 = 7"),
        ("2 + 2 = ?", "2 + 2 = 4"),
        ("Divide 936 by 12 for me, please.", "936 ÷ 12 = 78"),
        ("multiply 12 by 3.5", "12 × 3.5 = 42"),
        ("Add 12 and 30", "12 + 30 = 42"),
        ("subtract 8 from 50", "50 − 8 = 42"),
        ("12*12 !", "12 × 12 = 144"),
        ("square root of 2", "√2 ≈ 1.4142135624"),
        ("1/3", "1 ÷ 3 = 1/3 ≈ 0.3333333333"),
        ("1000000*1000", "1,000,000 × 1000 = 1,000,000,000"),
        ("what is 1/0", "1 ÷ 0 has no result: division by zero"),
        ("9^9^9", "9^9^9 has no result: too large to be worked out here"),
        ("2^-100", "2^−100 ≈ 7.888609052 × 10^−31"),
    ],
)
def test_a_question_that_is_only_a_sum_has_only_its_result_as_answer(text: str, line: str) -> None:
    assert lines(text) == [line]
    assert find_sums(text, False).only


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("combien font trois fois douze ?", "3 × 12 = 36"),
        ("12 % de 340", "12\u202f% de 340 = 40,8"),
        ("quelle est la racine carrée de 144 ?", "√144 = 12"),
        ("calcule 3,5 + 1,25 s'il te plaît", "3,5 + 1,25 = 4,75"),
        ("c'est quoi 20% de 150€ ?", "20\u202f% de 150 = 30"),
        ("12345 * 2", "12\u202f345 × 2 = 24\u202f690"),
    ],
)
def test_in_french_the_result_is_written_the_french_way(text: str, line: str) -> None:
    assert lines(text, french=True) == [line]
    assert find_sums(text, True).only


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("what is 15% of 80 and why is that useful?", "15% of 80 = 12"),
        ("Explain why 7 * 8 is not 54", "7 × 8 = 56"),
        ("how many seconds are in 3 * 24 hours", "3 × 24 = 72"),
    ],
)
def test_a_sum_amid_other_words_is_found_and_leaves_the_rest_to_the_model(text: str, line: str) -> None:
    assert lines(text) == [line]
    assert not find_sums(text, False).only


@pytest.mark.parametrize(
    "text",
    [
        "who works here 24/7?",
        "read pages 10-15 of the book",
        "I was born on 2024-01-15",
        "call 555-1234 now",
        "one moment please",
        "un instant, 3 km et 5 jours",
        "what is the capital of France",
        "I have 3 apples",
        "-5",
        "20%",
        "Wow!",
        "C++ or C#?",
        "",
    ],
)
def test_dates_ranges_and_plain_numbers_are_no_sums(text: str) -> None:
    assert lines(text) == []
    assert not find_sums(text, False).only


@given(st.text(max_size=120), st.booleans())
def test_any_text_is_searched_without_an_error(text: str, french: bool) -> None:
    find_sums(text, french)
