"""A person speaks to the page: what the microphone records is written down while they speak, sent, and answered.

With the real models that hear; the browser's microphone plays a recording.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from e2e.support.browsers import Browsers
from e2e.support.microphone import microphone_file
from e2e.support.person import Person
from e2e.support.waiting import until
from e2e.support.web import Web
from e2e.test_hearing import FRENCH, MODELS
from e2e.test_vision import fetched, shards_of

ALLOWS = "--use-fake-ui-for-media-stream"
TEXTS = """box => {
  const seen = [];
  const note = () => { if (box.value && box.value !== seen.at(-1)) seen.push(box.value); };
  globalThis.noting = setInterval(note, 20);
  return seen;
}"""


@pytest.fixture
def speaking(web: Web, profile: Path, browsers: Browsers, tmp_path: Path) -> Iterator[Callable[..., Person]]:
    """``speaking(*arguments)``: somebody at a site that has the models that hear, whose microphone plays the sentence
    once."""
    file = tmp_path / "said.wav"
    microphone_file(file, 1.0, FRENCH, 2.0)
    with web.site.offering(*MODELS):

        def start(*arguments: str, **options: Any) -> Person:
            plays = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={file}%noloop"]
            page = browsers.start(profile, arguments=[*plays, *arguments], **options)
            person = Person(page, web.url, "fr" if options.get("locale") == "fr-FR" else "en")
            person.opens()
            person.waits_for_the_model()
            return person

        yield start


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def test_what_is_said_in_french_is_written_into_the_box_sent_and_answered(
    web: Web, speaking: Callable[..., Person]
) -> None:
    person = speaking(ALLOWS, locale="fr-FR")
    assert not fetched(web) & shards_of(web, *MODELS), "nothing that hears is fetched before anybody speaks"
    person.message.fill("Dis-moi :")
    texts = person.message.evaluate_handle(TEXTS)
    person.page.get_by_role("button", name="Enregistrer", exact=True).click()
    expect(person.page.locator("#microphone-sign")).to_be_visible()
    until(person.page, "it is being written down", lambda: "marseille" in person.message.input_value().lower())
    until(person.page, "all is said", lambda: person.page.get_by_role("timer").inner_text() >= "0:07")
    person.page.get_by_role("button", name="Terminé", exact=True).click()
    expect(person.page.get_by_role("group", name="Enregistrement")).to_be_hidden()
    said = words(person.message.input_value())
    assert said[:6] == ["dis", "moi", "le", "train", "pour", "marseille"]
    assert "numéro" in said
    assert said.count("marseille") == 1, "nothing is doubled"
    assert len(said) < 20
    assert len(texts.json_value()) > 1, "it grew while somebody spoke"
    assert fetched(web) >= shards_of(web, *MODELS)
    person.send.click()
    expect(person.questions.last).to_contain_text("Marseille")
    until(person.page, "it is answered", lambda: person.answers.last.get_attribute("data-state") == "success")


def test_a_microphone_that_is_denied_is_said_and_the_question_is_answered_without_it(
    web: Web, speaking: Callable[..., Person]
) -> None:
    person = speaking()
    person.message.fill("What is the capital of France?")
    person.page.get_by_role("button", name="Record", exact=True).click()
    expect(person.page.locator("#record-note")).to_contain_text("Orion may not use the microphone.")
    expect(person.message).to_have_value("What is the capital of France?")
    assert not fetched(web) & shards_of(web, *MODELS)
    assert person.asks("What is the capital of France?").succeeds()
