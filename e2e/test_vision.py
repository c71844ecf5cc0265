"""A person attaches a picture and asks: what is written there, how many things there are, what a code says.

With the real models that see, which are fetched when the first picture is looked at.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import zxingcpp
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import expect

from build_support.downloads import obtain
from build_support.vision_sources import NANODET
from e2e.support.person import Answer, Person
from e2e.support.site import MANIFEST, ROOT
from e2e.support.web import Web
from orion_py.registry.built import only_built
from orion_py.senses.scenes.eyes import MODELS

ACTIVITIES = """article => {
  const seen = [], note = () => seen.push(article.querySelector(".activity")?.textContent ?? "");
  new MutationObserver(note).observe(article, { childList: true, characterData: true, subtree: true });
  note();
  return seen;
}"""


@pytest.fixture
def seeing(web: Web, regular: Person) -> Iterator[Person]:
    """``regular``, at a site that has the models that see as well."""
    manifests = {f"models/{name}/manifest.json" for name in MODELS}
    missing = [name for name in manifests if not (web.site.folder / name).is_file()]
    if missing:
        pytest.fail("dist/ lacks the models that see: python3 build.py build --models lite,vision")
    listed = only_built((ROOT / "models.json").read_text("utf-8"), lambda name: name in {MANIFEST, *manifests})
    with web.site.altered("models.json", listed):
        regular.opens()
        regular.waits_for_the_model()
        yield regular


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def sign(*lines: str) -> bytes:
    image = Image.new("RGB", (900, 80 + 110 * len(lines)), "white")
    draw = ImageDraw.Draw(image)
    for row, line in enumerate(lines):
        draw.text((40, 40 + 110 * row), line, "black", ImageFont.load_default(60))
    return png(image)


def qr_code(text: str) -> bytes:
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    return png(Image.fromarray(np.asarray(code.to_image(scale=8))))


def coffee() -> bytes:
    """A photograph of a cup on a saucer."""
    source = next(source for source in NANODET if source.name == "coffee.png")
    return obtain([source])[source].read_bytes()


def asks_about(person: Person, picture: bytes, question: str) -> Answer:
    with person.page.expect_file_chooser() as chooser:
        person.page.get_by_role("button", name="Attach", exact=True).click()
    chooser.value.set_files([{"name": "picture.png", "mimeType": "image/png", "buffer": picture}])
    expect(person.page.locator("#attached li:not(.coming)")).to_have_count(1)
    return person.asks(question)


def fetched(web: Web) -> set[str]:
    return {request.path.rpartition("/")[2] for request in web.requests("models/shards/*")}


def shards_of(web: Web, *names: str) -> set[str]:
    manifests: list[dict[str, Any]] = [
        json.loads((web.site.folder / "models" / name / "manifest.json").read_text("utf-8")) for name in names
    ]
    return {shard["sha256"] for manifest in manifests for shard in manifest["shards"]}


def test_a_picture_is_read_counted_and_looked_through_for_codes_and_that_again_without_a_network(
    web: Web, seeing: Person
) -> None:
    expect(seeing.page.get_by_role("button", name="Attach", exact=True)).to_be_visible()
    assert not fetched(web) & shards_of(web, *MODELS), "nothing that sees is fetched before a picture is there"
    read = asks_about(seeing, sign("Meeting at noon", "Room 27"), "What does it say?")
    activities = read.article.evaluate_handle(ACTIVITIES)
    text = read.succeeds()
    assert "Meeting at noon" in text
    assert "Room 27" in text
    expect(read.article).to_have_attribute("data-agent", "vision")
    assert "Looking at the picture" in activities.json_value()
    assert fetched(web) >= shards_of(web, *MODELS)

    assert asks_about(seeing, coffee(), "How many cups are there?").succeeds() == "I found 1 cup."
    unknown = asks_about(seeing, coffee(), "Who made this photo?").succeeds()
    assert "can’t tell" in unknown or "can't tell" in unknown
    assert "orion.example/été" in asks_about(seeing, qr_code("orion.example/été"), "What is in the QR code?").succeeds()

    web.goes_down()
    seeing.reloads()
    seeing.waits_for_the_model()
    again = asks_about(seeing, sign("Ouvert le lundi"), "Qu’est-ce qui est écrit ?").succeeds()
    assert "Ouvert le lundi" in again
    assert "orion.example" in asks_about(seeing, qr_code("orion.example"), "What is in the QR code?").succeeds()


def test_looking_is_stopped_and_the_next_picture_is_looked_at(seeing: Person) -> None:
    answer = asks_about(seeing, sign(*["Meeting at noon"] * 9), "What does it say?")
    seeing.cuts_short(answer)
    assert "Room 27" in asks_about(seeing, sign("Room 27"), "What does it say?").succeeds()
