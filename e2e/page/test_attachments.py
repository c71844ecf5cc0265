"""A person attaches pictures: chosen, pasted, dropped, removed, sent, kept with the conversation, deleted with it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import math
import struct
import wave
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from e2e.page import assembled
from e2e.page.attaching import BLUE, GREEN, IN_STORE, RED, Person, picture
from e2e.page.conftest import Visit
from e2e.page.test_tabs import Tab


def test_nothing_is_offered_while_no_agent_sees(page: Visit) -> None:
    person = Person(page)
    expect(page.page.locator("#attach")).to_be_hidden()
    person.gives("dragover", ("cat.png", picture()))
    expect(page.page.locator("#drop-here")).to_contain_text("can’t look at files yet")
    person.gives("drop", ("cat.png", picture()))
    expect(person.note).to_contain_text("Orion can’t see pictures yet")
    expect(person.listed).to_have_count(0)
    page.ask_and_wait("Why?")
    assert page.faults == []


def test_pictures_are_chosen_pasted_and_dropped_and_one_is_removed(seeing: Callable[..., Person]) -> None:
    person = seeing()
    page = person.page
    person.chooses(("one.png", picture()), ("two.jpg", picture("JPEG")))
    expect(person.listed).to_have_count(2)
    person.gives("paste", ("three.png", picture(size=(50, 50))))
    expect(person.listed).to_have_count(3)
    person.gives("dragover", ("four.png", picture(size=(70, 40))))
    expect(page.locator("#drop-here")).to_have_text("Drop the files here to attach them")
    person.gives("drop", ("four.png", picture(size=(70, 40))))
    expect(page.locator("#drop-here")).to_be_hidden()
    expect(person.listed).to_have_count(4)
    person.gives("paste", ("five.png", picture(size=(80, 40))))
    expect(person.note).to_contain_text("At most 4 files")
    for place in person.listed.all():
        person.shown(place)
    person.removes("two.jpg")
    expect(person.listed).to_have_count(3)
    page.get_by_role("button", name="Remove one.png").focus()
    page.keyboard.press("Delete")
    expect(person.listed).to_have_count(2)
    expect(page.get_by_role("button", name="Remove three.png")).to_be_focused()

    person.visit.box.fill("What is on these?")
    page.get_by_role("button", name="Send").click()
    person.visit.state("success")
    expect(person.visit.answer).to_contain_text(
        "I see: 50 × 50, 220-30-30 to 30-60-220; 70 × 40, 220-30-30 to 30-60-220."
    )
    expect(person.listed).to_have_count(0)
    expect(page.locator("article[data-role=user] .thumb")).to_have_count(2)
    assert person.visit.faults == []
    assert person.visit.foreign() == []


ADDRESS = """(place) => {
  const data = new DataTransfer();
  data.setData("text/uri-list", "https://pictures.example/cat.png");
  return ["dragover", "drop"].map((how) => {
    const event = new DragEvent(how, { dataTransfer: data, bubbles: true, cancelable: true });
    document.querySelector(place).dispatchEvent(event);
    return event.defaultPrevented;
  });
}"""


def test_an_address_that_is_dropped_leaves_the_page_where_it_is_and_says_what_to_do(
    seeing: Callable[..., Person],
) -> None:
    person = seeing()
    assert person.page.evaluate(ADDRESS, "main") == [True, True], "a browser would leave the page for it"
    expect(person.note).to_contain_text("That is an address")
    assert person.page.evaluate(ADDRESS, "#message") == [False, False], "there it is text"


def test_of_several_files_each_ones_fault_is_said_and_the_others_are_attached(seeing: Callable[..., Person]) -> None:
    person = seeing()
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
    person.gives("drop", ("a.svg", svg), ("b.png", b""), ("c.png", picture()), ("d.png", picture()))
    expect(person.listed).to_have_count(1)
    for words in ("“a.svg” is an SVG drawing", "“b.png” is empty", "“d.png” is attached already"):
        expect(person.note).to_contain_text(words)


def test_a_picture_stays_with_its_conversation_until_that_is_deleted(seeing: Callable[..., Person]) -> None:
    person = seeing()
    visit, page = person.visit, person.page
    person.chooses(("cat.png", picture(size=(640, 480))))
    expect(person.listed).to_have_count(1)
    visit.ask_and_wait("What is this?")
    question = page.locator("article[data-role=user]")
    person.shown(question)

    other = Tab(visit)
    other.open()
    person.shown(other.page.locator("article[data-role=user]"))
    other.page.get_by_role("button", name="Enlarge cat.png").click()
    expect(other.page.get_by_role("dialog")).to_contain_text("cat.png")
    expect(other.page.locator("#picture-whole")).to_have_js_property("naturalWidth", 640)
    other.page.keyboard.press("Escape")
    expect(other.page.get_by_role("dialog")).to_have_count(0)

    page.reload()
    visit.wait()
    person.shown(question)
    visit.answer.get_by_role("button", name="Ask again").click()
    visit.state("success")
    expect(visit.answer).to_contain_text("I see: 640 × 480")
    page.get_by_role("button", name="Settings").click()
    expect(page.locator("#storage-models")).to_contain_text("Attached files:")
    page.get_by_role("button", name="Close").click()

    page.get_by_role("button", name="Conversations").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save “What is this?” as a file").click()
    chat = json.loads(Path(saved.value.path()).read_text())
    (name,) = chat["turns"][0]["files"]
    assert base64.b64decode(chat["files"][name].partition("base64,")[2]) == picture(size=(640, 480))
    page.get_by_role("button", name="Delete “What is this?”").click()
    expect(page.locator("#chat-list .chat")).to_have_count(0)
    expect(other.page.locator("article")).to_have_count(0)
    assert page.evaluate(IN_STORE, "count") == 0
    assert visit.faults == []


def test_a_question_on_a_picture_without_one_asks_for_it(seeing: Callable[..., Person]) -> None:
    person = seeing()
    person.page.locator("#agent").select_option("vision")
    with person.page.expect_file_chooser() as opened:
        person.visit.ask_and_wait("What does the sign say?")
    opened.value.set_files([])
    expect(person.visit.answer).to_contain_text("Attach what you ask about, and ask again.")
    expect(person.visit.box).to_have_value("What does the sign say?")
    with person.page.expect_file_chooser() as chooser:
        person.visit.answer.get_by_role("button", name="Attach").click()
    chooser.value.set_files([{"name": "sign.png", "mimeType": "image/png", "buffer": picture()}])
    expect(person.listed).to_have_count(1)
    expect(person.visit.box).to_have_value("What does the sign say?")


def test_a_question_that_goes_on_about_a_picture_has_it_from_then_on(seeing: Callable[..., Person]) -> None:
    person = seeing()
    visit, page = person.visit, person.page
    person.chooses(("cat.png", picture(size=(80, 50))))
    expect(person.listed).to_have_count(1)
    visit.ask_and_wait("What is this?")
    visit.ask_and_wait("Tell me a joke")
    questions = page.locator("article[data-role=user]")
    expect(questions.last.locator(".thumb")).to_have_count(0)
    visit.ask_and_wait("What colour has the left of it?")
    expect(visit.answer).not_to_contain_text("I see")  # the question before has none
    page.reload()
    visit.wait()
    visit.ask_and_wait("What is this?")
    page.get_by_role("button", name="New conversation").click()
    person.chooses(("cat.png", picture(size=(80, 50))))
    expect(person.listed).to_have_count(1)
    visit.ask_and_wait("What is this?")
    page.reload()
    visit.wait()
    visit.ask_and_wait("What colour has the left of it?")
    expect(visit.answer).to_contain_text("I see: 80 × 50")
    expect(questions.last.locator(".thumb")).to_have_count(1)
    visit.ask_and_wait("And the right of it?")
    expect(visit.answer).to_contain_text("I see: 80 × 50")
    page.reload()
    visit.wait()
    person.shown(questions.last)
    assert visit.faults == []


def test_a_draft_keeps_its_picture_over_a_reload(seeing: Callable[..., Person]) -> None:
    person = seeing()
    person.chooses(("cat.png", picture()))
    expect(person.listed).to_have_count(1)
    person.visit.box.fill("What is ")
    person.page.reload()
    person.visit.wait()
    person.shown(person.listed.first)
    expect(person.visit.box).to_have_value("What is ")
    person.removes("cat.png")
    expect(person.listed).to_have_count(0)
    person.page.wait_for_function(f"async () => (await ({IN_STORE})('count')) === 0")


def recording(seconds: float, rate: int, channels: int) -> bytes:
    """A tone of half the full loudness on the first channel alone."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        for place in range(round(seconds * rate)):
            tone = round(16_384 * math.sin(2 * math.pi * 220 * place / rate))
            file.writeframes(struct.pack(f"<{channels}h", tone, *[0] * (channels - 1)))
    return out.getvalue()


def test_a_recording_comes_to_the_engine_as_samples_of_one_channel(folder: Path, visit: Callable[..., Visit]) -> None:
    assembled.scenario(folder, stored=True, hears=True)
    person = Person(visit().open())
    person.chooses(("mono.wav", recording(1.5, 8_000, 1)), ("stereo.wav", recording(0.75, 44_100, 2)))
    expect(person.listed).to_have_count(2)
    person.gives("drop", ("cat.png", picture()))
    expect(person.note).to_contain_text("Orion can’t see pictures yet")
    person.visit.ask_and_wait("What is said?")
    expect(person.visit.answer).to_contain_text("I see: 1.50 s, peak 0.5; 0.75 s, peak 0.25")
    expect(person.page.locator("article[data-role=user] .recording")).to_have_count(2)
    person.chooses(("noise.wav", b"RIFF\x04\0\0\0WAVEfmt nothing"))
    expect(person.listed).to_have_count(1)
    person.visit.ask_and_wait("And here?", "error")
    expect(person.visit.answer).to_contain_text("What you attached can’t be read")
    expect(person.visit.box).to_have_value("And here?")
    expect(person.listed).to_have_count(1)
    assert person.visit.faults == []


def test_a_recording_may_be_heavier_than_a_picture(folder: Path, visit: Callable[..., Visit]) -> None:
    assembled.scenario(folder, stored=True, hears=True, sees=True)
    person = Person(visit().open())
    more = bytes(31_000_000)
    person.chooses(("talk.wav", recording(0.1, 8_000, 1) + more))
    expect(person.listed).to_have_count(1)
    person.chooses(("cat.png", picture() + more))
    expect(person.note).to_contain_text("“cat.png” is larger than 30 MB")


PHOTO = Image.Exif()
PHOTO[0x0112] = 6  # turned by 90° to the right


@pytest.mark.parametrize(
    ("name", "data", "seen"),
    [
        ("turned.jpg", picture("JPEG", (60, 40), exif=PHOTO, quality=95, subsampling=0), "40 × 60"),
        ("large.jpg", picture("JPEG", (4032, 3024)), "2000 × 1500"),
        ("wide.webp", picture("WEBP", (3000, 30), lossless=True), "2000 × 20, 220-30-30 to 30-60-220"),
        ("lies.txt", picture("GIF"), "60 × 40"),
    ],
)
def test_what_the_engine_looks_at_is_upright_and_scaled(
    seeing: Callable[..., Person], name: str, data: bytes, seen: str
) -> None:
    person = seeing()
    person.chooses((name, data))
    expect(person.listed).to_have_count(1)
    person.visit.ask_and_wait("What is this?")
    expect(person.visit.answer).to_contain_text(f"I see: {seen}")


def test_a_transparent_picture_lies_on_white_and_an_animation_shows_its_first_frame(
    seeing: Callable[..., Person],
) -> None:
    person = seeing()
    out, gif = io.BytesIO(), io.BytesIO()
    Image.new("RGBA", (30, 20), (0, 0, 0, 0)).save(out, "PNG")
    frames = [Image.new("RGB", (30, 20), colour) for colour in (GREEN, RED, BLUE)]
    frames[0].save(gif, "GIF", save_all=True, append_images=frames[1:], duration=20, loop=0)
    person.chooses(("glass.png", out.getvalue()), ("moving.gif", gif.getvalue()))
    expect(person.listed).to_have_count(2)
    expect(person.note).to_contain_text("“moving.gif” is animated: only its first frame is looked at.")
    person.visit.ask_and_wait("What is this?")
    expect(person.visit.answer).to_contain_text("30 × 20, 255-255-255 to 255-255-255; 30 × 20, 30-180-60 to 30-180-60")


NO_ROOM = """const put = IDBObjectStore.prototype.put;
IDBObjectStore.prototype.put = function (...all) {
  if (this.name === "attachments") throw new DOMException("no room", "QuotaExceededError");
  return put.apply(this, all);
};"""
NO_DATABASE = """IDBFactory.prototype.open = () => { throw new DOMException("refused", "SecurityError"); };"""


@pytest.mark.parametrize(
    ("script", "words"),
    [(NO_ROOM, "no room left to keep what you attached"), (NO_DATABASE, "the conversation lasts until you close it")],
)
def test_what_cannot_be_stored_stays_in_memory_and_can_be_asked_about_again(
    folder: Path, visit: Callable[..., Visit], script: str, words: str
) -> None:
    assembled.scenario(folder, stored=True, sees=True)
    opened = visit()
    opened.context.add_init_script(script)
    person = Person(opened.open(until="ready|degraded"))
    person.chooses(("cat.png", picture()))
    expect(person.listed).to_have_count(1)
    expect(person.page.locator("#notices")).to_contain_text(words)
    person.visit.ask_and_wait("What is this?")
    person.shown(person.page.locator("article[data-role=user]"))
    person.visit.answer.get_by_role("button", name="Ask again").click()
    person.visit.state("success")
    expect(person.visit.answer).to_contain_text("I see: 60 × 40")
    assert person.visit.faults == []


def test_a_picture_that_is_gone_ends_in_an_error_that_keeps_the_question(seeing: Callable[..., Person]) -> None:
    person = seeing()
    visit, page = person.visit, person.page
    person.chooses(("cat.png", picture()))
    expect(person.listed).to_have_count(1)
    visit.ask_and_wait("What is this?")
    page.evaluate(IN_STORE, "clear")
    page.reload()
    visit.wait()
    visit.answer.get_by_role("button", name="Ask again").click()
    visit.state("error")
    expect(visit.answer).to_contain_text("What you attached is no longer here")
    expect(visit.box).to_have_value("What is this?")
    visit.ask_and_wait("Then without it?")


def test_files_stand_in_the_order_in_which_they_were_chosen(seeing: Callable[..., Person]) -> None:
    person = seeing()
    person.chooses(("large.jpg", picture("JPEG", (6000, 4000))), ("small.png", picture()), ("words.txt", b"words"))
    expect(person.listed).to_have_count(2)
    names = [row.get_attribute("data-file") for row in person.listed.all()]
    assert names == [hashlib.sha256(data).hexdigest() for data in (picture("JPEG", (6000, 4000)), picture())]


@pytest.mark.parametrize(("lang", "width"), [("en", 1100), ("fr", 1100), ("en", 390), ("fr", 390)])
def test_it_looks_right(seeing: Callable[..., Person], lang: str, width: int, tmp_path: Path) -> None:
    """Nothing overflows, and each control has a name; ORION_SHOTS keeps the pictures."""
    import os

    shots = Path(os.environ.get("ORION_SHOTS", str(tmp_path)))
    person = seeing(locale=lang, viewport={"width": width, "height": 760}, has_touch=width < 500, is_mobile=width < 500)
    page = person.page
    person.gives(
        "drop", ("a cat on a sofa.png", picture(size=(640, 480))), ("receipt.jpg", picture("JPEG", (300, 700)))
    )
    expect(person.listed).to_have_count(2)
    page.locator("#message").fill("What is this?" if lang == "en" else "Qu’est-ce que c’est ?")
    page.screenshot(path=shots / f"attached-{lang}-{width}.png")
    person.gives("dragover", ("b.png", picture()))
    page.screenshot(path=shots / f"drop-{lang}-{width}.png")
    person.gives("drop", ("drawing.svg", b"<svg/>"))
    page.screenshot(path=shots / f"refused-{lang}-{width}.png")
    page.locator("#send").click()
    person.visit.state("success")
    person.shown(page.locator("article[data-role=user]"))
    page.screenshot(path=shots / f"asked-{lang}-{width}.png")
    page.locator("article[data-role=user] .thumb").first.click()
    expect(page.locator("#picture-whole")).to_have_js_property("naturalWidth", 640)
    page.screenshot(path=shots / f"enlarged-{lang}-{width}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
