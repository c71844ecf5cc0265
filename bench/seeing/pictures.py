"""Brings real pictures: photographs that packages of the Python index carry as samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from build_support.downloads import Member, Source, obtain

_SKIMAGE = ("scikit-image", "0.26.0", "skimage/data/")
_SKLEARN = ("scikit-learn", "1.9.1", "sklearn/datasets/images/")
_MATPLOTLIB = ("matplotlib", "3.11.2", "matplotlib/mpl-data/sample_data/")
_GRADIO = ("gradio", "6.31.0", "gradio/media_assets/images/")
_IMGAUG = ("imgaug", "0.4.0", "imgaug/")


def _of(package: tuple[str, str, str], name: str, sha256: str, size: int) -> Source:
    return Source(name, sha256, size, members=(Member(package[0], package[1], package[2] + name),))


PHOTOGRAPHS = (
    _of(_SKIMAGE, "astronaut.png", "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5", 791_555),
    _of(_SKIMAGE, "chelsea.png", "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb", 240_512),
    _of(_SKIMAGE, "coffee.png", "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7", 466_706),
    _of(_SKIMAGE, "motorcycle_left.png", "db18e9c4157617403c3537a6ba355dfeafe9a7eabb6b9b94cb33f6525dd49179", 644_701),
    _of(_SKIMAGE, "rocket.jpg", "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c", 112_525),
    _of(_SKLEARN, "china.jpg", "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29", 196_653),
    _of(_SKLEARN, "flower.jpg", "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638", 142_987),
    _of(_MATPLOTLIB, "grace_hopper.jpg", "a8ca6d734765703b09728ab47fe59f473d93ae3967fc24c7c0288c3c7adb7130", 61_306),
    _of(_GRADIO, "cheetah.jpg", "29b0090f5ec471dad0264abc20ecc3c80a0133a63a03d11df920e39a093fe6c8", 53_144),
    _of(_GRADIO, "lion.jpg", "4c45ece00075f152cb2e6cfd5f1dfd7dc8e83042264685b4f470026240eff3ef", 18_489),
    _of(_GRADIO, "tower.jpg", "f57f96f7a71f89739d27ae8ffc09f73cd2f17415d16c94d42dcb0d571f4eb0ee", 112_385),
    _of(_IMGAUG, "quokka.jpg", "bf1059d0f925e7d0c712cadf07a04ba4cfc98957d7be65d3a7d8ae0c464cd76e", 74_660),
)
WITH_TEXT = {
    _of(_SKIMAGE, "page.png", "341a6f0a61557662b02734a9b6e56ec33a915b2c41886b97509dedf2a43b47a3", 47_679): (
        "Region-based segmentation",
        "Let us first determine markers of the coins and the",
        "background. These markers are pixels that we can label",
        "unambiguously as either object or background. Here,",
        "the markers are found at the two extreme parts of the",
        "histogram of grey values:",
        ">>> markers = np.zeros_like(coins)",
    ),
    _of(_MATPLOTLIB, "logo2.png", "0d7371e055decaac47cb6e809af3442e9c1ecd02f1c1e2d063d1cfee4b4a21d7", 22_279): (
        "matplotlib",
    ),
}
"""Real pictures with text, and what a person reads in them; of a line that the picture's edge cuts in two nothing."""


def real_pictures() -> dict[str, NDArray[np.uint8]]:
    """The photographs by their names. Raises SourceUnavailable."""
    return {source.name: _pixels(path) for source, path in obtain(PHOTOGRAPHS).items()}


def written() -> dict[str, tuple[NDArray[np.uint8], tuple[str, ...]]]:
    """Real pictures with text, by their names, and their lines. Raises SourceUnavailable."""
    return {source.name: (_pixels(path), WITH_TEXT[source]) for source, path in obtain(WITH_TEXT).items()}


def _pixels(path: Path) -> NDArray[np.uint8]:
    from orion_py.native.images import read_image

    return read_image(path)
