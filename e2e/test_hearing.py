"""A person attaches a recording: it is written down, answered, and its words saved, and that again offline.

With the real models that hear, which are fetched when the first recording is heard. The French sentence was spoken by
Kokoro's voice ff_siwis (Apache-2.0), for bench/hearing.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from e2e.support.person import Answer, Person
from e2e.support.web import Web
from e2e.test_vision import ACTIVITIES, fetched, shards_of
from orion_py.senses.hearing.transcriber import VAD, WHISPER

FRENCH = Path(__file__).parent / "recordings" / "train.ogg"
"""« Le train pour Marseille part du quai numéro neuf à sept heures et quart. »"""
MODELS = (WHISPER, VAD)


@pytest.fixture
def hearing(web: Web, regular: Person) -> Iterator[Person]:
    """``regular``, at a site that has the models that hear as well."""
    with web.site.offering(*MODELS):
        regular.opens()
        regular.waits_for_the_model()
        yield regular


def silence(seconds: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(np.zeros(16_000 * seconds, "<i2").tobytes())
    return out.getvalue()


def sends(person: Person, recording: bytes, message: str = "", name: str = "train.ogg") -> Answer:
    """``message`` may be empty: what is said is the question then."""
    with person.page.expect_file_chooser() as chooser:
        person.page.get_by_role("button", name="Attach", exact=True).click()
    kind = "audio/ogg" if name.endswith("ogg") else "audio/wav"
    chooser.value.set_files([{"name": name, "mimeType": kind, "buffer": recording}])
    expect(person.page.locator("#attached li:not(.coming)")).to_have_count(1)
    return person.asks(message)


def saved(answer: Answer, form: str) -> tuple[str, str]:
    """The file's name and its text."""
    with answer.page.expect_download() as download:
        answer.article.get_by_role("button", name=form, exact=True).click()
    return download.value.suggested_filename, Path(download.value.path()).read_text("utf-8")


def test_a_french_recording_is_written_down_saved_answered_and_heard_again_without_a_network(
    web: Web, hearing: Person
) -> None:
    assert not fetched(web) & shards_of(web, *MODELS), "nothing that hears is fetched before a recording is there"
    written = sends(hearing, FRENCH.read_bytes(), "Transcris cet enregistrement")
    activities = written.article.evaluate_handle(ACTIVITIES)
    text = written.succeeds()
    assert "train pour Marseille" in text
    expect(written.article).to_have_attribute("data-agent", "speech")
    assert any("Listening to the recording" in each for each in activities.json_value())
    assert fetched(web) >= shards_of(web, *MODELS)

    written.article.get_by_text("What was said in train.ogg").click()
    expect(written.article.locator(".transcript-lines")).to_contain_text("0:0")
    expect(written.article.locator(".transcript-lines")).to_contain_text("Marseille")
    assert saved(written, "Text") == ("train.txt", text)
    name, subtitles = saved(written, "SRT subtitles")
    assert (name, subtitles[:5]) == ("train.srt", "1\n00:")
    assert "Marseille" in subtitles
    name, subtitles = saved(written, "WebVTT subtitles")
    assert (name, subtitles[:7]) == ("train.vtt", "WEBVTT\n")

    spoken = sends(hearing, FRENCH.read_bytes())
    assert spoken.succeeds()
    expect(spoken.article).not_to_have_attribute("data-agent", "speech")
    expect(spoken.article.locator(".transcript-lines")).to_contain_text("Marseille")

    silent = sends(hearing, silence(3), name="silence.wav")
    silent.comes_to("error")
    assert "Nobody speaks in the recording" in silent.error
    hearing.page.get_by_role("button", name="Remove silence.wav").click()

    web.goes_down()
    hearing.reloads()
    hearing.waits_for_the_model()
    expect(hearing.answers.first.locator(".transcript summary")).to_contain_text("What was said in train.ogg")
    assert "Marseille" in sends(hearing, FRENCH.read_bytes(), "Transcris").succeeds()
