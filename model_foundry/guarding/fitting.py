"""Fits the guard's classifiers: logistic regressions with an L2 penalty, by Newton's method.

A kind's threshold is where, on messages left out of its training, at most its share of ``FALSE_ALARMS`` of the harmless
ones would be noted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orion_py.safety.learned import BY_PIECE, KINDS, Classifier

Matrix = NDArray[np.float64]
L2 = 1e-4
STEPS = 12
FOLDS = 5
ROUNDS = 3
"""In which the telling parts of messages are chosen anew."""
FALSE_ALARMS = {"injection": 0.006, "harm": 0.003, "distress": 0.005}
"""A kind's share of harmless messages that may get its note. Nothing is refused for it, and a third of the harmless
messages were written to resemble hostile ones."""
BALANCE = 8.0
"""All other messages weigh so many times as much as all of the kind's together."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """``caught``: for each kind, the share of its left-out messages that its threshold notices."""

    classifier: Classifier
    caught: dict[str, float]


def fit(
    bags: Sequence[Matrix], wanted: Sequence[str], seed: int, say: Callable[[str], None] = lambda text: None
) -> Fitted:
    """Classifiers for every kind. ``bags``: for each message [1 + pieces, d], the whole one first; ``wanted``: each
    message's kind, "" for harmless ones. ``seed`` decides the folds."""
    rows = [bag / np.maximum(np.linalg.norm(bag, axis=1, keepdims=True), 1e-9) for bag in bags]
    labels = np.array(wanted)
    folds = np.random.default_rng(seed).integers(0, FOLDS, len(rows))
    weights, bias, thresholds, caught = [], [], [], {}
    for kind in KINDS:
        parts = [bag[1:] if kind == BY_PIECE and len(bag) > 1 else bag[:1] for bag in rows]
        positive = labels == kind
        scores = np.zeros(len(rows))
        for fold in range(FOLDS):
            solution = _solved(parts, positive, folds != fold)
            scores[folds == fold] = [_highest(parts[n], solution) for n in np.flatnonzero(folds == fold).tolist()]
        threshold = limit(scores[labels == ""], FALSE_ALARMS[kind])
        caught[kind] = float(np.mean(scores[positive] > threshold))
        say(f"{kind}: {caught[kind]:.2f} of {positive.sum()} left-out messages are noticed")
        solution = _solved(parts, positive, np.ones(len(rows), bool))
        weights.append(solution[:-1])
        bias.append(float(solution[-1]))
        thresholds.append(threshold)
    stacked = np.array(weights, np.float32)
    return Fitted(Classifier(tuple(KINDS), stacked, tuple(bias), tuple(thresholds)), caught)


def _solved(parts: Sequence[Matrix], positive: NDArray[np.bool_], inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The regression over the parts of the messages ``inside``. Which part of a message makes its kind isn't known: at
    first its whole text or all its parts stand for it, then the part that scores highest (multiple-instance learning,
    MI-SVM of Andrews et al. 2002, with a logistic loss)."""
    other = np.concatenate([parts[n] for n in np.flatnonzero(inside & ~positive).tolist()])
    own = [parts[n] for n in np.flatnonzero(inside & positive).tolist()]
    # One sentence is all there is to look at: what is known of the kind begins with these messages.
    single = [bag for bag in own if len(bag) == 1]
    chosen = np.concatenate(single or own)
    for _ in range(ROUNDS if any(len(bag) > 1 for bag in own) else 1):
        rows = np.concatenate([chosen, other])
        solution = logistic(rows, np.arange(len(rows)) < len(chosen))
        chosen = np.stack([bag[np.argmax(bag @ solution[:-1])] for bag in own])
    return solution


def _highest(bag: Matrix, solution: NDArray[np.float64]) -> float:
    return float(np.max(bag @ solution[:-1] + solution[-1]))


def limit(harmless: NDArray[np.float64], share: float) -> float:
    """The logit above which at most ``share`` of the ``harmless`` scores lie."""
    allowed = int(share * len(harmless))
    return float(np.sort(harmless)[::-1][allowed])


def logistic(rows: Matrix, positive: NDArray[np.bool_]) -> NDArray[np.float64]:
    """[d + 1], the bias last, of the penalised logistic regression (Newton's method, as in Bishop, Pattern Recognition
    and Machine Learning, 4.3.3)."""
    ones = np.hstack([rows, np.ones((len(rows), 1))])
    hostile = int(np.sum(positive))
    weight = np.where(positive, max(1.0, (len(rows) - hostile) / max(1, hostile) / BALANCE), 1.0)
    weight /= weight.sum()
    penalty = np.full(ones.shape[1], L2)
    penalty[-1] = 1e-9
    solution = np.zeros(ones.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(ones @ solution, -30, 30)))
        slope = ones.T @ (weight * (chance - positive)) + penalty * solution
        curve = (ones * (weight * np.maximum(chance * (1 - chance), 1e-6))[:, None]).T @ ones + np.diag(penalty)
        solution = solution - np.linalg.solve(curve, slope)
    return solution
