"""Boxes from the detector's distributions, and which of overlapping ones stay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.senses.scenes.objects import SIDE, STRIDES, objects, objects_input, suppressed

KINDS, STEPS = 3, 11


def outputs(*found: tuple[int, int, int, int, float, int]) -> dict[str, np.ndarray]:
    """Of (stride, column, row, kind, score, distance in grid steps)."""
    out: dict[str, np.ndarray] = {}
    for stride in STRIDES:
        places = (SIDE // stride) ** 2
        out[f"scores_{stride}"] = np.zeros((1, places, KINDS), np.float32)
        out[f"sides_{stride}"] = np.zeros((1, places, 4 * STEPS), np.float32)
    for stride, column, row, kind, score, distance in found:
        place = row * (SIDE // stride) + column
        out[f"scores_{stride}"][0, place, kind] = score
        for side in range(4):
            out[f"sides_{stride}"][0, place, side * STEPS + distance] = 100.0
    return out


def test_the_middle_of_a_place_and_its_distances_make_a_box() -> None:
    (one,) = objects(outputs((32, 6, 6, 1, 0.8, 2)), 416, 832)
    middle = 6.5 * 32
    assert one.kind == 1
    assert one.score == pytest.approx(0.8)
    assert one.box == pytest.approx(((middle - 64) * 2, middle - 64, (middle + 64) * 2, middle + 64))


def test_a_box_ends_at_the_edge() -> None:
    (one,) = objects(outputs((32, 0, 0, 0, 0.9, 5)), 100, 100)
    assert one.box[:2] == (0, 0)


def test_two_boxes_of_one_kind_on_one_place_are_one_object_and_two_kinds_are_two() -> None:
    found = objects(outputs((16, 10, 10, 0, 0.9, 4), (16, 11, 10, 0, 0.6, 4), (16, 10, 11, 2, 0.7, 4)), 416, 416)
    assert [(one.kind, round(one.score, 1)) for one in found] == [(0, 0.9), (2, 0.7)]


def test_nothing_likely_is_nothing() -> None:
    assert objects(outputs((8, 1, 1, 0, 0.2, 1)), 416, 416) == []


BOXES = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(1, 50), st.integers(1, 50)), min_size=1, max_size=20
).map(lambda rows: np.array([[x, y, x + w, y + h] for x, y, w, h in rows], np.float64))


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    shared = np.prod(np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0))
    return float(shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared))


@given(BOXES, st.integers(0, 1000))
def test_kept_boxes_overlap_little_and_each_dropped_one_overlaps_a_likelier_kept_one(
    boxes: np.ndarray, seed: int
) -> None:
    scores = np.random.default_rng(seed).random(len(boxes)).astype(np.float32)
    kept = list(suppressed(boxes, scores, 0.5))
    assert kept == sorted(kept, key=lambda index: -scores[index])
    for index in range(len(boxes)):
        likelier = [overlap(boxes[index], boxes[k]) for k in kept if k != index and scores[k] >= scores[index]]
        if index in kept:
            assert all(share <= 0.5 + 1e-9 for share in likelier)
        else:
            assert any(share > 0.5 - 1e-9 for share in likelier)


def test_the_input_is_blue_first_and_normalized() -> None:
    tensor = objects_input(np.full((50, 80, 3), (255, 0, 0), np.uint8))
    assert tensor.shape == (1, 3, SIDE, SIDE)
    assert tensor[0, :, 0, 0].tolist() == pytest.approx([-103.53 / 57.375, -116.28 / 57.12, (255 - 123.675) / 58.395])
