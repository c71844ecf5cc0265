"""Chooses the temperature that makes a router's confidence honest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from orion_py.routing.head import Floats, LinearHead, softmax


def calibrate(head: LinearHead, logits: Floats, targets: Sequence[int]) -> LinearHead:
    """``head`` with the temperature under which ``logits`` [n, labels], of queries that it wasn't
    fitted on, are most likely; searched by golden section over 0.2 to 5."""
    rows = np.arange(len(targets))
    chosen = np.asarray(targets)

    def surprise(log_temperature: float) -> float:
        probabilities = softmax(logits / np.exp(log_temperature))[rows, chosen]
        return float(-np.log(np.maximum(probabilities, 1e-12)).mean())

    low, high = np.log(0.2), np.log(5.0)
    ratio = (np.sqrt(5.0) - 1) / 2
    for _ in range(60):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if surprise(left) < surprise(right) else (left, high)
    return LinearHead(head.labels, head.weights, float(np.exp((low + high) / 2)))
