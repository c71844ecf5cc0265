"""What is a problem told as a story, and which number a working ends on."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.skills.story import answer_of, is_story, value, written


@pytest.mark.parametrize(
    "query",
    [
        "A lorry takes 26 pallets and I have 182 pallets to shift. How many lorries do I need?",
        "I promised each of my four grandchildren £15 for the fair. How much do they get together?",
        "Une classe de 24 élèves part avec trois adultes. Combien de billets faut-il acheter ?",
        "If a train does 120 km in two hours, what is its speed, please, in km per hour?",
    ],
)
def test_a_problem_in_words_is_known(query: str) -> None:
    assert is_story(query)


@pytest.mark.parametrize(
    "query",
    ["What is 12 × 7?", "How many legs does a spider have?", "All cats are animals. Is Tom, who is a cat, an animal?"],
)
def test_a_sum_a_fact_or_a_deduction_is_none(query: str) -> None:
    assert not is_story(query)


@pytest.mark.parametrize(
    ("text", "french", "answer"),
    [
        ("3 × 4 = 12\nAnswer: 12 eggs, out of 15", False, "12"),
        ("**Answer:** $1,200.50", False, "1200.50"),
        ("Réponse : 1 200,5 €", True, "1200.5"),
        (r"so \(\boxed{18}\) in 3 days", False, "18"),
        ("it makes **7 euros** and not 9", False, "7"),
        ("12 - 5 = 7", False, "7"),
        ("it is −3", False, "-3"),
        ("nothing", False, None),
        ("Answer: 3. Answer: 4", False, "4"),
    ],
)
def test_the_marked_number_counts_before_the_bold_one_and_the_last_one(
    text: str, french: bool, answer: str | None
) -> None:
    assert answer_of(text, french) == (None if answer is None else Decimal(answer))


@given(st.decimals(0, 10**6, places=2), st.booleans())
def test_a_written_answer_reads_as_itself(answer: Decimal, french: bool) -> None:
    assert value(written(answer, french), french) == answer
