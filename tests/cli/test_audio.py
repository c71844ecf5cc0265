"""``orion chat --audio``: what is said is the question, or is asked about; "transcribe this" gets it in writing."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from orion_py.cli import audio
from orion_py.cli import commands as cli
from orion_py.native import ports
from orion_py.protocol import Response
from orion_py.senses.hearing.transcriber import Ears
from tests.native.test_sounds import as_wav
from tests.senses.hearing.scripted_ears import ears_that_hear, sound
from tests.tiny import World, says

Capture = pytest.CaptureFixture[str]
Types = Callable[..., int]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the engine was asked."""
    found: list[str] = []
    begin = cli.Engine.infer

    async def infer(self: cli.Engine, query: str, *arguments: object, **more: object) -> Response:
        found.append(query)
        return await begin(self, query, *arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(cli.Engine, "infer", infer)
    return found


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: list[str]) -> Types:
    """``types(*arguments)`` runs ``orion chat --audio`` with a recorded question, on an engine that says "good day"."""
    world = World(says("good day"))
    (tmp_path / "models.json").write_text("{}")
    as_wav(tmp_path / "said.wav", sound(("silence", 1), ("speech", 3), ("silence", 1)), 16_000)

    @asynccontextmanager
    async def scripted(engine: object) -> AsyncIterator[Ears]:
        yield ears_that_hear("<0.20> What is a comet?<3.00>")

    monkeypatch.setattr(ports, "native_ports", lambda root: world.ports)
    monkeypatch.setattr(audio, "ears_of", scripted)
    monkeypatch.setattr(audio, "require_built", lambda root: None)

    def run(*arguments: str) -> int:
        return cli.main(["--root", str(tmp_path), "chat", "--audio", str(tmp_path / "said.wav"), *arguments])

    return run


def test_without_a_prompt_what_is_said_is_the_question(types: Types, asked: list[str], capsys: Capture) -> None:
    assert types() == 0
    assert capsys.readouterr().out == "good day\n"
    assert asked in ([], ["What is a comet?"])
    assert types("--json") == 0
    assert json.loads(capsys.readouterr().out)["content"] == "good day"
    assert asked[-1] == "What is a comet?"


@pytest.mark.parametrize("prompt", ["transcribe this", "Transcris cet enregistrement", "What does she say?"])
def test_whoever_wants_it_in_writing_gets_it_without_a_model(
    types: Types, asked: list[str], capsys: Capture, prompt: str
) -> None:
    assert types(prompt) == 0
    told = capsys.readouterr()
    assert told.out == "What is a comet?\n"
    assert told.err.startswith("[speech · whisper-base")
    assert asked == []
    assert types(prompt, "--json") == 0
    response = Response.model_validate_json(capsys.readouterr().out)
    assert (response.agent, response.model, response.routing.agent) == ("speech", "whisper-base", "speech")
    assert response.notes["recordings"][0]["segments"][0]["text"] == "What is a comet?"


@pytest.mark.parametrize(
    ("prompt", "written"),
    [
        ("Transcribe it, please.", True),
        ("Mets-le par écrit", True),
        ("Qu'est-ce qui est dit ?", True),
        ("What is being said here?", True),
        ("Transcribe and translate it into French", False),
        ("What does he say about money?", False),
        ("Summarize this recording", False),
        ("Is that true?", False),
        ("Que penses-tu de ça ?", False),
    ],
)
def test_only_who_wants_the_words_alone_gets_them_alone(prompt: str, written: bool) -> None:
    assert audio.wants_it_written(prompt) is written


def test_the_agent_for_speech_writes_down_whatever_is_asked(types: Types, capsys: Capture) -> None:
    assert types("--agent", "speech") == 0
    assert capsys.readouterr().out == "What is a comet?\n"


@pytest.mark.parametrize(("locale", "says_so"), [("en", "The recording says:"), ("fr-CA", "L'enregistrement dit :")])
def test_another_question_is_asked_with_what_is_said_below_it(
    types: Types, asked: list[str], capsys: Capture, locale: str, says_so: str
) -> None:
    assert types("Is that a hard question?", "--json", "--locale", locale) == 0
    assert asked == [f"Is that a hard question?\n\n{says_so}\nWhat is a comet?"]


def test_several_recordings_are_heard_in_their_order(
    types: Types, asked: list[str], tmp_path: Path, capsys: Capture
) -> None:
    assert types("--json", "--audio", str(tmp_path / "said.wav")) == 0
    assert asked == ["What is a comet?\n\nWhat is a comet?"]


def test_a_prompt_comes_from_standard_input_too(
    types: Types, asked: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("Is that hard?"))
    assert types("-", "--json") == 0
    assert asked[0].startswith("Is that hard?\n\n")


def test_a_recording_in_which_nobody_speaks_is_said_so(types: Types, tmp_path: Path, capsys: Capture) -> None:
    as_wav(tmp_path / "quiet.wav", np.zeros(32_000), 16_000)
    assert types("--audio", str(tmp_path / "quiet.wav")) == 1
    assert "Nobody speaks in quiet.wav. Choose another recording" in capsys.readouterr().err


def test_models_that_are_not_built_are_named_before_anything_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    (tmp_path / "models.json").write_text("{}")
    monkeypatch.setattr(ports, "native_ports", lambda root: World(says("good day")).ports)
    assert cli.main(["--root", str(tmp_path), "chat", "--audio", "any.wav"]) == 1
    assert "whisper-base isn't built here." in capsys.readouterr().err
