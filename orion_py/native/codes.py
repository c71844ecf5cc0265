"""Reads QR codes and bar codes with the library zxing-cpp."""

from __future__ import annotations

import asyncio

from orion_py.senses.images.resampling import Picture
from orion_py.senses.scenes.codes import Code

MOST = 20
"""Codes of one picture that are told."""


async def read_codes(picture: Picture) -> list[Code]:
    """All codes in ``picture``, from the top down."""
    return await asyncio.to_thread(_codes, picture)


def _codes(picture: Picture) -> list[Code]:
    import zxingcpp  # the library is loaded when somebody looks

    found = []
    for barcode in zxingcpp.read_barcodes(picture)[:MOST]:
        place = barcode.position
        corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
        box = tuple((float(point.x), float(point.y)) for point in corners)
        found.append(Code(str(barcode.format), barcode.text, box))
    return sorted(found, key=lambda code: min(point[1] for point in code.box))
