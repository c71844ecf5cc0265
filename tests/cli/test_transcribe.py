"""``orion transcribe`` as a person types it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TextIO

import numpy as np
import pytest

from orion_py.cli import commands as cli
from orion_py.cli import ears
from orion_py.cli.transcribe import clock
from orion_py.senses.hearing.transcriber import Ears
from tests.native.test_sounds import as_wav
from tests.senses.hearing.scripted_ears import ears_that_hear, sound

Capture = pytest.CaptureFixture[str]
Types = Callable[..., int]
SPOKEN = sound(("silence", 1), ("speech", 3), ("silence", 4), ("speech", 2), ("silence", 1))


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Types:
    """``types(*arguments)`` runs ``orion transcribe`` on ears that hear two sentences."""
    (tmp_path / "models.json").write_text("{}")
    as_wav(tmp_path / "said.wav", SPOKEN, 16_000)

    @asynccontextmanager
    async def scripted(root: Path, notes: TextIO) -> AsyncIterator[Ears]:
        yield ears_that_hear("<0.20> Bonjour a tous.<3.00>", "<0.20> A & B<2.00>", language="fr")

    monkeypatch.setattr(ears, "own_ears", scripted)

    def run(*arguments: str) -> int:
        return cli.main(["--root", str(tmp_path), "transcribe", *arguments])

    return run


def test_text_is_a_line_a_segment_and_a_summary_stands_apart(types: Types, tmp_path: Path, capsys: Capture) -> None:
    assert types(str(tmp_path / "said.wav")) == 0
    told = capsys.readouterr()
    assert told.out == "Bonjour a tous.\nA & B\n"
    assert told.err.startswith("[whisper-base · fr · 0:11 of sound, 0:06 of speech, in ")


def test_json_has_times_language_and_text(types: Types, tmp_path: Path, capsys: Capture) -> None:
    assert types(str(tmp_path / "said.wav"), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["language"] == "fr"
    assert told["seconds"] == 11
    assert told["text"] == "Bonjour a tous. A & B"
    assert [segment["text"] for segment in told["segments"]] == ["Bonjour a tous.", "A & B"]
    assert told["segments"][0]["start"] == pytest.approx(0.95, abs=0.06)


def test_subtitles(types: Types, tmp_path: Path, capsys: Capture) -> None:
    assert types(str(tmp_path / "said.wav"), "--srt") == 0
    assert capsys.readouterr().out.startswith("1\n00:00:00,")
    assert types(str(tmp_path / "said.wav"), "--vtt") == 0
    told = capsys.readouterr().out
    assert told.startswith("WEBVTT\n\n00:00:00.")
    assert "A &amp; B" in told


def test_silence_is_said_and_is_no_failure(types: Types, tmp_path: Path, capsys: Capture) -> None:
    as_wav(tmp_path / "quiet.wav", np.zeros(48_000), 48_000)
    assert types(str(tmp_path / "quiet.wav")) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "[nobody speaks in this recording]\n"
    assert types(str(tmp_path / "quiet.wav"), "--json") == 0
    assert json.loads(capsys.readouterr().out)["segments"] == []


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("none.wav", None, "No such file"),
        ("empty.mp3", b"", "empty.mp3 is empty. Choose another recording"),
        ("text.mp3", b"no sound " * 99, "text.mp3 can't be read as sound"),
    ],
)
def test_a_file_that_cannot_be_heard_fails_in_words(
    types: Types, tmp_path: Path, capsys: Capture, name: str, data: bytes | None, words: str
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    assert types(str(tmp_path / name)) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert words in told.err


def test_a_language_that_is_not_known_fails_in_words(types: Types, tmp_path: Path, capsys: Capture) -> None:
    assert types(str(tmp_path / "said.wav"), "--language", "klingon") == 1
    assert "it knows auto, de, en, fr" in capsys.readouterr().err


def test_two_forms_at_once_are_wrong_usage(types: Types, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        types(str(tmp_path / "said.wav"), "--srt", "--vtt")
    assert ended.value.code == 2


def test_a_model_that_is_not_built_is_named_with_its_command(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "models.json").write_text("{}")
    as_wav(tmp_path / "said.wav", SPOKEN, 16_000)
    assert cli.main(["--root", str(tmp_path), "transcribe", str(tmp_path / "said.wav")]) == 1
    assert "whisper-base isn't built here. Build it first: python3 build.py models speech." in capsys.readouterr().err


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (3723, "1:02:03")])
def test_a_length_is_written_as_on_a_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text
