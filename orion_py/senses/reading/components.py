"""Finds the connected parts of a mask, and the smallest rectangle around each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def components(masks: Iterable[NDArray[np.bool_]], most: int) -> list[NDArray[np.float64]]:
    """The parts of a mask that hang together, corners included, top to bottom: for each the two ends of each of its
    runs, as points [n, 2] of x and y. The ``most`` largest where there are more. ``masks``: the mask's rows [n, w],
    some at a time."""
    rows, starts, ends, height = _runs(masks)
    if not len(rows):
        return []
    owner = np.arange(len(rows))

    def root(run: int) -> int:
        while owner[run] != run:
            owner[run] = owner[owner[run]]
            run = int(owner[run])
        return run

    first = np.searchsorted(rows, np.arange(height + 1))
    for row in range(1, height):
        above, here = int(first[row - 1]), int(first[row])
        last_above, last = here, int(first[row + 1])
        while above < last_above and here < last:
            if starts[above] <= ends[here] + 1 and starts[here] <= ends[above] + 1:
                one, other = root(above), root(here)
                owner[max(one, other)] = min(one, other)
            if ends[above] < ends[here]:
                above += 1
            else:
                here += 1
    roots = np.array([root(run) for run in range(len(rows))])
    order = np.argsort(roots, kind="stable")
    splits = np.flatnonzero(np.diff(roots[order])) + 1
    parts = np.split(order, splits)
    if len(parts) > most:
        sizes = np.array([int((ends[part] - starts[part] + 1).sum()) for part in parts])
        parts = [parts[index] for index in np.sort(np.argsort(-sizes, kind="stable")[:most])]
    return [
        np.concatenate(
            [np.stack([starts[part], rows[part]], axis=1), np.stack([ends[part], rows[part]], axis=1)]
        ).astype(np.float64)
        for part in parts
    ]


def _runs(masks: Iterable[NDArray[np.bool_]]) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], int]:
    """Row, first and last column of each run of true values; and how many rows there are."""
    none = np.empty(0, np.intp)
    found, height = [(none, none, none)], 0
    for mask in masks:
        padded = np.zeros((mask.shape[0], mask.shape[1] + 2), np.int8)
        padded[:, 1:-1] = mask
        steps = np.diff(padded, axis=1)
        rows, starts = np.nonzero(steps == 1)
        _, ends = np.nonzero(steps == -1)
        found.append((rows + height, starts, ends - 1))
        height += mask.shape[0]
    rows, starts, ends = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return rows, starts, ends, height


def convex_hull(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The hull of ``points`` [n, 2], [m, 2] (Andrew 1979, monotone chain)."""
    points = np.unique(points, axis=0)
    if len(points) < 3:
        return points

    def half(ordered: NDArray[np.float64]) -> list[tuple[float, float]]:
        chain: list[tuple[float, float]] = []
        for x, y in ordered.tolist():
            while len(chain) > 1 and _turn(chain[-2], chain[-1], (x, y)) <= 0:
                chain.pop()
            chain.append((x, y))
        return chain[:-1]

    return np.array(half(points) + half(points[::-1]))


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def smallest_rectangle(points: NDArray[np.float64], grow: float = 0.0) -> tuple[NDArray[np.float64], float]:
    """The rectangle of the least area around ``points`` [n, 2], wider by ``grow`` on each side: its corners, clockwise
    from the top left, and its shorter side. One of its sides lies along the hull (Freeman and Shapira 1975)."""
    hull = convex_hull(points)
    if len(hull) < 2:
        axis = np.array([[1.0, 0.0]])
    else:
        edges = np.roll(hull, -1, axis=0) - hull
        lengths = np.linalg.norm(edges, axis=1)
        axis = edges[lengths > 0] / lengths[lengths > 0][:, None]
    across = np.stack([-axis[:, 1], axis[:, 0]], axis=1)
    along, over = hull @ axis.T, hull @ across.T
    low, high = along.min(axis=0), along.max(axis=0)
    under, above = over.min(axis=0), over.max(axis=0)
    best = int(np.argmin((high - low) * (above - under)))
    u, v = axis[best], across[best]
    ends = [
        (low[best] - grow, under[best] - grow),
        (high[best] + grow, under[best] - grow),
        (high[best] + grow, above[best] + grow),
        (low[best] - grow, above[best] + grow),
    ]
    corners = np.array([a * u + b * v for a, b in ends])
    side = min(high[best] - low[best], above[best] - under[best]) + 2 * grow
    return clockwise(corners), float(side)


def clockwise(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Four corners from the top left on: of the two leftmost the upper one first, then the upper one of the others."""
    order = corners[np.argsort(corners[:, 0], kind="stable")]
    left, right = order[:2], order[2:]
    left, right = left[np.argsort(left[:, 1], kind="stable")], right[np.argsort(right[:, 1], kind="stable")]
    return np.array([left[0], right[0], right[1], left[1]])


def filled(quad: NDArray[np.float64], height: int, width: int) -> NDArray[np.bool_]:
    """The pixels of [height, width] within the convex ``quad``, edges included (a tenth of a pixel is an edge)."""
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float64)
    inside = np.ones((height, width), bool)
    for a, b in zip(quad, np.roll(quad, -1, axis=0), strict=True):
        edge = b - a
        length = float(np.hypot(*edge)) or 1.0
        inside &= (edge[0] * (ys - a[1]) - edge[1] * (xs - a[0])) / length >= -0.5
    return inside
