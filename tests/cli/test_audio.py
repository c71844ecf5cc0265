"""``orion chat --audio``: what is said is the question, or is asked about; "transcribe this" gets it in writing."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from orion_py.cli import commands as cli
from orion_py.native import ports
from orion_py.native.sounds import sound_in
from orion_py.protocol import Response
from orion_py.runtime.attachments import HeldAttachments
from tests.answering.test_recordings import ScriptedHearing, registry
from tests.native.test_sounds import as_wav
from tests.senses.hearing.scripted_ears import sound
from tests.tiny import LetterTokenizer, World, says

Capture = pytest.CaptureFixture[str]
Types = Callable[..., int]


@pytest.fixture
def asked() -> list[str]:
    """What the model read, a prompt for each of its tokens."""
    return []


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: list[str]) -> Types:
    """``types(*arguments)`` runs ``orion chat --audio`` with a recorded question, on an engine that says "good day"."""
    script = says("good day")

    def recorded(tokens: list[int]) -> int:
        asked.append(LetterTokenizer().decode(tokens))
        return int(script(tokens))

    (tmp_path / "models.json").write_text("{}")
    as_wav(tmp_path / "said.wav", sound(("silence", 1), ("speech", 3), ("silence", 1)), 16_000)
    hearing = ScriptedHearing("<0.20> What is a comet?<3.00>")

    def world(root: Path) -> object:
        made = World(recorded)
        made.texts["models.json"] = json.dumps(registry())
        return replace(made.ports, hearing=lambda lend: hearing, attachments=HeldAttachments(hear=sound_in))

    monkeypatch.setattr(ports, "native_ports", world)
    monkeypatch.setattr(cli, "require_built", lambda root: None)

    def run(*arguments: str) -> int:
        return cli.main(["--root", str(tmp_path), "chat", "--audio", str(tmp_path / "said.wav"), *arguments])

    return run


def test_without_a_prompt_what_is_said_is_the_question(types: Types, asked: list[str], capsys: Capture) -> None:
    assert types() == 0
    assert capsys.readouterr().out == "good day\n"
    assert asked[0].endswith("what is a comet?")
    assert types("--json") == 0
    assert json.loads(capsys.readouterr().out)["content"] == "good day"


@pytest.mark.parametrize("prompt", ["transcribe this", "Transcris cet enregistrement", "What does she say?"])
def test_whoever_wants_it_in_writing_gets_it_without_a_model(
    types: Types, asked: list[str], capsys: Capture, prompt: str
) -> None:
    assert types(prompt) == 0
    told = capsys.readouterr()
    assert told.out == "What is a comet?\n"
    assert "[speech · whisper-base" in told.err
    assert asked == []
    assert types(prompt, "--json") == 0
    response = Response.model_validate_json(capsys.readouterr().out)
    assert (response.agent, response.model, response.routing.agent) == ("speech", "whisper-base", "speech")
    assert response.notes["recordings"][0]["segments"][0]["text"] == "What is a comet?"


def test_the_agent_for_speech_writes_down_whatever_is_asked(types: Types, capsys: Capture) -> None:
    assert types("--agent", "speech") == 0
    assert capsys.readouterr().out == "What is a comet?\n"


def test_another_question_is_asked_with_what_is_said_below_it(types: Types, asked: list[str]) -> None:
    assert types("Is that a hard question?", "--json") == 0
    assert asked[0].endswith("is that a hard question???the recording says??what is a comet?")


def test_several_recordings_are_heard_in_their_order(types: Types, tmp_path: Path, capsys: Capture) -> None:
    assert types("--json", "--agent", "speech", "--audio", str(tmp_path / "said.wav")) == 0
    response = Response.model_validate_json(capsys.readouterr().out)
    assert response.content == "What is a comet?\n\nWhat is a comet?"


def test_a_prompt_comes_from_standard_input_too(
    types: Types, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("Is that hard?"))
    assert types("-", "--json") == 0
    assert "is that hard???" in asked[0]


def test_a_recording_in_which_nobody_speaks_is_said_so(types: Types, tmp_path: Path, capsys: Capture) -> None:
    as_wav(tmp_path / "said.wav", np.zeros(32_000), 16_000)
    assert types() == 1
    assert "Nobody speaks in the recording. Choose another recording" in capsys.readouterr().err


def test_models_that_are_not_built_are_named_before_anything_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    (tmp_path / "models.json").write_text("{}")
    monkeypatch.setattr(ports, "native_ports", lambda root: World(says("good day")).ports)
    assert cli.main(["--root", str(tmp_path), "chat", "--audio", "any.wav"]) == 1
    assert "whisper-base isn't built here." in capsys.readouterr().err
