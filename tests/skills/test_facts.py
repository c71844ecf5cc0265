"""A shortened text keeps the facts of its source, or what it loses is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.skills.facts import names, numbers, what_is_lost

SOURCE = [
    "The club met on Monday at 14:30 in the hall of Sainte-Anne.",
    "Ann paid 1,200 pounds, more than last year.",
    "Bob will not be treasurer.",
    "Le magasin ouvre le lundi et ferme le mardi.",
]


@pytest.mark.parametrize(
    "text",
    [
        "The club met on Monday at 14:30.",
        "Ann paid 1 200 pounds.",
        "Bob won’t be treasurer.",
        "They met in Sainte-Anne at 14.",
        "Bob isn't treasurer any more.",
        "Le magasin ouvre lundi.",
        "A short note.",
    ],
)
def test_what_says_nothing_else_keeps_the_facts(text: str) -> None:
    assert what_is_lost([text], SOURCE) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Ann paid 1,300 pounds.", "invents the number 1300"),
        ("The club met with Carol on Monday.", "invents the name carol"),
        ("Bob will be treasurer.", "turns round"),
        ("Ann never paid pounds last year.", "turns round"),
        ("Ann paid less pounds than last year.", "says the opposite"),
    ],
)
def test_what_is_invented_or_turned_round_is_named(text: str, why: str) -> None:
    assert what_is_lost([text], SOURCE).startswith(why)


def test_names_are_words_with_a_capital_inside_a_sentence() -> None:
    assert names("Yesterday Ann met Éric. Then they left.") == {"ann", "eric"}
    assert numbers("1 200 and 3.5 at 14h30") == {"1200", "35", "1430"}


@given(st.lists(st.text(max_size=40), max_size=5))
def test_a_text_keeps_its_own_numbers_and_names(parts: list[str]) -> None:
    assert not what_is_lost(parts, parts).startswith("invents")
