"""Decoding image files: what is taken as it was meant, and what is refused in words."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from orion_py.errors import AttachmentBroken, ImageTooLarge, ImageTooSmall, UnreadableImage, UnsupportedImage
from orion_py.native import images
from orion_py.native.images import decode_image, read_image


def gradient(width: int = 40, height: int = 20) -> Image.Image:
    rows = np.zeros((height, width, 3), np.uint8)
    rows[..., 0] = np.arange(width) * 5
    rows[..., 1] = np.arange(height)[:, None] * 10
    return Image.fromarray(rows)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png_of(width: int, height: int, body: bytes = b"") -> bytes:
    """A PNG whose header claims a size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_each_kind_is_decoded_whatever_its_name_claims(kind: str) -> None:
    picture = decode_image(saved(gradient(), kind), "photo.txt")
    assert picture.shape == (20, 40, 3)
    assert picture.dtype == np.uint8
    assert np.abs(picture.astype(int) - np.asarray(gradient())).mean() < 12


UPRIGHT = [(1, 0, 0), (2, 0, 39), (3, 19, 39), (4, 19, 0), (5, 0, 0), (6, 0, 19), (7, 39, 19), (8, 39, 0)]


@pytest.mark.parametrize(("orientation", "corner"), [(which, (y, x)) for which, y, x in UPRIGHT])
def test_a_photo_stands_upright(orientation: int, corner: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    rows = np.full((20, 40, 3), 255, np.uint8)
    rows[:8, :8] = 0  # the black corner tells where the top left went
    picture = decode_image(saved(Image.fromarray(rows), "PNG", exif=exif), "photo.png")
    assert picture.shape == ((20, 40, 3) if orientation <= 4 else (40, 20, 3))
    assert picture[corner].tolist() == [0, 0, 0]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(mode: str) -> None:
    image = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    image.paste((0, 0, 0, 255), (10, 0, 20, 20))
    picture = decode_image(saved(image.convert(mode), "PNG"), "sign.png")
    assert picture[5, 5].tolist() == [255, 255, 255]
    assert picture[5, 15].tolist() == [0, 0, 0]


def test_half_transparent_red_on_white_is_pink() -> None:
    picture = decode_image(saved(Image.new("RGBA", (20, 20), (255, 0, 0, 128)), "PNG"), "veil.png")
    assert picture[0, 0].tolist() == pytest.approx([255, 127, 127], abs=1)


def test_of_a_gif_of_5000_frames_the_first_is_taken() -> None:
    frames = [Image.new("P", (16, 16), n % 256) for n in range(5000)]
    frames[0].putpalette([n // 3 for n in range(768)])
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode_image(data, "party.gif")[0, 0].tolist() == [0, 0, 0]


@pytest.mark.parametrize(("mode", "low", "high"), [("L", 0, 255), ("I;16", 0, 65535), ("1", 0, 255), ("CMYK", 0, 0)])
def test_grey_and_print_colours_become_red_green_blue(mode: str, low: int, high: int) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.array([[low] * 8 + [high] * 8] * 16, np.uint16))
    elif mode == "CMYK":
        image = Image.new("CMYK", (16, 16), (0, 0, 0, 255))
        image.paste((0, 0, 0, 0), (8, 0, 16, 16))
    else:
        image = Image.new("L", (16, 16), low)
        image.paste(high, (8, 0, 16, 16))
        image = image.convert(mode)
    picture = decode_image(saved(image, "TIFF"), "scan.tif")
    assert picture[0, 0].max() <= 30
    assert picture[0, 12].min() >= 250


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b"", UnreadableImage, "is empty"),
        (b"Dear Sir or Madam", UnreadableImage, "isn't an image"),
        (b"\x89PNG\r\n\x1a\n", UnreadableImage, "x.png"),
        (saved(gradient(), "PNG")[:-40], UnreadableImage, "damaged or cut off"),
        (saved(gradient(400, 300), "JPEG")[:900], UnreadableImage, "damaged or cut off"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", UnsupportedImage, "HEIC"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', UnsupportedImage, "SVG"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- a --><svg width="9"/>', UnsupportedImage, "SVG"),
        (b"%PDF-1.7\n", UnsupportedImage, "PDF"),
        (saved(gradient(1, 1), "PNG"), ImageTooSmall, "1 × 1 pixels"),
        (saved(gradient(40, 3), "PNG"), ImageTooSmall, "40 × 3 pixels"),
        (png_of(10_000, 10_000), ImageTooLarge, "100 million"),
        (png_of(60_000, 60_000), ImageTooLarge, "million pixels"),
        (png_of(2**31 - 1, 2**31 - 1), AttachmentBroken, "x.png"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else None,
)
def test_what_cant_be_used_is_refused_in_words(data: bytes, error: type[AttachmentBroken], words: str) -> None:
    with pytest.raises(error, match=words) as refused:
        decode_image(data, "x.png")
    assert refused.value.hint


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = png_of(30_000, 30_000, bytes(10**6))
    assert len(bomb) < 5000
    with pytest.raises(ImageTooLarge):
        decode_image(bomb, "small.png")


@pytest.mark.parametrize("seed", range(30))
def test_damage_anywhere_is_an_error_of_ours_or_an_image(seed: int) -> None:
    chance = np.random.default_rng(seed)
    kind = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")[seed % 6]
    data = bytearray(saved(gradient(64, 48), kind))
    for place in chance.integers(0, len(data), 12):
        data[place] = chance.integers(0, 256)
    try:
        assert decode_image(bytes(data), "x").ndim == 3
    except AttachmentBroken:
        pass


def test_a_file_of_too_many_bytes_isnt_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(saved(gradient(), "PNG"))
    assert read_image(path).shape == (20, 40, 3)
    monkeypatch.setattr(images, "MAX_BYTES", 10)
    with pytest.raises(ImageTooLarge, match=r"large\.png"):
        read_image(path)


def deep_png(values: list[int]) -> bytes:
    """A PNG of 16 bits a channel, 16 pixels wide and high; each column has a grey of ``values`` as red, green, blue."""
    row = b"\0" + b"".join(struct.pack(">HHH", value, value, value) for value in values)
    whole = png_of(16, 16, row * 16)
    head = struct.pack(">IIBBBBB", 16, 16, 16, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    return whole[:8] + struct.pack(">I", len(head)) + chunk + struct.pack(">I", zlib.crc32(chunk)) + whole[33:]


def test_of_16_bits_a_channel_the_upper_ones_are_kept() -> None:
    picture = decode_image(deep_png([0] * 8 + [65535] * 4 + [32896] * 4), "deep.png")
    assert picture[0, ::4].tolist() == [[0] * 3, [0] * 3, [255] * 3, [128] * 3]


def test_a_jpeg_for_print_has_its_colours() -> None:
    image = Image.new("RGB", (32, 16), (220, 30, 30))
    image.paste((255, 255, 255), (16, 0, 32, 16))
    picture = decode_image(saved(image.convert("CMYK"), "JPEG", quality=95), "print.jpg").astype(int)
    assert picture[8, 4].tolist() == pytest.approx([220, 30, 30], abs=12)
    assert picture[8, 28].tolist() == pytest.approx([255, 255, 255], abs=4)
