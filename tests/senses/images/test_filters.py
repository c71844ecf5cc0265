"""Pictures are scaled as Pillow scales them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from orion_py.senses.images.filters import bicubic, lanczos

SIZES = [(20, 30, 40, 60), (61, 47, 20, 13), (200, 3, 64, 64), (64, 64, 64, 20), (64, 64, 21, 64), (1, 1, 32, 32)]


@pytest.mark.parametrize("kind", [Image.Resampling.LANCZOS, Image.Resampling.BICUBIC])
@pytest.mark.parametrize(("height", "width", "to_height", "to_width"), SIZES)
def test_a_picture_is_scaled_as_pillow_scales_it(
    height: int, width: int, to_height: int, to_width: int, kind: Image.Resampling
) -> None:
    picture = np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)
    # Side by side: later versions of Pillow choose the order.
    wide = Image.fromarray(picture).resize((to_width, height), kind)
    expected = np.asarray(wide.resize((to_width, to_height), kind))
    found = (lanczos if kind == Image.Resampling.LANCZOS else bicubic)(picture, to_height, to_width)
    assert found.shape == expected.shape
    off = np.abs(found.astype(int) - expected.astype(int))
    # Pillow's weights are whole numbers: what lies close to a half can be rounded otherwise, once in each direction.
    assert off.max() <= 1
    assert (off > 0).mean() < 0.002


def test_a_picture_of_its_size_stays_what_it_is() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (9, 7, 3), np.uint8)
    np.testing.assert_array_equal(lanczos(picture, 9, 7), picture)
