"""Parts of a mask, their hulls and their rectangles, against plain definitions."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from orion_py.senses.reading.components import clockwise, components, convex_hull, filled, smallest_rectangle

MASKS = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).random((12, 17)) < np.random.default_rng(seed + 1).random()
)
POINTS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=3, max_size=30).map(
    lambda rows: np.array(rows, np.float64)
)


def flooded(mask: np.ndarray) -> set[frozenset[tuple[int, int]]]:
    """The parts, found pixel by pixel."""
    left = {(int(y), int(x)) for y, x in zip(*np.nonzero(mask), strict=True)}
    out = set()
    while left:
        waiting, part = [left.pop()], set()
        while waiting:
            y, x = waiting.pop()
            part.add((y, x))
            near = {(y + i, x + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & left
            left -= near
            waiting += near
        out.add(frozenset(part))
    return out


@given(MASKS)
def test_the_parts_are_those_that_a_flood_finds(mask: np.ndarray) -> None:
    expected = flooded(mask)
    found = components([mask[:5], mask[5:]], 1000)
    assert len(found) == len(expected)
    ends = {frozenset((int(y), int(x)) for x, y in part.tolist()) for part in found}
    for part in ends:
        assert any(part <= whole for whole in expected)


@given(MASKS)
def test_of_too_many_parts_the_largest_stay(mask: np.ndarray) -> None:
    sizes = sorted((len(part) for part in flooded(mask)), reverse=True)
    kept = components([mask], 2)
    assert len(kept) == min(2, len(sizes))


def test_an_empty_mask_has_no_parts() -> None:
    assert components([np.zeros((5, 5), bool)], 10) == []


@given(POINTS)
def test_the_hull_and_the_smallest_rectangle_hold_all_points(points: np.ndarray) -> None:
    hull = convex_hull(points)
    assert {tuple(corner) for corner in hull.tolist()} <= {tuple(point) for point in points.tolist()}
    quad, side = smallest_rectangle(points, grow=0.01)
    assert side >= 0
    center = quad.mean(axis=0)
    for a, b in zip(quad, np.roll(quad, -1, axis=0), strict=True):
        edge, normal = b - a, np.array([-(b - a)[1], (b - a)[0]])
        length = math.hypot(*edge)
        if length < 1e-6:
            continue
        inward = np.sign((center - a) @ normal)
        assert ((points - a) @ normal * inward / length >= -0.01).all()


@given(st.floats(0, math.pi), st.floats(5, 50), st.floats(5, 50))
def test_a_turned_rectangle_is_found_again(angle: float, width: float, height: float) -> None:
    cos, sin = math.cos(angle), math.sin(angle)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) @ np.array([[cos, sin], [-sin, cos]])
    quad, side = smallest_rectangle(corners)
    sides = np.linalg.norm(quad - np.roll(quad, -1, axis=0), axis=1)
    assert abs(sides[0] * sides[1] - width * height) < 1e-6 * width * height
    assert abs(side - min(width, height)) < 1e-6


def test_corners_are_ordered_from_the_top_left_on() -> None:
    corners = np.array([[10, 10], [0, 0], [0, 10], [10, 0]], np.float64)
    assert clockwise(corners).tolist() == [[0, 0], [10, 0], [10, 10], [0, 10]]


def test_a_filled_quad_has_its_own_area() -> None:
    quad = np.array([[2, 1], [7, 1], [7, 4], [2, 4]], np.float64)
    assert int(filled(quad, 8, 10).sum()) == 6 * 4
