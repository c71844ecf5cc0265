"""Defines the reasons why a text has no result.

ArithmeticFault
├── NotAnExpression     it can't be read as one
├── Undefined           it can be read, and has no value: 1 / 0, the square root of −1, 0.5!
└── TooBig              it has one that isn't worked out: a limit says no
"""

from __future__ import annotations


class ArithmeticFault(ValueError):
    """Base of the package's errors; they don't leave the agents."""


class NotAnExpression(ArithmeticFault):
    pass


class Undefined(ArithmeticFault):
    pass


class TooBig(ArithmeticFault):
    pass
