"""What can't be used is refused in words, before anything of it is decoded."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from e2e.page.attaching import Person, picture


def bomb(side: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    ihdr = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    rows = zlib.compress(bytes(side * (side // 8 + 1)), 9) if side < 20_000 else zlib.compress(bytes(9))
    return b"\x89PNG\r\n\x1a\n" + ihdr + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
BAD = [
    ("photo.heic", HEIC, "HEIC", "HEIC"),
    ("photo.png", HEIC, "HEIC", "HEIC"),
    ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG drawing", "dessin SVG"),
    ("empty.png", b"", "is empty", "est vide"),
    ("half.png", picture()[:60], "damaged or incomplete", "abîmé ou incomplet"),
    ("noise.jpg", b"\xff\xd8\xff" + bytes(range(256)), "damaged or incomplete", "abîmé ou incomplet"),
    ("dot.png", picture(size=(1, 1)), "1 × 1 pixels: too few", "1 × 1 pixels : trop peu"),
    ("huge.png", bomb(10_000), "10,000 × 10,000 pixels", "000 pixels, plus que"),
    ("bomb.png", bomb(60_000), "60,000 × 60,000 pixels", "000 pixels, plus que"),
    ("words.png", b"only words", "isn’t a file that Orion can read", "n’est pas un fichier"),
]


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_what_cannot_be_used_is_refused_in_words_and_the_question_stays(
    seeing: Callable[..., Person], lang: str
) -> None:
    person = seeing(locale=lang)
    page = person.page
    box = page.locator("#message")
    box.fill("Question ?")
    for name, data, *words in BAD:
        person.gives("drop", (name, data))
        expect(person.note).to_contain_text(name)
        expect(person.note).to_contain_text(words[lang == "fr"])
    expect(person.listed).to_have_count(0)
    expect(box).to_have_value("Question ?")
    page.locator("#send").click()
    person.visit.state("success")
    assert person.visit.faults == []
