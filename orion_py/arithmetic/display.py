"""Formats expressions and results as people write them, in French and English."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction

from orion_py.arithmetic.expression import Number
from orion_py.arithmetic.tokens import Token

DECIMALS = 10
"""Digits after the point, for results that don't end."""
MAX_EXACT = 30
"""Decimals after which an exact result that would end is cut as well."""
_THIN = "\u202f"
_WORDS = {
    "half": ("half of ", "la moitié de "),
    "double": ("double ", "le double de "),
    "square": ("the square of ", "le carré de "),
    "factorial": ("the factorial of ", "la factorielle de "),
}


def show_number(value: Fraction, french: bool, decimals: int | None = None) -> str:
    """Whole or terminating numbers in full, others rounded to ``decimals``; from 10,000 on with
    thousands set apart."""
    places = _terminates(value)
    if decimals is not None and (places is None or places > decimals):
        places = decimals
    digits = _decimal(abs(value), places if places is not None else DECIMALS)
    whole, _, part = digits.partition(".")
    part = part.rstrip("0") if decimals is not None else part
    if len(whole) > 4:
        whole = f"{int(whole):,}".replace(",", _THIN if french else ",")
    sign = "−" if value < 0 and (whole != "0" or part) else ""
    return sign + whole + (("," if french else ".") + part if part else "")


def show_result(number: Number, french: bool) -> str:
    """ "= 395", "= 49/6 ≈ 8.1666666667" or "≈ 1.4142135624"."""
    value = number.value
    places = _terminates(value)
    if number.exact and places is not None and places <= MAX_EXACT:
        return "= " + show_number(value, french)
    rounded = "≈ " + _rounded(value, french)
    if number.exact and value.denominator < 10_000:
        over, under = (show_number(Fraction(part), french) for part in value.as_integer_ratio())
        return f"= {over}/{under} {rounded}"
    return rounded


def show_expression(tokens: Sequence[Token], french: bool) -> str:
    """With the signs of print: "17 × 23 + 4"."""
    shown, before = "", None
    for index, token in enumerate(tokens):
        text = token.text
        operand_before = before is not None and before.kind in ("number", "close", "postfix")
        if token.kind == "number" and token.value is not None:
            text = show_number(token.value, french)
            if before is not None and before.kind == "close":
                text = " × " + text
        elif token.kind == "function":
            text = _WORDS[text][french] if text in _WORDS else text
            text = f" × {text}" if operand_before else text
        elif token.kind == "open":
            text = " × (" if operand_before else "("
        elif token.kind == "op":
            text = _operator(text, operand_before, french)
        elif text == "%":
            following = tokens[index + 1] if index + 1 < len(tokens) else None
            remainder = following is not None and following.kind in ("number", "open", "function")
            text = " mod " if remainder else "\u202f%" if french else "%"
        shown += text
        before = token
    return shown


def _operator(text: str, binary: bool, french: bool) -> str:
    if text == "of":
        return " de " if french else " of "
    return text if text == "^" or not binary else f" {text} "


def _rounded(value: Fraction, french: bool) -> str:
    if value and (abs(value) < Fraction(1, 10**6) or abs(value) >= 10**15):
        with localcontext() as context:
            context.prec = DECIMALS
            mantissa, _, exponent = f"{Decimal(value.numerator) / Decimal(value.denominator):e}".partition("e")
        mantissa = (mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa).replace("-", "−")
        return f"{mantissa.replace('.', ',') if french else mantissa} × 10^{int(exponent)}".replace("^-", "^−")
    return show_number(value, french, DECIMALS)


def _terminates(value: Fraction) -> int | None:
    """How many decimals ``value`` has, or None when they never end."""
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else None


def _decimal(value: Fraction, places: int) -> str:
    """Rounded half up to ``places``, without floating point."""
    scaled = (value * 10**places * 2 + 1) // 2
    digits = str(scaled).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits
