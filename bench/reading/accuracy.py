"""Counts how much of a text was read right, and how well boxes agree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


def character_accuracy(truth: str, read: str) -> float:
    """1 less the edits (Levenshtein 1966) that ``read`` is away from ``truth``, over its length; white space counts as
    one blank. Not below 0."""
    wanted, found = " ".join(truth.split()), " ".join(read.split())
    return max(0.0, 1 - edits(wanted, found) / max(1, len(wanted)))


def edits(a: str, b: str) -> int:
    """The least number of characters to insert, delete or replace."""
    row = np.arange(len(b) + 1)
    letters = np.array([ord(letter) for letter in b])
    for count, letter in enumerate(a, 1):
        best = np.minimum(row[1:] + 1, row[:-1] + (letters != ord(letter))) if len(b) else row[:0]
        new = np.concatenate([[count], best])
        # An insertion costs one for each step to the right.
        row = np.minimum.accumulate(new - np.arange(len(new))) + np.arange(len(new))
    return int(row[-1])


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, width) * max(0.0, height)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union else 0.0


def agreement(ours: Sequence[Box], theirs: Sequence[Box]) -> list[float]:
    """For each of ``theirs`` its best overlap with one of ours."""
    return [max((overlap(mine, box) for mine in ours), default=0.0) for box in theirs]
