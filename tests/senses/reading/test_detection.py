"""From a detector's map to boxes in the picture, and its input."""

from __future__ import annotations

import numpy as np
import pytest

from orion_py.errors import RuntimeFailure
from orion_py.runtime.whole import HeldArray, whole
from orion_py.senses.reading.detection import STRIDE, detector_input, text_boxes


def held(chances: np.ndarray) -> HeldArray:
    return HeldArray(chances[None, None])


@pytest.mark.parametrize(("height", "width"), [(100, 400), (736, 736), (31, 2000), (1500, 900)])
def test_the_input_has_sides_that_the_detector_takes(height: int, width: int) -> None:
    tensor = whole(detector_input(np.zeros((height, width, 3), np.uint8)))
    assert tensor.dtype == np.float32
    assert tensor.shape[:2] == (1, 3)
    assert all(side % STRIDE == 0 and side for side in tensor.shape[2:])
    assert min(tensor.shape[2:]) >= min(height, 736 - STRIDE // 2)
    assert (tensor == -1).all()


def test_blue_comes_first() -> None:
    red = np.zeros((736, 736, 3), np.uint8)
    red[..., 0] = 255
    assert whole(detector_input(red))[0, :, 0, 0].tolist() == [-1, -1, 1]


def test_a_likely_bar_is_a_box_grown_by_what_training_shrank_it() -> None:
    chances = np.zeros((64, 128), np.float32)
    chances[20:30, 30:90] = 0.9
    (box,) = text_boxes(held(chances), 128, 256)  # a picture twice the map's size
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
    assert text_boxes(held(chances), 64, 64) == []


def test_boxes_come_from_the_top_down_and_stay_inside() -> None:
    chances = np.zeros((100, 100), np.float32)
    chances[70:80, 0:60] = 0.9
    chances[5:15, 20:100] = 0.9
    boxes = text_boxes(held(chances), 100, 100)
    assert [box.quad[:, 1].min() for box in boxes] == sorted(box.quad[:, 1].min() for box in boxes)
    for box in boxes:
        assert box.quad.min() >= 0
        assert box.quad.max() <= 99


def test_bands_find_what_the_whole_map_has(monkeypatch: pytest.MonkeyPatch) -> None:
    chances = np.random.default_rng(1).random((96, 64), np.float32) * 0.302
    for top, left in ((10, 5), (31, 20), (60, 2)):  # the second lies across two bands
        chances[top : top + 12, left : left + 40] = 0.95
    at_once = text_boxes(held(chances), 96, 64)
    assert len(at_once) >= 3
    monkeypatch.setattr("orion_py.runtime.bands.NUMBERS", 64 * 7)
    monkeypatch.setattr("orion_py.senses.reading.detection.NUMBERS", 64 * 8 * 5)
    for band, once in zip(text_boxes(held(chances), 96, 64), at_once, strict=True):
        assert band.score == pytest.approx(once.score)
        assert (band.quad == once.quad).all()


def test_a_smaller_search_takes_less_and_finds_the_same_place() -> None:
    page = np.zeros((1200, 2000, 3), np.uint8)
    full, less = detector_input(page), detector_input(page, 2)
    assert less.nbytes < full.nbytes / 3.5
    assert less.shape[2] % STRIDE == less.shape[3] % STRIDE == 0


@pytest.mark.parametrize("bad", [np.full((1, 1, 4, 4), np.nan, np.float32), np.zeros((1, 2, 4, 4), np.float32)])
def test_another_map_is_the_models_fault(bad: np.ndarray) -> None:
    with pytest.raises(RuntimeFailure):
        text_boxes(HeldArray(bad), 4, 4)
