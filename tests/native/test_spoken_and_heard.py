"""What the voices say is heard again by the models that hear, in both languages, with the models that are built."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from bench.hearing.word_errors import rate
from orion_py.cancellation import CancelToken
from orion_py.manifest.graph_manifest import parse_graph_manifest
from orion_py.native.graph_model import opened_graphs
from orion_py.runtime.graphs import GraphModel
from orion_py.senses.hearing.resampling import Resampler, Samples
from orion_py.senses.hearing.transcriber import VAD, WHISPER, Ears, transcribe
from orion_py.senses.speaking.catalogue import KOKORO, PIPER
from orion_py.senses.speaking.lent import LentVoice, Wish
from tests.senses.speaking.scripted_voice import VoiceLender

MODELS = Path(__file__).parents[2] / "public" / "models"
ENGLISH = (
    "The library opens at nine o'clock in the morning, and the children read their favorite stories. "
    "Yesterday we walked along the river until the evening."
)
FRENCH = (
    "Les enfants ont attendu leurs amis devant la bibliothèque pendant toute la matinée. "
    "Nous avons mangé ensemble dans un petit restaurant."
)


async def opened(name: str) -> GraphModel:
    if not (MODELS / name / "manifest.json").is_file():
        pytest.skip(f"{name} isn't built: python3 build.py models voices speech")
    manifest = parse_graph_manifest((MODELS / name / "manifest.json").read_bytes())
    return await opened_graphs(manifest, MODELS / "shards", 2)


@pytest.mark.long
@pytest.mark.parametrize(("model", "language", "text"), [(PIPER, "en", ENGLISH), (KOKORO, "fr", FRENCH)])
async def test_what_is_said_is_heard(model: str, language: str, text: str) -> None:
    voice = await opened(model)
    said: list[Samples] = []
    async for sound in LentVoice(VoiceLender(voice).lent).speak(Wish(text, language), CancelToken()):
        resampler = Resampler(sound.rate)
        said += [resampler.push(sound.samples), resampler.finish()]
    await voice.close()

    async def blocks() -> AsyncIterator[Samples]:
        yield np.concatenate(said)

    whisper, vad = await opened(WHISPER), await opened(VAD)
    ears = await Ears.open(whisper, vad, random.Random(0).random)
    heard = await transcribe(ears, blocks())
    await whisper.close()
    await vad.close()
    assert heard.language == language
    assert rate([(text, heard.text)]) <= 0.1
