"""Names the colours of a picture: the eleven basic terms that English and French share (Berlin and Kay 1969)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from orion_py.senses.images.resampling import Picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

Colour = Literal["black", "white", "grey", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown"]
COLOURS: tuple[Colour, ...] = (
    "black",
    "white",
    "grey",
    "red",
    "orange",
    "yellow",
    "green",
    "blue",
    "purple",
    "pink",
    "brown",
)
FRENCH: dict[Colour, str] = {
    "black": "noir",
    "white": "blanc",
    "grey": "gris",
    "red": "rouge",
    "orange": "orange",
    "yellow": "jaune",
    "green": "vert",
    "blue": "bleu",
    "purple": "violet",
    "pink": "rose",
    "brown": "marron",
}
LEAST_SHARE = 0.1
"""Of the picture: a colour with less isn't a main one."""
_SAMPLES = 96
"""Rows and columns at most that are looked at."""
_HUES = ((15, "red"), (42, "orange"), (68, "yellow"), (165, "green"), (255, "blue"), (290, "purple"), (335, "pink"))
"""Degrees up to which a hue has its name; from the last on it is red again."""


def main_colours(picture: Picture, most: int = 4) -> list[tuple[Colour, float]]:
    """The colours that take at least a tenth of ``picture``, largest share first; if none does, the largest one."""
    rows = max(1, -(-picture.shape[0] // _SAMPLES))
    columns = max(1, -(-picture.shape[1] // _SAMPLES))
    names = _named(picture[::rows, ::columns].reshape(-1, 3))
    shares = np.bincount(names, minlength=len(COLOURS)) / len(names)
    order = np.argsort(-shares, kind="stable")[:most]
    return [(COLOURS[n], float(shares[n])) for i, n in enumerate(order) if shares[n] >= LEAST_SHARE or i == 0]


def _named(pixels: NDArray[np.uint8]) -> NDArray[np.intp]:
    """The number of each pixel's colour; ``pixels`` [n, 3]."""
    red, green, blue = (pixels[:, channel].astype(np.float32) / 255 for channel in range(3))
    value = np.max((red, green, blue), axis=0)
    chroma = value - np.min((red, green, blue), axis=0)
    strength = chroma / np.maximum(value, 1e-6)
    safe = np.maximum(chroma, 1e-6)
    sector = np.where(
        value == red,
        (green - blue) / safe % 6,
        np.where(value == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    hue = sector * 60
    out = np.full(len(pixels), COLOURS.index("red"))
    for limit, name in reversed(_HUES):
        out[hue < limit] = COLOURS.index(name)
    warm = (hue < 50) | (hue >= 340)
    out[warm & (hue >= 8) & (hue < 50) & (value < 0.65) & (strength > 0.25)] = COLOURS.index("brown")
    out[((hue >= 335) | (hue < 15)) & (strength < 0.55) & (value > 0.7)] = COLOURS.index("pink")
    plain = (strength < 0.15) | (chroma < 0.08)
    out[plain] = COLOURS.index("grey")
    out[plain & (value > 0.85)] = COLOURS.index("white")
    out[value < 0.18] = COLOURS.index("black")
    return out
