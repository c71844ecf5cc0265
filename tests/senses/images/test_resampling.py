"""Scaling, averaging and cutting: sizes, means and places that the eye would expect."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.runtime.whole import whole
from orion_py.senses.images.filters import bicubic
from orion_py.senses.images.resampling import cubic, cut, scaled, shrunk
from orion_py.senses.reading.detection import detector_input
from orion_py.senses.scenes.classifier import classifier_input
from orion_py.senses.scenes.objects import objects_input

SIDES = st.integers(1, 40)


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@given(SIDES, SIDES, SIDES, SIDES)
def test_scaling_has_the_size_asked_for_and_no_value_that_wasnt_there(a: int, b: int, c: int, d: int) -> None:
    source = picture(a, b)
    for scale in (scaled, shrunk):
        out = scale(source, c, d)
        assert out.shape == (c, d, 3)
        assert int(source.min()) - 1 <= out.min()
        assert out.max() <= int(source.max()) + 1


def peak_of(work: Callable[[], object]) -> int:
    """Bytes that it holds at most, beside what was there."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_large_picture_takes_little_beside_what_comes_of_it() -> None:
    """A browser never gets Python's memory back."""
    source = picture(1200, 2000)
    assert peak_of(lambda: scaled(source, 1184, 1984)) < 4 * 3 * 1184 * 1984 + 8e6
    assert peak_of(lambda: [None for _ in detector_input(source).bands()]) < 3e6
    headline = np.array([[0, 100], [2000, 110], [2000, 410], [0, 400]], np.float64)
    assert peak_of(lambda: cut(source, headline)) < 3 * 300 * 2000 + 4e6
    assert peak_of(lambda: classifier_input(source)) < 4e6
    assert peak_of(lambda: objects_input(source)) < 6e6
    assert peak_of(lambda: bicubic(source, 1184, 1984)) < 3 * 3 * 1200 * 2000 + 3e6


def test_bands_make_the_picture_that_is_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    source = picture(50, 70)
    slanted = np.array([[3, 2], [60, 10], [55, 45], [1, 40]], np.float64)

    def made() -> list[np.ndarray]:
        detected = whole(detector_input(source))
        averaged = [shrunk(source, 20, 20), cubic(source, 30, 90), bicubic(source, 90, 40)]
        return [scaled(source, 90, 40), scaled(source, 50, 70), detected, cut(source, slanted), *averaged]

    at_once = made()
    for name in ("_BAND", "_SAMPLED"):
        monkeypatch.setattr(f"orion_py.senses.images.resampling.{name}", 200)
    for band, once in zip(made(), at_once, strict=True):
        assert (band == once).all()


def test_a_picture_of_the_same_size_stays_as_it_is() -> None:
    source = picture(7, 9)
    assert (scaled(source, 7, 9) == source).all()


def test_twice_the_size_interpolates_between_pixel_centres() -> None:
    source = np.zeros((1, 2, 3), np.uint8)
    source[0, 1] = 100
    assert scaled(source, 1, 4)[0, :, 0].tolist() == [0, 25, 75, 100]


def test_fine_stripes_become_grey_where_they_are_shrunk_and_stay_black_and_white_where_they_are_sampled() -> None:
    stripes = np.zeros((8, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    assert np.abs(shrunk(stripes, 1, 8) - 127.5).max() <= 1


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_a_quad_is_cut_from_its_own_top_left_on(turn: int) -> None:
    source = np.zeros((30, 50, 3), np.uint8)  # smooth, and alike in no direction
    source[..., 0], source[..., 1] = np.arange(50) * 4, np.arange(30)[:, None] * 6
    corners = np.array([[10, 5], [40, 5], [40, 25], [10, 25]], np.float64)
    # From another corner on, the same pixels come out turned by quarters.
    out = cut(source, np.roll(corners, -turn, axis=0))
    expected = np.rot90(source[5:25, 10:40], turn)
    if expected.shape[0] / expected.shape[1] >= 1.5:  # what stands upright is laid down
        expected = np.rot90(expected)
    assert out.shape == expected.shape
    # Corners are corners of pixels' places, as in OpenCV: the first pixel of the quad is that of the picture.
    assert np.abs(out[1:-1, 1:-1].astype(int) - expected[1:-1, 1:-1]).mean() < 6


def test_a_quad_beyond_the_edge_gets_the_edges_colour() -> None:
    source = np.full((10, 10, 3), 200, np.uint8)
    assert (cut(source, np.array([[-5.0, -5], [20, -5], [20, 20], [-5, 20]])) == 200).all()


def test_bicubic_scaling_keeps_what_is_even_and_is_exact_at_the_same_size() -> None:
    even = np.full((30, 50, 3), 77, np.uint8)
    assert (cubic(even, 20, 90) == 77).all()
    noise = np.random.default_rng(3).integers(0, 256, (12, 17, 3), dtype=np.uint8)
    assert (cubic(noise, 12, 17) == noise).all()


def test_bicubic_scaling_overshoots_at_an_edge_as_opencv_does() -> None:
    """cv2.resize(edge, (16, 1), interpolation=cv2.INTER_CUBIC) of opencv-python 5.0.0."""
    edge = np.zeros((1, 8, 3), np.uint8)
    edge[:, :4], edge[:, 4:] = 50, 200
    row = cubic(edge, 1, 16)[0, :, 0].tolist()
    assert row == [50, 50, 50, 50, 50, 45, 34, 84, 166, 216, 205, 200, 200, 200, 200, 200]
