"""The models of hearing are built from their files, and open and compute as the engine opens them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_foundry.errors import FoundryError, MalformedFolder
from model_foundry.senses.speech import (
    CONFIG,
    SILERO,
    TOKENIZER,
    WEIGHTS,
    build_silero,
    build_whisper,
    clip_of,
    generation_file,
)
from orion_py.cancellation import CancelToken
from orion_py.native.graph_model import opened_graphs
from orion_py.senses.hearing.transcriber import Ears
from orion_py.senses.hearing.voice import VoiceProbability
from tests.model_foundry.senses import tiny_silero
from tests.model_foundry.senses.tiny_whisper import variables, written
from tests.native.test_sounds import as_wav
from tests.senses.hearing.scripted_ears import sound, tiny_files, tiny_tokens


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A tiny Whisper as CTranslate2's converter leaves it, and a tiny Silero."""
    tokens = tiny_tokens()
    vocabulary, _ = tiny_files()
    (tmp_path / "tokenizer.json").write_bytes(vocabulary)
    rules: dict[str, Any] = {
        "lang_ids": list(tokens.languages.values()),
        "suppress_ids": [3, 2],
        "suppress_ids_begin": [94, tokens.end],
    }
    (tmp_path / "config.json").write_text(json.dumps(rules))
    silero = tiny_silero.written(tmp_path / "vad.onnx", tiny_silero.weights(), tiny_silero.weights(taps=128))
    return {
        WEIGHTS: written(tmp_path, variables(vocabulary=tokens.times + 1501, positions=1500)),
        TOKENIZER: tmp_path / "tokenizer.json",
        CONFIG: tmp_path / "config.json",
        SILERO: silero,
    }


def test_what_is_built_transcribes(files: dict[str, Path], tmp_path: Path) -> None:
    models = tmp_path / "models"
    told: list[str] = []
    made, voice = build_whisper(files, models, told.append), build_silero(files, models, told.append)
    assert len(told) >= 3
    assert (made.model, voice.model) == ("whisper-base", "silero-vad")

    async def run() -> tuple[Any, np.ndarray]:
        opened = [await opened_graphs(each, models / "shards", 1) for each in (made, voice)]
        ears = await Ears.open(opened[0], opened[1], lambda: 0.5)
        found = await ears.whisper.decode(sound(("speech", 2)), "en", (), CancelToken(), brief=True)
        likely = await VoiceProbability(ears.vad).push(sound(("speech", 1)))
        for each in opened:
            await each.close()
        return found, likely

    found, likely = asyncio.run(run())
    assert tiny_tokens().is_time(found.tokens[0]), "random weights, but Whisper's rules"
    assert found.language == "en"
    assert likely.shape == (31,)
    assert ((likely > 0) & (likely < 1)).all()


def test_building_again_gives_the_same_bytes(files: dict[str, Path], tmp_path: Path) -> None:
    manifests = []
    for folder in ("one", "two"):
        build_whisper(files, tmp_path / folder)
        manifests.append((tmp_path / folder / "whisper-base" / "manifest.json").read_bytes())
    assert manifests[0] == manifests[1]


def test_the_rules_of_generation_are_the_configs(files: dict[str, Path]) -> None:
    made = json.loads(generation_file(files[TOKENIZER], files[CONFIG]))
    assert made["languages"] == tiny_tokens().languages
    assert made["suppress"] == [2, 3]


def test_files_that_do_not_belong_together_are_refused(files: dict[str, Path], tmp_path: Path) -> None:
    files[CONFIG].write_text('{"lang_ids": [1], "suppress_ids": [], "suppress_ids_begin": []}')
    with pytest.raises(FoundryError):
        build_whisper(files, tmp_path / "models")
    files[CONFIG].write_text('{"lang_ids": "no"}')
    with pytest.raises(MalformedFolder, match=r"config\.json isn't Whisper's"):
        build_whisper(files, tmp_path / "models")


def test_a_clip_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "clip.wav").write_bytes(b"RIFF")
    with pytest.raises(MalformedFolder, match="reference clip"):
        clip_of(tmp_path / "clip.wav")
    with pytest.raises(MalformedFolder, match="16 bits"):
        clip_of(as_wav(tmp_path / "eight.wav", sound(("speech", 1)), 16_000, width=1))
