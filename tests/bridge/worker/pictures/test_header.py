"""What a file is, and how large its picture, is read from its bytes: names and types lie. Under Node."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

import pytest
from PIL import Image

from tests.bridge_in_node import Node, bridge

SCRIPT = """
import { headerOf } from "./bridge/worker/pictures/header.js";
const answer = (bytes) => headerOf(Uint8Array.from(atob(bytes), (each) => each.charCodeAt(0)));
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with bridge(tmp_path_factory.mktemp("header"), SCRIPT) as running:
        yield running


def header(node: Node, data: bytes) -> object:
    import base64

    return node.ask(base64.b64encode(data).decode())


def saved(form: str, size: tuple[int, int] = (37, 21), frames: int = 1, **options: object) -> bytes:
    out = io.BytesIO()
    images = [Image.new("RGB", size, (index * 70 % 256, index // 256, 9)) for index in range(frames)]
    more = {"save_all": True, "append_images": images[1:]} if frames > 1 else {}
    images[0].save(out, form, **more, **options)
    return out.getvalue()


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


def iso(brand: bytes, *others: bytes, rest: bytes = b"") -> bytes:
    return box(b"ftyp", brand + b"\0\0\0\0" + b"".join(others)) + rest


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("GIF", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("BMP", {}),
    ],
)
def test_each_kind_says_its_size(node: Node, form: str, options: dict[str, object]) -> None:
    found = header(node, saved(form, **options))
    assert isinstance(found, dict)
    assert (found["type"], found["width"], found["height"]) == (f"image/{form.lower()}", 37, 21)
    assert not found.get("animated")


@pytest.mark.parametrize(("form", "frames"), [("GIF", 2), ("GIF", 5000), ("PNG", 3), ("WEBP", 3)])
def test_an_animation_is_known_as_one(node: Node, form: str, frames: int) -> None:
    found = header(node, saved(form, (8, 8), frames))
    assert isinstance(found, dict)
    assert (found["animated"], found["width"]) == (True, 8)


def test_a_photo_with_much_before_its_frame_says_its_size(node: Node) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "x" * 60_000
    found = header(node, saved("JPEG", exif=exif.tobytes(), comment=b"\xff\xd9" * 900))
    assert isinstance(found, dict)
    assert (found["width"], found["height"]) == (37, 21)


def test_an_avif_says_the_largest_of_its_sizes(node: Node) -> None:
    sizes = b"".join(box(b"ispe", struct.pack(">III", 0, *size)) for size in ((512, 512), (3000, 2000)))
    found = header(node, iso(b"avif", b"mif1", rest=box(b"meta", sizes)))
    assert found == {"kind": "image", "type": "image/avif", "width": 3000, "height": 2000, "animated": False}
    assert header(node, iso(b"avif")) == "broken"


def test_a_bomb_says_its_size_without_being_decoded(node: Node) -> None:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    ihdr = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0))
    found = header(node, b"\x89PNG\r\n\x1a\n" + ihdr + chunk(b"IDAT", zlib.compress(bytes(9000))))
    assert isinstance(found, dict)
    assert found["width"] * found["height"] == 3_600_000_000


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "empty"),
        (iso(b"heic", b"mif1"), "heic"),
        (iso(b"mif1", b"heic"), "heic"),
        (b'<?xml version="1.0"?>\n<!-- a drawing -->\n<svg xmlns="http://www.w3.org/2000/svg"/>', "svg"),
        (b"\xef\xbb\xbf<svg></svg>", "svg"),
        (b"<svg/>", "svg"),
        (b"<html><svg></svg></html>", "kind"),
        (b"%PDF-1.7", "kind"),
        (b"II*\0 a TIFF", "kind"),
        (b"just words", "kind"),
        (b"MZ\x90", "kind"),
        (iso(b"qt  "), "kind"),
        (b"\x89PNG\r\n\x1a\n", "broken"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIDAT", "broken"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "broken"),
        (b"\xff\xd8\xff\xd9", "broken"),
        (b"GIF89a\x05", "broken"),
        (b"RIFF\x04\0\0\0WEBPVP8X", "broken"),
        (b"RIFF\x04\0\0\0WEBPWHAT", "broken"),
        (b"BM\0\0", "broken"),
    ],
)
def test_what_cannot_be_a_picture_says_why(node: Node, data: bytes, fault: str) -> None:
    assert header(node, data) == fault


def test_no_beginning_of_a_picture_throws(node: Node) -> None:
    for form in ("PNG", "JPEG", "GIF", "WEBP", "BMP"):
        whole = saved(form)
        for length in range(1, 64):
            assert header(node, whole[:length]) is not None


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"RIFF\x04\0\0\0WAVEfmt ", "wav"),
        (b"OggS\0\x02", "ogg"),
        (b"fLaC\0", "flac"),
        (b"\x1a\x45\xdf\xa3\x9f", "webm"),
        (b"ID3\x04", "mpeg"),
        (b"\xff\xfb\x90\x64", "mpeg"),
        (iso(b"M4A ", b"isom"), "mp4"),
    ],
)
def test_recordings_are_known_by_their_bytes(node: Node, data: bytes, kind: str) -> None:
    assert header(node, data + bytes(16)) == {"kind": "audio", "type": f"audio/{kind}"}
