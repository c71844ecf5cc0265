"""Parses (Pratt) and evaluates expressions exactly, over ``fractions.Fraction``; never with ``eval``.

Precedence, loosest first: + −; × ÷ mod of; unary −; ^ (to the right); the postfixes % ! ² ³.
A percentage behind + or − is one of what stands before it: 200 + 10% = 220. % before an operand
is the remainder: 17 % 5 = 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from fractions import Fraction

from orion_py.arithmetic.errors import NotAnExpression, TooBig, Undefined
from orion_py.arithmetic.tokens import Token

MAX_TOKENS, MAX_DEPTH, MAX_BITS, MAX_FACTORIAL = 200, 40, 4000, 300
"""Tokens of an expression, nested parentheses and signs, bits of any result on the way (1,200 digits)."""
ROOT_DIGITS = 40
"""Significant digits to which an irrational root is worked out."""


@dataclass(frozen=True, slots=True)
class Number:
    """``exact`` False: rounded to ROOT_DIGITS. ``percent``: written with a % sign just before."""

    value: Fraction
    exact: bool = True
    percent: bool = False


_BINDING = {"+": 10, "−": 10, "×": 20, "÷": 20, "mod": 20, "of": 25, "^": 40}
_UNARY = 30


def evaluate(tokens: Sequence[Token]) -> Number:
    """The value. Raises NotAnExpression, Undefined or TooBig."""
    if len(tokens) > MAX_TOKENS:
        raise TooBig(f"{len(tokens)} tokens")
    parser = _Parser(tokens)
    value = parser.expression(0)
    if parser.peek is not None:
        raise NotAnExpression(f"nothing is expected at {parser.peek.text!r}")
    return replace(value, percent=False)


class _Parser:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens, self._at, self._depth = tokens, 0, 0

    @property
    def peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self) -> Token:
        token = self.peek
        if token is None:
            raise NotAnExpression("it ends too early")
        self._at += 1
        return token

    def expression(self, binding: int) -> Number:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise TooBig(f"nested more than {MAX_DEPTH} deep")
        left = self._postfixes(self._operand())
        while (token := self.peek) is not None:
            operator = self._operator(token)
            if operator is None or _BINDING[operator] <= binding:
                break
            if token.kind in ("op", "postfix"):
                self._at += 1
            right = self.expression(_BINDING[operator] - (operator == "^"))
            left = self._postfixes(_sized(_apply(operator, left, right)))
        self._depth -= 1
        return left

    def _operator(self, token: Token) -> str | None:
        if token.kind == "op" and token.text in _BINDING:
            return token.text
        if token.kind == "postfix" and token.text == "%":
            return "mod"
        # 2(3 + 4) and (1 + 2)(3 + 4); two numbers in a row are no product.
        after = self._tokens[self._at - 1].kind
        if token.kind in ("open", "function") or (token.kind == "number" and after == "close"):
            return "×"
        return None

    def _operand(self) -> Number:
        token = self._next()
        if token.kind == "number" and token.value is not None:
            return Number(token.value)
        if token.kind == "open":
            value = self.expression(0)
            if self._next().kind != "close":
                raise NotAnExpression("a parenthesis isn't closed")
            return replace(value, percent=False)
        if token.kind == "op" and token.text in ("+", "−"):
            value = self.expression(_UNARY)
            return value if token.text == "+" else replace(value, value=-value.value)
        if token.kind == "function":
            return _sized(_FUNCTIONS[token.text](self.expression(_UNARY)))
        raise NotAnExpression(f"a number is expected at {token.text!r}")

    def _postfixes(self, value: Number) -> Number:
        while (token := self.peek) is not None and token.kind == "postfix":
            if token.text == "%":
                if self._operand_follows():
                    break  # a remainder
                value = Number(value.value / 100, value.exact, percent=True)
            elif token.text == "!":
                value = _factorial(value)
            else:
                value = _power(value, Number(Fraction(2 if token.text == "²" else 3)))
            value = _sized(value)
            self._at += 1
        return value

    def _operand_follows(self) -> bool:
        following = self._tokens[self._at + 1] if self._at + 1 < len(self._tokens) else None
        return following is not None and following.kind in ("number", "open", "function")


def _apply(operator: str, left: Number, right: Number) -> Number:
    exact = left.exact and right.exact
    a, b = left.value, right.value
    if operator in "+−":
        if right.percent and not left.percent:
            b = a * b
        return Number(a + b if operator == "+" else a - b, exact, left.percent and right.percent)
    if operator in ("×", "of"):
        return Number(a * b, exact)
    if operator == "^":
        return _power(left, right)
    if b == 0:
        raise Undefined("division by zero")
    return Number(a / b if operator == "÷" else a % b, exact)


def _power(base: Number, exponent: Number) -> Number:
    a, b = base.value, exponent.value
    if b.denominator == 1:
        if a == 0 and b < 0:
            raise Undefined("division by zero")
        if abs(b) * max(_bits(a), 1) > MAX_BITS and a not in (0, 1, -1):
            raise TooBig(f"{abs(b)} is too high a power")
        return Number(a ** int(b), base.exact and exponent.exact)
    if b.denominator > 100 or abs(b.numerator) > 1000:
        raise TooBig("so fine an exponent")
    rooted = _root(base, b.denominator)
    return _power(rooted, Number(Fraction(b.numerator), exponent.exact))


def _root(number: Number, degree: int) -> Number:
    """Exact where the root is rational, else to ROOT_DIGITS."""
    value = number.value
    if value < 0:
        if degree % 2 == 0:
            raise Undefined("the root of a negative number")
        positive = _root(replace(number, value=-value), degree)
        return replace(positive, value=-positive.value)
    over, under = _whole_root(value.numerator, degree), _whole_root(value.denominator, degree)
    if over is not None and under is not None:
        return Number(Fraction(over, under), number.exact)
    with localcontext() as context:
        context.prec = ROOT_DIGITS + 10
        quotient = Decimal(value.numerator) / Decimal(value.denominator)
        rooted = quotient.sqrt() if degree == 2 else (quotient.ln() / degree).exp()
        context.prec = ROOT_DIGITS
        return Number(Fraction(+rooted), exact=False)


def _whole_root(value: int, degree: int) -> int | None:
    if degree == 2:
        root = math.isqrt(value)
        return root if root * root == value else None
    low, high = 0, 1 << (value.bit_length() // degree + 1)
    while low < high:
        middle = (low + high) // 2
        if middle**degree < value:
            low = middle + 1
        else:
            high = middle
    return low if low**degree == value else None


def _factorial(number: Number) -> Number:
    if number.value.denominator != 1 or number.value < 0:
        raise Undefined("the factorial of anything but a whole number from 0 up")
    if number.value > MAX_FACTORIAL:
        raise TooBig(f"the factorial of more than {MAX_FACTORIAL}")
    return Number(Fraction(math.factorial(int(number.value))), number.exact)


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _sized(number: Number) -> Number:
    if _bits(number.value) > MAX_BITS:
        raise TooBig("so many digits")
    return number


_FUNCTIONS: dict[str, Callable[[Number], Number]] = {
    "√": lambda n: _root(n, 2),
    "∛": lambda n: _root(n, 3),
    "factorial": _factorial,
    "half": lambda n: Number(n.value / 2, n.exact),
    "double": lambda n: Number(n.value * 2, n.exact),
    "square": lambda n: _power(n, Number(Fraction(2))),
}
