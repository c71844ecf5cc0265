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
from playwright.sync_api import FileChooser, expect

from build_support.downloads import obtain
from build_support.vision_sources import NANODET
from e2e.support.person import Answer, Person
from e2e.support.site import MODEL
from e2e.support.waiting import until
from e2e.support.web import Web
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
    with web.site.offering(*MODELS):
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


def sign_of(side: int, text: str) -> bytes:
    image = Image.new("RGB", (side, side), "white")
    ImageDraw.Draw(image).text((side // 6, side // 3), text, "black", ImageFont.load_default(side // 8))
    return png(image)


def qr_code(text: str) -> bytes:
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    return png(Image.fromarray(np.asarray(code.to_image(scale=8))))


def coffee() -> bytes:
    """A photograph of a cup on a saucer."""
    source = next(source for source in NANODET if source.name == "coffee.png")
    return obtain([source])[source].read_bytes()


def receipt(shop: str, goods: dict[str, str], total: str) -> bytes:
    image = Image.new("RGB", (620, 90 + 60 * (len(goods) + 2)), "white")
    draw, face = ImageDraw.Draw(image), ImageFont.load_default(34)
    for row, (label, amount) in enumerate([(shop, ""), *goods.items(), ("TOTAL", total)]):
        draw.text((40, 40 + 60 * row), label, "black", face)
        draw.text((580 - draw.textlength(amount, face), 40 + 60 * row), amount, "black", face)
    return png(image)


GROCER = receipt("CORNER SHOP", {"Bread": "3.20", "Milk": "1.15", "Olive oil": "8.49"}, "12.84")
BAKER = receipt("BAKERY", {"Cake": "18.00", "Rolls": "2.10"}, "20.10")


def attaches(person: Person, *pictures: bytes) -> None:
    name = {"en": "Attach", "fr": "Joindre"}[person.language]
    with person.page.expect_file_chooser() as chooser:
        person.page.get_by_role("button", name=name, exact=True).click()
    chooser.value.set_files(
        [{"name": f"picture-{n}.png", "mimeType": "image/png", "buffer": data} for n, data in enumerate(pictures, 1)]
    )
    expect(person.page.locator("#attached li:not(.coming)")).to_have_count(len(pictures))


def asks_about(person: Person, picture: bytes, question: str) -> Answer:
    attaches(person, picture)
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


def test_a_receipt_is_summed_two_are_compared_a_sign_is_translated_and_what_was_found_is_shown(seeing: Person) -> None:
    answer = asks_about(seeing, GROCER, "Add up the lines of this receipt.")
    activities = answer.article.evaluate_handle(ACTIVITIES)
    summed = answer.succeeds()
    expect(answer.article).to_have_attribute("data-agent", "vision-logic")
    assert "3.20 + 1.15 + 8.49 = 12.84" in summed
    assert "Olive oil" in summed
    assert "That is the total that is printed" in summed
    assert any(said.startswith("Reading the picture: line ") for said in activities.json_value())

    answer.article.get_by_role("button", name="Show what was found").click()
    figure = answer.article.get_by_role("figure", name="What was found in picture-1.png")
    expect(figure.get_by_role("listitem")).not_to_have_count(0)  # drawn once the picture is there
    texts = figure.get_by_role("listitem").all_inner_texts()
    assert any("CORNER SHOP" in text and "%" in text for text in texts), texts
    expect(figure.locator("polygon")).to_have_count(len(texts))

    attaches(seeing, GROCER, BAKER)
    compared = seeing.asks("Which of the two is cheaper?").succeeds()
    assert "Picture 1: 12.84" in compared
    assert "20.10 − 12.84 = 7.26" in compared

    translated = asks_about(seeing, sign("Sortie de secours"), "Translate this sign into English.")
    assert translated.succeeds()
    expect(translated.article).to_have_attribute("data-agent", "vision")
    expect(translated.article).to_have_attribute("data-model", MODEL)
    translated.article.get_by_role("button", name="Show what was found").click()
    expect(translated.article.locator(".found-item")).to_contain_text(["Sortie de secours"])


def test_what_a_picture_does_not_hold_is_refused_in_french(seeing: Person) -> None:
    page = seeing.page
    page.get_by_role("button", name="Settings", exact=True).click()
    page.get_by_label("Language").select_option("fr")
    page.get_by_role("button", name="Fermer", exact=True).click()
    seeing.language = "fr"
    refused = asks_about(seeing, coffee(), "Quel est le total à payer ?").succeeds()
    assert "Je ne lis aucun montant dans cette image" in refused
    unknown = asks_about(seeing, coffee(), "Qui a pris cette photo ?").succeeds()
    assert "ne me permet pas de le dire" in unknown
    nothing = asks_about(seeing, coffee(), "Traduis ce texte en anglais.").succeeds()
    assert "il n'y a" in nothing.replace("’", "'"), "no words: at most the cup's rim was read as a figure"
    assert "traiter" in nothing


LIMITED = """most => {
  const { grow } = WebAssembly.Memory.prototype;
  WebAssembly.Memory.prototype.grow = function limited(pages) {
    if (this.buffer.byteLength + 65536 * pages > most) throw new RangeError("Maximum memory size exceeded");
    return grow.call(this, pages);
  };
}"""


def test_memory_that_runs_out_while_text_is_read_is_freed_and_the_picture_read_after_all(seeing: Person) -> None:
    small, large = sign_of(300, "Room 27"), sign_of(2000, "Room 28")
    assert "Room 27" in asks_about(seeing, small, "What does it say?").succeeds()
    for worker in seeing.page.workers:
        if worker.url.partition("?")[0].endswith("workers/inference.js"):
            worker.evaluate(LIMITED, 320 * 2**20)
    answer = asks_about(seeing, large, "What does it say?")
    assert "Room 28" in answer.succeeds()
    expect(answer.article).to_contain_text("Memory is short: other models made room")
    assert "Room 27" in asks_about(seeing, small, "What does it say?").succeeds()
    assert seeing.engine == "ready"


def test_a_question_goes_on_about_the_picture_before_and_the_next_leaves_it(seeing: Person) -> None:
    assert asks_about(seeing, coffee(), "How many cups are there?").succeeds() == "I found 1 cup."
    assert "none of this kind" in seeing.asks("And is there a dog?").succeeds()
    expect(seeing.questions.last.locator(".thumb")).to_have_count(1)
    seeing.reloads()
    seeing.waits_for_the_model()
    assert "mostly" in seeing.asks("What colour is the cup?").succeeds()
    other = seeing.asks("Write a short poem about autumn.")
    assert other.succeeds()
    expect(other.article).not_to_have_attribute("data-agent", "vision")
    expect(seeing.questions.last.locator(".thumb")).to_have_count(0)


def test_words_about_a_picture_without_one_ask_for_it_and_bring_the_dialog(seeing: Person) -> None:
    page, dialogs = seeing.page, list[FileChooser]()
    page.on("filechooser", lambda dialog: dialogs.append(dialog))
    answer = seeing.asks("What does the sign in this picture say?")
    answer.succeeds()
    expect(answer.article).to_have_attribute("data-agent", "vision")
    if not dialogs:  # the answer took longer than a browser remembers a press
        answer.article.get_by_role("button", name="Attach", exact=True).click()
    until(page, "the dialog for files", lambda: dialogs)
    dialogs[0].set_files([{"name": "sign.png", "mimeType": "image/png", "buffer": sign("Room 27")}])
    expect(page.locator("#attached li:not(.coming)")).to_have_count(1)
    expect(seeing.message).to_have_value("What does the sign in this picture say?")
    before = seeing.answers.count()
    seeing.send.click()
    expect(seeing.answers).to_have_count(before + 1)
    expect(seeing.answers.last).to_have_attribute("data-state", "success")
    expect(seeing.answers.last.locator(".answer")).to_contain_text("Room 27")
