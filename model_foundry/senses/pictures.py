"""Reads the reference pictures of golden runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from model_foundry.errors import MalformedGraph
from orion_py.senses.images.resampling import Picture


def reference_picture(path: Path) -> Picture:
    """The pixels of a PNG. Raises MalformedGraph."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path, formats=("PNG",)) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, UnidentifiedImageError) as error:
        raise MalformedGraph(f"the reference picture {path.name} can't be read: {error}") from error
