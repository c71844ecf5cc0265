"""Computes confidence intervals for scores from samples.

Wilson's interval (E. B. Wilson, JASA 22, 1927), Newcombe's for the difference of two scores on the
same samples (R. G. Newcombe, Statistics in Medicine 17, 1998, p. 2635, method 10), McNemar's exact test.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Z = 1.959964
"""The standard normal's 97.5 % point: two-sided intervals of 95 %."""


@dataclass(frozen=True)
class Interval:
    low: float
    high: float


def standard_error(passed: int, count: int) -> float:
    """Of a share, as lm-evaluation-harness gives it: sqrt(p (1 - p) / (n - 1)); 0 for one sample."""
    share = passed / count
    return math.sqrt(share * (1 - share) / (count - 1)) if count > 1 else 0.0


def wilson(passed: int, count: int, z: float = Z) -> Interval:
    """Where the share of passes lies, ``passed`` of ``count`` being seen. Raises ValueError for no samples."""
    if not 0 <= passed <= count or count == 0:
        raise ValueError(f"{passed} of {count} is no share")
    share, square = passed / count, z * z
    middle = share + square / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + square / (4 * count * count))
    low, high = (middle - spread) / (1 + square / count), (middle + spread) / (1 + square / count)
    # The ends are exact where rounding would leave a trace beyond them.
    return Interval(0.0 if passed == 0 else low, 1.0 if passed == count else high)


@dataclass(frozen=True)
class Paired:
    """Two models on the same samples. ``difference`` is the first's share less the second's."""

    count: int
    only_first: int
    """Samples that the first passed and the second failed."""
    only_second: int
    difference: float
    interval: Interval
    p_value: float
    """McNemar's exact two-sided p: how likely so lopsided a split is among equals."""


def paired(first: Sequence[bool], second: Sequence[bool]) -> Paired:
    """Compares two lists of passes over the same samples in the same order. Raises ValueError."""
    if len(first) != len(second) or not first:
        raise ValueError(f"{len(first)} and {len(second)} samples can't be paired")
    n = len(first)
    both = sum(a and b for a, b in zip(first, second, strict=True))
    only_first, only_second = sum(first) - both, sum(second) - both
    neither = n - both - only_first - only_second
    p, q = sum(first) / n, sum(second) / n
    one, other = wilson(sum(first), n), wilson(sum(second), n)
    margins = (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither)
    phi = (both * neither - only_first * only_second) / math.sqrt(margins) if margins else 0.0

    def reach(a: float, b: float) -> float:
        return math.sqrt(max(0.0, a * a - 2 * phi * a * b + b * b))

    interval = Interval(p - q - reach(p - one.low, other.high - q), p - q + reach(one.high - p, q - other.low))
    return Paired(n, only_first, only_second, p - q, interval, mcnemar(only_first, only_second))


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p of ``only_first`` against ``only_second`` under a fair coin."""
    flips = only_first + only_second
    tail = sum(math.comb(flips, k) for k in range(min(only_first, only_second) + 1))
    return min(1.0, 2.0 * tail / float(2**flips))
