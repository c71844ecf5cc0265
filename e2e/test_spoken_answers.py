"""An answer is read aloud with Orion's own voice: what the page played is written down again, and is what was written.

With the real models: the voice is fetched when the first sentence is to be said, and the ears listen natively.
"""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from playwright.sync_api import expect

from bench.hearing.word_errors import errors, words
from e2e.support.person import Person
from e2e.support.site import ROOT
from e2e.support.waiting import until
from e2e.support.web import Web
from orion_py.manifest.graph_manifest import parse_graph_manifest
from orion_py.native.graph_model import opened_graphs
from orion_py.senses.hearing.resampling import Resampler, Samples
from orion_py.senses.hearing.transcriber import VAD, WHISPER, Ears, transcribe
from orion_py.senses.speaking.catalogue import PIPER

TAP = """
window.played = [];
const { start } = AudioBufferSourceNode.prototype;
AudioBufferSourceNode.prototype.start = function (at) {
  const bytes = new Uint8Array(this.buffer.getChannelData(0).slice().buffer);
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  window.played.push({ at, seconds: this.buffer.duration, rate: this.buffer.sampleRate, samples: btoa(text) });
  return start.call(this, at);
};
"""
"""Keeps what the page gives to WebAudio, when it is played and how long it sounds."""
MODELS = ROOT / "public" / "models"


@pytest.fixture
def listener(web: Web, regular: Person) -> Iterator[Person]:
    """``regular``, who has chosen Orion's voice, at a site that has the English one."""
    if not (MODELS / WHISPER / "manifest.json").is_file():
        pytest.fail("the models that hear aren't built: python3 build.py models speech")
    with web.site.offering(PIPER):
        regular.page.add_init_script(TAP)
        regular.opens()
        regular.waits_for_the_model()
        regular.page.get_by_role("button", name="Settings").click()
        regular.page.get_by_role("combobox", name="Voice", exact=True).select_option("orion")
        regular.page.get_by_role("button", name="Close").click()
        yield regular


async def written_down(samples: Samples) -> str:
    """What the models that hear make of 16,000 samples a second."""

    async def blocks() -> AsyncIterator[Samples]:
        yield samples

    whisper, vad = [
        await opened_graphs(parse_graph_manifest((MODELS / name / "manifest.json").read_bytes()), MODELS / "shards", 2)
        for name in (WHISPER, VAD)
    ]
    ears = await Ears.open(whisper, vad, random.Random(0).random)
    heard = await transcribe(ears, blocks())
    await whisper.close()
    await vad.close()
    return heard.text


def test_what_is_played_is_what_was_written(listener: Person) -> None:
    page = listener.page
    answer = listener.asks("What is the capital of France?")
    text = answer.succeeds()
    answer.article.get_by_role("button", name="Read aloud", exact=True).click()
    until(page, "the voice speaks", lambda: page.evaluate("played.length") > 0)
    expect(answer.article).to_have_attribute("data-reading", "speaking")
    until(page, "the reading ends", lambda: answer.article.get_attribute("data-reading") is None)
    assert listener.notices == "", "no other voice took its place"
    sound = []
    for piece in page.evaluate("played"):
        resampler = Resampler(piece["rate"])
        samples = np.frombuffer(base64.b64decode(piece["samples"]), "<f4")
        sound += [resampler.push(samples), resampler.finish()]
    with ThreadPoolExecutor(1) as apart:  # Playwright's own loop runs in this thread
        heard = apart.submit(asyncio.run, written_down(np.concatenate(sound))).result()
    # Letters, since a short answer has few words: "France is Paris" and "Francis Paris" sound alike.
    assert letter_rate(text, heard) <= 0.25, heard


def letter_rate(said: str, heard: str) -> float:
    """Letters changed, left out or added, of those that were said."""
    letters = list("".join(words(said)))
    return errors(letters, list("".join(words(heard)))) / len(letters)
