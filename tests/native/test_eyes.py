"""Sight in CPython: with the models that were built, and without."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled, DownloadFailed, UnreadableImage
from orion_py.native.eyes import NativeSight, at_hand, can_see, seen
from orion_py.senses.images.resampling import Picture

ROOT = Path(__file__).resolve().parents[2]


def written(*lines: str, size: int = 36) -> Picture:
    image = Image.new("RGB", (900, 60 + 70 * len(lines)), "white")
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((30, 30 + 70 * number), line, "black", ImageFont.load_default(size))
    return np.asarray(image)


@pytest.fixture
async def sight() -> AsyncIterator[NativeSight]:
    if not can_see(ROOT):
        pytest.skip("the models that see aren't built: python3 build.py models vision")
    found = NativeSight(ROOT)
    yield found
    await found.close()


async def test_it_reads_lines_in_their_order(sight: NativeSight) -> None:
    (report,) = (await sight.look([at_hand(written("Total TTC 12,50", "The quick brown fox"))], CancelToken())).reports
    assert report.text == "Total TTC 12,50\nThe quick brown fox"
    assert all(line.confidence > 0.9 for line in report.reading.lines)
    assert report.layout.columns == 1
    (left, top), _, (right, bottom), _ = report.reading.lines[0].quad.tolist()
    assert 15 < left < 45
    assert 15 < top < 50
    assert 250 < right < 420
    assert 50 < bottom < 90


async def test_an_upside_down_line_is_turned(sight: NativeSight) -> None:
    (report,) = (await sight.look([at_hand(written("The quick brown fox")[::-1, ::-1])], CancelToken())).reports
    assert report.text == "The quick brown fox"


@pytest.mark.parametrize("shape", [(8, 8), (20, 3000), (3000, 20), (600, 800)])
async def test_pictures_of_any_shape_with_nothing_in_them_have_nothing_in_them(
    sight: NativeSight, shape: tuple[int, int]
) -> None:
    (report,) = (await sight.look([at_hand(np.full((*shape, 3), 255, np.uint8))], CancelToken())).reports
    assert (report.text, report.objects, report.codes) == ("", (), ())
    assert report.colours == (("white", 1.0),)


async def test_a_qr_code_is_read(sight: NativeSight) -> None:
    zxingcpp = pytest.importorskip("zxingcpp")
    code = zxingcpp.create_barcode("https://example.org/été", zxingcpp.BarcodeFormat.QRCode)
    picture = np.asarray(Image.fromarray(np.asarray(code.to_image(scale=8))).convert("RGB"))
    (report,) = (await sight.look([at_hand(picture)], CancelToken())).reports
    assert [(code.kind, code.text) for code in report.codes] == [("QR Code", "https://example.org/été")]


async def test_an_attached_file_is_decoded_and_a_large_one_scaled() -> None:
    out = io.BytesIO()
    Image.fromarray(written("Hello")).save(out, "PNG")
    assert (await seen(out.getvalue()) == written("Hello")).all()
    out = io.BytesIO()
    Image.new("RGB", (4000, 1000), "red").save(out, "PNG")
    assert (await seen(out.getvalue())).shape == (500, 2000, 3)
    with pytest.raises(UnreadableImage, match="isn't an image"):
        await seen(b"nothing")


async def test_a_cancelled_look_ends(sight: NativeSight) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        await sight.look([at_hand(written("Hello"))], cancel)


async def test_without_the_models_it_says_how_to_make_them(tmp_path: Path) -> None:
    assert not can_see(tmp_path)
    with pytest.raises(DownloadFailed, match=r"build\.py models vision"):
        await NativeSight(tmp_path).look([at_hand(written("Hello"))], CancelToken())
