from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.arithmetic.verify import EquationTransform, FirstCorrection, correct


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("So 17 × 23 = 390.", "So 17 × 23 = 391."),
        ("2 + 2 = 5", "2 + 2 = 4"),
        ("(3 + 4) * 2 = 15, as we saw", "(3 + 4) * 2 = 14, as we saw"),
        ("10 / 4 = 3", "10 / 4 = 2.5"),
        ("1 + 1 = 3 and 2 + 2 = 4", "1 + 1 = 2 and 2 + 2 = 4"),
        ("1.2 × 3 = 3.7\n- and so on", "1.2 × 3 = 3.6\n- and so on"),
        ("Here:\n- 3 × 4 = 13", "Here:\n- 3 × 4 = 12"),
        ("* 3 × 4 = 13\n* 2 + 2 = 5", "* 3 × 4 = 12\n* 2 + 2 = 4"),
        ("> 2. 3 × 4 = 13", "> 2. 3 × 4 = 12"),
        ("1) 3 × 4 = 13", "1) 3 × 4 = 12"),
        ("There were 5\n3 × 4 = 13", "There were 5\n3 × 4 = 12"),
        ("3 × 4 = 13\n+ 2 more", "3 × 4 = 12\n+ 2 more"),
        ("12 × 4\n= 50", "12 × 4\n= 48"),
        ("**3 × 4 = 13**", "**3 × 4 = 12**"),
        ("Total: 3 × 4 = **13** eggs", "Total: 3 × 4 = **12** eggs"),
        (r"\[ 3 \times 4 = 13 \]", r"\[ 3 \times 4 = 12 \]"),
        (r"\(10 \div 4 \cdot 2 = 6\)", r"\(10 \div 4 \cdot 2 = 5\)"),
        (r"\[ 9 \text{ eggs} \times 2 = 19 \]", r"\[ 9 \text{ eggs} \times 2 = 18 \]"),
        (r"\frac{32}{800} \times 100\% = 40\%", r"\frac{32}{800} \times 100\% = 4\%"),
        ("12 / 48 = 40%", "12 / 48 = 25%"),
        ("10% + 5% = 16%", "10% + 5% = 15%"),
        (r"\[ \dfrac{120}{24} = 6 \]", r"\[ \dfrac{120}{24} = 5 \]"),
        (
            r"\[430 \text{ miles/week} \times 46 \text{ weeks} = 19820 \text{ miles}\]",
            r"\[430 \text{ miles/week} \times 46 \text{ weeks} = 19,780 \text{ miles}\]",
        ),
        ("9 * $2 = $19", "9 * $2 = $18"),
        (r"9 eggs × \$2 = \$19", r"9 eggs × \$2 = \$18"),
        ("16 eggs - 3 eggs - 4 eggs = 8 eggs left", "16 eggs - 3 eggs - 4 eggs = 9 eggs left"),
        ("3 hours × 60 minutes = 190 minutes", "3 hours × 60 minutes = 180 minutes"),
        ("On day 1, 3 × 4 = 13", "On day 1, 3 × 4 = 12"),
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
        "2 kg × 3 = 6000 g",
        "1 hour + 30 minutes = 90 minutes",
        "180 minutes / 60 = 3 hours",
        "She has 12 left - 5 = 8",
        "5 hours / 30 minutes = 10",
        r"3 \times 4 = 10 \times 2",
        "3 × 4 >= 13",
        "if 3 * 4 == 13",
        "3 + 4 = 5 - x",
        "3 × 4 = 2x",
        "20% of the 5 = 3%",
        "1 ÷ 3 = 33%",
        "10% + 5% = 15%",
        "3 × 4 = 12%",
        "20% + 5 = 25%",
        "10% × 4 = 40%",
    ],
)
def test_what_is_right_rounded_or_algebra_stays(text: str) -> None:
    assert correct(text, french=False) == text


def shaped(pieces: list[str]) -> str:
    shaper = EquationTransform(french=False)
    return "".join([*(shaper.push(piece) for piece in pieces), shaper.finish()])


def test_text_without_figures_is_not_held_back() -> None:
    assert EquationTransform(french=False).push("That is a good question") == "That is a good question"


def test_only_an_unfinished_result_is_held_back() -> None:
    shaper = EquationTransform(french=False)
    assert shaper.push("So 3 × 4 ") == "So 3 × 4 "
    assert shaper.push("= 1") == ""
    assert shaper.push("3 eggs ") == "= 12 eggs "


def test_a_working_ends_with_its_first_wrong_line_put_right() -> None:
    shaper = FirstCorrection(french=False)
    shown = shaper.push("- 2 + 2 = 4\n- 3 × 4 = 13\n- 13 + ")
    assert (shown, shaper.done) == ("- 2 + 2 = 4\n- 3 × 4 = 12", True)
    assert shaper.push("1 = 14") == ""
    assert shaper.finish() == ""


MATHS = st.lists(
    st.sampled_from(
        [
            "2",
            "+",
            " ",
            "=",
            "4",
            "5",
            "so",
            "x",
            ".",
            "\n",
            "*",
            "(",
            ")",
            "a",
            "- ",
            "$",
            "\\times",
            " = 9",
            "3 × 4",
            "**",
        ]
    ),
    max_size=30,
)


@given(MATHS, st.data())
def test_how_the_text_is_cut_has_no_influence(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert shaped(pieces) == shaped([text]) == shaped(list(text))
