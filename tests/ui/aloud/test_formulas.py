"""A formula is said in words: in both languages, without braces and backslashes."""

from __future__ import annotations

import pytest

from ui.aloud.formulas import spoken

TABLE = [
    (r"E = mc^2", "E equals m c squared", "E égale m c au carré"),
    (r"\frac{a+b}{2} \leq 3", "a plus b over 2 is at most 3", "a plus b sur 2 est au plus égal à 3"),
    (r"\sqrt{x_1} \times 10^{-3}", "the square root of x 1 times 10 to the power of minus 3", None),
    (r"90^\circ \approx 1{,}57", "90 degrees is about 1 , 57", None),
    (r"v = \text{distance} / t", "v equals distance over t", "v égale distance sur t"),
    (r"\alpha \to \infty", "alpha to infinity", "alpha vers l’infini"),
    (r"3.14\,\mathrm{cm}", "3.14 cm", "3.14 cm"),
    (r"\left( 2 + 3 \right)", "2 plus 3", "2 plus 3"),
]


@pytest.mark.parametrize(("tex", "english", "french"), TABLE)
def test_a_formula_is_said_in_words(tex: str, english: str, french: str | None) -> None:
    assert spoken(tex, "en") == english
    assert french is None or spoken(tex, "fr") == french


def test_a_long_formula_and_a_matrix_are_only_mentioned() -> None:
    for tex in ("x + " * 40 + "y", r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", r"a = b \\ c = d"):
        assert spoken(tex, "en") == "A formula follows; it isn’t read."
        assert spoken(tex, "fr") == "Suit une formule, qui n’est pas lue."


def test_a_language_without_words_for_it_hears_the_letters() -> None:
    assert spoken(r"\frac{a}{b} = c", "de") == "a / b = c"


@pytest.mark.parametrize("tex", ["", "{", "^", r"\frac", r"\frac{a", r"\text{", "\\", r"x^{", "}"])
def test_what_is_cut_off_raises_nothing(tex: str) -> None:
    assert isinstance(spoken(tex, "en"), str)
