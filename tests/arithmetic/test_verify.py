from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.arithmetic.verify import EquationTransform, correct


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("So 17 × 23 = 390.", "So 17 × 23 = 391."),
        ("2 + 2 = 5", "2 + 2 = 4"),
        ("(3 + 4) * 2 = 15, as we saw", "(3 + 4) * 2 = 14, as we saw"),
        ("10 / 4 = 3", "10 / 4 = 2.5"),
        ("1 + 1 = 3 and 2 + 2 = 4", "1 + 1 = 2 and 2 + 2 = 4"),
    ],
)
def test_a_wrong_equation_is_shown_right(said: str, shown: str) -> None:
    assert correct(said, french=False) == shown


@pytest.mark.parametrize(
    "text",
    [
        "2 + 2 = 4",
        "1 / 3 = 0.33",
        "x + 2 = 5",
        "2x + 3 = 7",
        "a - 3 + 4 = 5",
        "y × 3 + 4 = 10",
        "2 + 2 = 1 + 3",
        "12 / 48 = 25%",
        "f(3) + 2 = 9",
        "version = 3",
        "5 = 5",
        "1 / 0 = 0",
    ],
)
def test_what_is_right_rounded_or_algebra_stays(text: str) -> None:
    assert correct(text, french=False) == text


def shaped(pieces: list[str]) -> str:
    shaper = EquationTransform(french=False)
    return "".join([*(shaper.push(piece) for piece in pieces), shaper.finish()])


def test_text_without_figures_is_not_held_back() -> None:
    assert EquationTransform(french=False).push("That is a good question") == "That is a good question"


MATHS = st.lists(st.sampled_from(["2", "+", " ", "=", "4", "5", "so", "x", ".", "\n", "*", "(", ")", "a"]), max_size=30)


@given(MATHS, st.data())
def test_how_the_text_is_cut_has_no_influence(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert shaped(pieces) == shaped([text]) == shaped(list(text))
