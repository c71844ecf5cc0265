"""The engine's worker reads aloud in Chromium: a sound for each sentence, which the models that hear understand.

With the real models that speak, which are fetched when the first text is read.
"""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Worker

from bench.hearing.word_errors import rate
from e2e.support.person import Person
from e2e.support.site import ROOT
from e2e.support.waiting import until
from e2e.support.web import Web
from e2e.test_vision import fetched, shards_of
from orion_py.manifest.graph_manifest import parse_graph_manifest
from orion_py.native.graph_model import opened_graphs
from orion_py.senses.hearing.resampling import Resampler, Samples
from orion_py.senses.hearing.transcriber import VAD, WHISPER, Ears, transcribe
from orion_py.senses.speaking.catalogue import PIPER

TEXT = "# Hours\n\nThe library opens at **nine o'clock** in the morning. `x = {}` The children read their stories."
SAID = "Hours. The library opens at nine o'clock in the morning. The children read their stories."
START = """async () => {
  const worker = new Worker(new URL("workers/engine.js", document.baseURI), { type: "module" });
  const sounds = [], ends = new Map();
  const engine = globalThis.engine = { worker, sounds, first: () => {} };
  const heard = (part) => {
    const message = JSON.parse(typeof part === "string" ? part : part.text);
    if (message.type === "sound") {
      const bytes = new Uint8Array(part.samples.buffer);
      let packed = "";
      for (let at = 0; at < bytes.length; at += 30000) packed += String.fromCharCode(...bytes.subarray(at, at + 30000));
      sounds.push({ ...message, samples: btoa(packed) });
      engine.first();
    }
    if (["result", "error", "cancelled"].includes(message.type)) ends.get(message.id)?.(message);
  };
  worker.onmessage = ({ data }) => [data].flat().forEach(heard);
  engine.ask = (id, type, fields = {}) => new Promise((resolve) => {
    ends.set(id, resolve);
    worker.postMessage(JSON.stringify({ v: 1, id, type, ...fields }));
  });
  await engine.ask("start", "initialize", { ahead: false });
}"""
SPEAK = """async ({ id, text }) => {
  engine.sounds.length = 0;
  const end = await engine.ask(id, "speak", { text });
  return { sounds: engine.sounds, end };
}"""
STOP = """async (text) => {
  const begun = new Promise((resolve) => { engine.first = resolve; });
  const end = engine.ask("say", "speak", { text });
  await begun;
  await engine.ask("stop", "cancel", { request: "say" });
  return { sounds: engine.sounds.length, type: (await end).type };
}"""
END = "() => engine.worker.terminate()"


@pytest.fixture
def speaking(web: Web, regular: Person) -> Iterator[Person]:
    """``regular``, at a site that has the English voice as well."""
    with web.site.offering(PIPER):
        regular.opens()
        regular.waits_for_the_model()
        yield regular


async def heard(said: Samples) -> str:
    models = []
    for name in (WHISPER, VAD):
        path = ROOT / "public" / "models" / name / "manifest.json"
        if not path.is_file():
            pytest.fail(f"{name} isn't built: python3 build.py models speech")
        models.append(await opened_graphs(parse_graph_manifest(path.read_bytes()), path.parents[1] / "shards", 2))
    ears = await Ears.open(models[0], models[1], random.Random(0).random)

    async def blocks() -> AsyncIterator[Samples]:
        yield said

    text = (await transcribe(ears, blocks(), "en")).text
    for model in models:
        await model.close()
    return text


def test_what_is_read_aloud_is_understood(web: Web, speaking: Person) -> None:
    assert not fetched(web) & shards_of(web, PIPER), "no voice is fetched before something is read aloud"
    speaking.page.evaluate(START)
    found: dict[str, Any] = speaking.page.evaluate(SPEAK, {"id": "say", "text": TEXT})
    speaking.page.evaluate(END)
    assert found["end"]["type"] == "result", found["end"]
    sounds = found["sounds"]
    assert [(sound["index"], sound["text"], sound["last"]) for sound in sounds] == [
        (0, "Hours.", False),
        (1, "The library opens at nine o'clock in the morning.", False),
        (2, "The children read their stories.", True),
    ]
    resampler = Resampler(sounds[0]["rate"])
    parts = [np.frombuffer(base64.b64decode(sound["samples"]), "<f4") for sound in sounds]
    assert sum(map(len, parts)) / sounds[0]["rate"] == pytest.approx(found["end"]["payload"]["seconds"], abs=0.01)
    said = np.concatenate([*(resampler.push(part) for part in parts), resampler.finish()])
    with ThreadPoolExecutor(1) as pool:  # the browser has this thread's event loop
        text = pool.submit(lambda: asyncio.run(heard(said))).result()
    assert rate([(SAID, text)]) <= 0.15, text
    assert fetched(web) >= shards_of(web, PIPER)


def test_a_stop_ends_what_computes_the_sentence_and_the_next_one_is_spoken(speaking: Person) -> None:
    page = speaking.page
    page.evaluate(START)
    long = "and the children read their stories by the river in the morning, " * 4
    opened: set[Worker] = set()
    page.on("worker", lambda worker: opened.add(worker))
    found = page.evaluate(STOP, f"One. The library opens at nine {long} and so on.")
    assert found == {"sounds": 1, "type": "cancelled"}, "the second sentence was under way"
    # What else loads meanwhile, such as the router's encoder, stays.
    until(page, "the voice's worker is gone", lambda: bool(opened - set(page.workers)))
    found = page.evaluate(SPEAK, {"id": "again", "text": "Two."})
    assert found["end"]["type"] == "result", found["end"]
    assert [sound["text"] for sound in found["sounds"]] == ["Two."]
    page.evaluate(END)
