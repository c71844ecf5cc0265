"""``orion speak`` as a person types it."""

from __future__ import annotations

import io
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orion_py.cli import commands as cli
from orion_py.engine.engine import Engine
from orion_py.senses.speaking.catalogue import VOICES
from tests.senses.speaking.scripted_voice import TalkingModel, VoiceLender

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def model() -> TalkingModel:
    return TalkingModel()


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: TalkingModel) -> Callable[..., int]:
    """``types(*arguments)`` runs ``orion speak`` on a model that hums."""
    (tmp_path / "models.json").write_text("{}")
    for voice in VOICES:
        (tmp_path / "public" / "models" / voice.model).mkdir(parents=True, exist_ok=True)
        (tmp_path / "public" / "models" / voice.model / "manifest.json").write_text("{}")

    class Humming:
        senses = VoiceLender(model)

        @asynccontextmanager
        async def started(self) -> AsyncIterator[Any]:
            yield self

    async def start(*arguments: Any, **named: Any) -> Any:
        return Humming().started()

    monkeypatch.setattr(Engine, "start", start)

    def run(*arguments: str) -> int:
        return cli.main(["--root", str(tmp_path), "speak", *arguments])

    return run


def test_a_text_becomes_a_wav_file(types: Callable[..., int], tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "said.wav"
    assert types("Hello world. One.", "--out", str(out)) == 0
    with wave.open(str(out)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 24_000)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert 16_000 < np.abs(samples).max() < 16_400
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("[joe · piper-joe · en · ")
    assert not list(tmp_path.glob("*.partial"))


def test_voice_language_speed_and_standard_input(
    types: Callable[..., int], tmp_path: Path, model: TalkingModel, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    out = str(tmp_path / "said.wav")
    monkeypatch.setattr("sys.stdin", io.StringIO("Bonjour monde."))
    assert types("-", "--out", out, "--language", "fr", "--speed", "1.25") == 0
    assert model.runs[-1]["speed"].tolist() == [1.25]
    assert types("Hello.", "--out", out, "--voice", "michael") == 0
    assert "[michael · kokoro-82m · en" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((" ",), "the text is empty"),
        (("Hello.", "--voice", "nobody"), "There is no voice 'nobody'"),
        (("Hello.", "--language", "de"), "No voice speaks 'de'"),
        (("Hello.", "--speed", "9"), "not 9 times"),
        (("```\ncode\n```",), "holds no words"),
    ],
)
def test_what_cant_be_spoken_leaves_no_file(
    types: Callable[..., int], tmp_path: Path, capsys: Capture, arguments: tuple[str, ...], why: str
) -> None:
    out = tmp_path / "said.wav"
    out.write_bytes(b"from before")
    assert types(*arguments, "--out", str(out)) == 1
    assert why in capsys.readouterr().err
    assert out.read_bytes() == b"from before"
    assert not list(tmp_path.glob(".*.partial"))


def test_a_folder_that_isnt_there_and_a_model_that_isnt_built(
    types: Callable[..., int], tmp_path: Path, capsys: Capture
) -> None:
    assert types("Hello.", "--out", str(tmp_path / "no" / "said.wav")) == 1
    assert "said.wav" in capsys.readouterr().err
    (tmp_path / "public" / "models" / "kokoro-82m" / "manifest.json").unlink()
    assert types("Bonjour monde.", "--language", "fr", "--out", str(tmp_path / "said.wav")) == 1
    told = capsys.readouterr().err
    assert "kokoro-82m isn't built here" in told
    assert "python3 build.py models voices" in told
