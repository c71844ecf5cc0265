from __future__ import annotations

from fractions import Fraction

import pytest

from orion_py.arithmetic.facts import FactTransform


def shaped(text: str, pieces: list[str] | None = None) -> str:
    shaper = FactTransform(french=False, values=[Fraction(12)])
    opening = shaper.push("15% of 80 = 12\n\n")
    return opening + "".join(shaper.push(piece) for piece in pieces or [text]) + shaper.finish()


@pytest.mark.parametrize(
    "line", ["80 / 15 = 5.3333333333", "15% of 80 is 4.33 * 100 = 433.3%", "So 15% of 80 is 9.6.", "The answer is 4.5."]
)
def test_a_line_that_works_out_something_else_is_not_shown(line: str) -> None:
    assert shaped(f"{line}\nIt is useful.") == "15% of 80 = 12\n\nIt is useful."


@pytest.mark.parametrize("line", ["0.15 × 80 = 12", "So 15% of 80 is 12.", "A week is 7 days.", "It is useful."])
def test_a_line_that_agrees_or_states_no_result_stays(line: str) -> None:
    assert shaped(line) == f"15% of 80 = 12\n\n{line}"


def test_how_the_text_is_cut_has_no_influence() -> None:
    text = "80 / 15 = 5\nIt is 12.\n\n2 + 2 = 5"
    assert shaped(text, list(text)) == shaped(text) == "15% of 80 = 12\n\nIt is 12.\n\n"
