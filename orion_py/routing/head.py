"""Fits and applies the router's head: a linear layer with softmax over the features of a query.

Multinomial logistic regression with an L2 prior, fitted by L-BFGS (Nocedal and Wright, Numerical
Optimization, algorithm 7.4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Floats: TypeAlias = "NDArray[np.float64]"

_MEMORY = 10
_ARMIJO = 1e-4


@dataclass(frozen=True, slots=True)
class LinearHead:
    """``weights`` [features + 1, labels], the last row being the bias. ``temperature`` divides the
    logits, so that probabilities mean what they say (Guo et al. 2017, On Calibration)."""

    labels: tuple[str, ...]
    weights: Floats
    temperature: float = 1.0

    def logits(self, features: Floats) -> Floats:
        """[n, labels] for ``features`` [n, features]."""
        return np.asarray(features @ self.weights[:-1] + self.weights[-1])

    def probabilities(self, features: Floats) -> Floats:
        """[n, labels], each row summing to 1."""
        return softmax(self.logits(features) / self.temperature)


def softmax(logits: Floats) -> Floats:
    """Over the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def fit(
    features: Floats,
    targets: Sequence[int],
    labels: Sequence[str],
    *,
    l2: float,
    importance: Floats | None = None,
    offsets: Floats | None = None,
    bias: bool = True,
    iterations: int = 300,
    smoothing: float = 0.0,
) -> LinearHead:
    """The head that minimises the weighted mean cross-entropy plus l2/2 |W|² (bias nearly free).

    ``features`` [n, f]; ``targets`` n indices into ``labels``; ``importance`` [n], its mean counts
    as 1; ``offsets`` [n, labels] are added to the logits and belong to no weight; without ``bias``
    its weights stay 0; ``smoothing`` of the targets, 0 to 1. Deterministic, with temperature 1.
    """
    count, width = features.shape
    inputs = np.hstack([features, np.full((count, 1), float(bias))])
    wanted = np.full((count, len(labels)), smoothing / len(labels))
    wanted[np.arange(count), np.asarray(targets)] += 1.0 - smoothing
    scale = np.ones(count) if importance is None else importance / importance.mean()
    scale = scale[:, None] / count
    penalty = np.full((width + 1, 1), l2)
    penalty[-1] = l2 * 1e-2
    shift = 0.0 if offsets is None else offsets

    def loss(weights: Floats) -> tuple[float, Floats]:
        logits = inputs @ weights + shift
        top = logits.max(axis=1, keepdims=True)
        log_sum = top + np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
        value = float((scale * wanted * (log_sum - logits)).sum() + 0.5 * (penalty * weights * weights).sum())
        gradient = inputs.T @ (scale * (np.exp(logits - log_sum) - wanted)) + penalty * weights
        return value, gradient

    return LinearHead(tuple(labels), _minimise(loss, np.zeros((width + 1, len(labels))), iterations))


def _minimise(loss: Callable[[Floats], tuple[float, Floats]], start: Floats, iterations: int) -> Floats:
    """L-BFGS with backtracking; stops when the gradient is small."""
    point = start
    value, gradient = loss(point)
    steps: list[tuple[Floats, Floats, float]] = []
    for _ in range(iterations):
        if np.abs(gradient).max() < 1e-7:
            break
        direction = -_inverse_hessian_times(gradient, steps)
        slope = float((gradient * direction).sum())
        length = 1.0
        while True:
            following = point + length * direction
            next_value, next_gradient = loss(following)
            if next_value <= value + _ARMIJO * length * slope or length < 1e-10:
                break
            length /= 2
        moved, turned = following - point, next_gradient - gradient
        curvature = float((moved * turned).sum())
        if curvature > 1e-12:
            steps = [*steps[-_MEMORY + 1 :], (moved, turned, 1.0 / curvature)]
        point, value, gradient = following, next_value, next_gradient
    return point


def _inverse_hessian_times(gradient: Floats, steps: Sequence[tuple[Floats, Floats, float]]) -> Floats:
    """The two-loop recursion."""
    result = gradient.copy()
    factors = []
    for moved, turned, weight in reversed(steps):
        factor = weight * float((moved * result).sum())
        result -= factor * turned
        factors.append(factor)
    if steps:
        moved, turned, weight = steps[-1]
        result *= 1.0 / (weight * float((turned * turned).sum()))
    for (moved, turned, weight), factor in zip(steps, reversed(factors), strict=True):
        result += (factor - weight * float((turned * result).sum())) * moved
    return result
