from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.arithmetic.errors import ArithmeticFault, NotAnExpression, TooBig, Undefined
from orion_py.arithmetic.expression import evaluate
from orion_py.arithmetic.tokens import tokenize


def value(text: str, french: bool = False) -> Fraction:
    return evaluate(tokenize(text, french)).value


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("17*23+4", 395),
        ("(3+4)^2 / 7", 7),
        ("-2^2", -4),
        ("2^-1", Fraction(1, 2)),
        ("2^3^2", 512),
        ("2**10", 1024),
        ("8 - 3 - 2", 3),
        ("100 / 10 / 2", 5),
        ("12% of 340", Fraction(204, 5)),
        ("12 % de 340", Fraction(204, 5)),
        ("200 + 10%", 220),
        ("200 - 10%", 180),
        ("50% + 25%", Fraction(3, 4)),
        ("200 * 10%", 20),
        ("17 % 5", 2),
        ("17 mod 5", 2),
        ("5!", 120),
        ("3!!", 720),
        ("√144 + 1", 13),
        ("sqrt(16) * 2", 8),
        ("∛27", 3),
        ("27^(1/3)", 3),
        ("3² + 4²", 25),
        ("2(3+4)", 14),
        ("(1+2)(3+4)", 21),
        ("[2 + 3] × 4", 20),
        ("0.1 + 0.2", Fraction(3, 10)),
        ("6 ÷ 4", Fraction(3, 2)),
        ("10 : 4", Fraction(5, 2)),
        ("3 x 4", 12),
        ("−5 + 2", -3),
        ("1,234.5 + 1", Fraction(2471, 2)),
        ("1'000 + 1", 1001),
    ],
)
def test_an_expression_is_worked_out_exactly(text: str, wanted: Fraction | int) -> None:
    assert value(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("3,5 + 1", "4.5"), ("1 234,5 + 1", "1235.5"), ("1.234.567 + 1", "1234568"), ("1,234 + 0", "1.234")],
)
def test_a_french_reader_writes_decimals_with_a_comma(text: str, wanted: str) -> None:
    assert value(text, french=True) == Fraction(wanted)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("trois fois douze", 36),
        ("three times twelve", 36),
        ("vingt et un plus quatre-vingt-dix-neuf", 120),
        ("soixante et onze moins un", 70),
        ("two hundred and five minus twelve", 193),
        ("deux cent trente-quatre divisé par deux", 117),
        ("mille neuf cent quatre-vingt-quatre plus un", 1985),
        ("two million three hundred thousand plus one", 2300001),
        ("deux puissance dix", 1024),
        ("seven squared", 49),
        ("racine carrée de quatre-vingt-un", 9),
        ("la moitié de cinquante", 25),
        ("twenty percent of fifty", 10),
        ("un plus un", 2),
    ],
)
def test_numbers_and_operators_may_be_words(text: str, wanted: int) -> None:
    assert value(text) == wanted


@pytest.mark.parametrize("text", ["1/0", "5 mod 0", "0^-1", "√(-4)", "2.5!", "(-3)!"])
def test_what_has_no_value_says_so(text: str) -> None:
    with pytest.raises(Undefined):
        value(text)


@pytest.mark.parametrize("text", ["9^9^9", "301!", "10^5000", "(" * 60 + "1" + ")" * 60, "1" + "+1" * 300])
def test_what_would_take_too_long_is_refused(text: str) -> None:
    with pytest.raises(TooBig):
        value(text)


@pytest.mark.parametrize("text", ["", "2 +", "2 3", "(2", "2)", "* 3", "hello", "__import__('os')"])
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(NotAnExpression):
        value(text)


def test_an_irrational_root_is_known_to_be_rounded() -> None:
    root = evaluate(tokenize("√2", False))
    assert not root.exact
    assert abs(root.value**2 - 2) < Fraction(1, 10**38)


WHOLE = st.integers(0, 9999)
TREES = st.recursive(
    WHOLE.map(lambda n: (str(n), Fraction(n))),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: combine(*t)),
    max_leaves=12,
)


def combine(left: tuple[str, Fraction], sign: str, right: tuple[str, Fraction]) -> tuple[str, Fraction]:
    """The text of a sum and its value by ``fractions``; a division by zero becomes a product."""
    (a, x), (b, y) = left, right
    if sign == "/" and y == 0:
        sign = "*"
    result = {"+": x + y, "-": x - y, "*": x * y, "/": x / y if y else x}[sign]
    return f"({a} {sign} {b})", result


@given(TREES)
def test_any_sum_agrees_with_fractions(tree: tuple[str, Fraction]) -> None:
    text, wanted = tree
    assert value(text) == wanted


@given(st.lists(st.tuples(st.sampled_from("+-*"), WHOLE), min_size=1, max_size=8), WHOLE)
def test_without_parentheses_precedence_is_pythons(rest: list[tuple[str, int]], first: int) -> None:
    products, terms = first, []
    for sign, number in rest:
        if sign == "*":
            products *= number
        else:
            terms.append(products)
            products = number if sign == "+" else -number
    text = str(first) + "".join(f" {sign} {number}" for sign, number in rest)
    assert value(text) == sum(terms) + products


@given(st.integers(0, 10**12), st.integers(2, 5))
def test_the_root_of_a_power_is_exact(base: int, degree: int) -> None:
    assert value(f"({base**degree})^(1/{degree})") == base if base < 10**10 else True


@given(st.text("0123456789+-*/^%!()., √²xX:=deofplusthree", max_size=40), st.booleans())
def test_any_text_is_worked_out_or_refused_with_one_of_our_errors(text: str, french: bool) -> None:
    try:
        result = evaluate(tokenize(text, french))
    except ArithmeticFault:
        return
    assert math.isfinite(result.value.numerator.bit_length())
