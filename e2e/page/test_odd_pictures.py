"""Pictures as cameras, scanners and printers make them are looked at as they were meant."""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import expect

from e2e.page.attaching import BLUE, RED, Person, picture

TURNED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How a camera stores an upright picture that it marks with each of EXIF's orientations."""
SEEN = re.compile(r"(\d+) × (\d+), (\d+)-(\d+)-(\d+) to (\d+)-(\d+)-(\d+)")


def stored(orientation: int) -> bytes:
    upright = Image.open(io.BytesIO(picture()))
    turn, exif, out = TURNED[orientation], Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    (upright if turn is None else upright.transpose(turn)).save(
        out, "JPEG", exif=exif, quality=95, subsampling=0, comment=bytes([orientation])
    )
    return out.getvalue()


def deep_png(width: int, height: int) -> bytes:
    """16 bits a channel: red above left, blue below right, as ``picture`` draws it."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    def pixel(x: int, y: int) -> bytes:
        colour = BLUE if x >= width // 2 and y >= height // 2 else RED
        return struct.pack(">HHH", *(257 * part for part in colour))

    rows = b"".join(b"\0" + b"".join(pixel(x, y) for x in range(width)) for y in range(height))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def for_print() -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(picture())).convert("CMYK").save(out, "JPEG", quality=95)
    return out.getvalue()


def long_gif(frames: int) -> bytes:
    made = [Image.new("P", (16, 16), n % 200) for n in range(frames)]
    made[0].putpalette([*RED, *([90, 200, 90] * 255)])
    out = io.BytesIO()
    made[0].save(out, "GIF", save_all=True, append_images=made[1:], duration=10)
    return out.getvalue()


def seen(person: Person, *files: tuple[str, bytes]) -> list[list[int]]:
    """Of each file its sides, and the colours of its first and its last pixel."""
    person.chooses(*files)
    expect(person.listed).to_have_count(len(files))
    answer = person.visit.ask_and_wait("What is this?").locator(".answer").inner_text()
    return [list(map(int, found)) for found in SEEN.findall(answer)]


@pytest.mark.parametrize("orientations", [(1, 2, 3, 4), (5, 6, 7, 8)])
def test_a_photo_stands_upright_however_the_camera_was_held(
    seeing: Callable[..., Person], orientations: tuple[int, ...]
) -> None:
    found = seen(seeing(), *((f"{number}.jpg", stored(number)) for number in orientations))
    assert len(found) == 4
    for width, height, *colours in found:
        assert (width, height) == (60, 40)
        assert colours == pytest.approx([*RED, *BLUE], abs=4)


def test_what_scanners_printers_and_animators_make_is_looked_at(seeing: Callable[..., Person]) -> None:
    person = seeing()
    files = [("deep.png", deep_png(60, 40)), ("print.jpg", for_print()), ("party.gif", long_gif(5000))]
    deep, printed, party = seen(person, *files)
    assert deep == [60, 40, *RED, *BLUE]
    assert printed == pytest.approx([60, 40, *RED, *BLUE], abs=12)
    assert party[:5] == [16, 16, *RED]
    assert person.visit.faults == []
