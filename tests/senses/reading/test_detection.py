"""From a detector's map to boxes in the picture, and its input."""

from __future__ import annotations

import numpy as np
import pytest

from orion_py.senses.reading.detection import STRIDE, detector_input, text_boxes


@pytest.mark.parametrize(("height", "width"), [(100, 400), (736, 736), (31, 2000), (1500, 900)])
def test_the_input_has_sides_that_the_detector_takes(height: int, width: int) -> None:
    tensor = detector_input(np.zeros((height, width, 3), np.uint8))
    assert tensor.dtype == np.float32
    assert tensor.shape[:2] == (1, 3)
    assert all(side % STRIDE == 0 and side for side in tensor.shape[2:])
    assert min(tensor.shape[2:]) >= min(height, 736 - STRIDE // 2)
    assert (tensor == -1).all()


def test_blue_comes_first() -> None:
    red = np.zeros((736, 736, 3), np.uint8)
    red[..., 0] = 255
    assert detector_input(red)[0, :, 0, 0].tolist() == [-1, -1, 1]


def test_a_likely_bar_is_a_box_grown_by_what_training_shrank_it() -> None:
    chances = np.zeros((64, 128), np.float32)
    chances[20:30, 30:90] = 0.9
    (box,) = text_boxes(chances, 128, 256)  # a picture twice the map's size
    assert box.score == pytest.approx(0.9, abs=0.1)
    left, top = box.quad.min(axis=0)
    right, bottom = box.quad.max(axis=0)
    # 60 by 10 pixels grow by 600 / 140 * 1.6 = 6.9 on each side.
    assert (left, right) == (pytest.approx(2 * 23, abs=3), pytest.approx(2 * 97, abs=3))
    assert (top, bottom) == (pytest.approx(2 * 13, abs=3), pytest.approx(2 * 37, abs=3))


def test_what_is_unlikely_or_tiny_is_no_box() -> None:
    chances = np.zeros((64, 64), np.float32)
    chances[10:20, 10:40] = 0.35  # over the core's threshold, below a box's
    chances[40:42, 40:42] = 1.0
    assert text_boxes(chances, 64, 64) == []


def test_boxes_come_from_the_top_down_and_stay_inside() -> None:
    chances = np.zeros((100, 100), np.float32)
    chances[70:80, 0:60] = 0.9
    chances[5:15, 20:100] = 0.9
    boxes = text_boxes(chances, 100, 100)
    assert [box.quad[:, 1].min() for box in boxes] == sorted(box.quad[:, 1].min() for box in boxes)
    for box in boxes:
        assert box.quad.min() >= 0
        assert box.quad.max() <= 99
