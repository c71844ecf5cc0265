"""How an answer streams: by token, word or sentence, at a typewriter's pace, with statistics; and from a terminal."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from orion_py.cancellation import CancelToken
from orion_py.cli import commands as cli
from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.errors import Cancelled
from orion_py.protocol import InferOptions, TokenEvent
from orion_py.telemetry.log import Logger
from tests.patient_clock import settled
from tests.tiny import World, says
from tests.two_models import TwoModels

WORDS = InferOptions(temperature=0, granularity="word")


async def engine(world: World) -> Engine:
    return await Engine.start(
        EngineConfig(), world.ports, Logger(clock=world.ports.clock), subscribers=[world.events.append]
    )


def pieces(world: World) -> list[str]:
    return [event.text for event in world.events if isinstance(event, TokenEvent)]


async def test_a_response_says_how_it_streamed() -> None:
    world = World(says("good day to you"))
    response = await (await engine(world)).infer("hello", WORDS)
    stream = response.stream
    assert stream is not None
    assert pieces(world) == ["good", " day", " to", " you"]
    assert (stream.granularity, stream.pieces, stream.tokens, stream.characters) == ("word", 4, 15, 15)
    assert 0 < (stream.first_ms or 0) < stream.ms
    assert stream.tokens_per_second is not None


async def test_a_typewriter_shows_the_pieces_one_delay_apart_and_then_the_response() -> None:
    world = TwoModels("good day to you")
    made = await engine(world)
    options = WORDS.model_copy(update={"delay_ms": 200})
    task = asyncio.ensure_future(made.infer("hello", options))
    shown = []
    for _ in range(5):
        for _ in range(20):
            await settled()
        shown.append(len(pieces(world)))
        await world.time.passes(0.2)
    assert shown == [1, 2, 3, 4, 4]
    response = await task
    assert response.content == "good day to you"
    assert response.stream is not None
    assert response.stream.delay_ms == 200


async def test_stop_while_it_types_ends_in_what_was_shown() -> None:
    world = TwoModels("good day to you")
    made, cancel = await engine(world), CancelToken()
    task = asyncio.ensure_future(made.infer("hello", WORDS.model_copy(update={"delay_ms": 200}), cancel=cancel))
    for _ in range(20):
        await settled()
    await world.time.passes(0.2)
    cancel.cancel()
    with pytest.raises(Cancelled) as stopped:
        await task
    assert stopped.value.partial == "good day", "and not what was computed since"
    await world.time.passes(3.0)
    assert pieces(world) == ["good", " day"]
    again = asyncio.ensure_future(made.infer("hello", WORDS))
    for _ in range(20):
        await settled()
    assert (await again).content == "good day to you"


def chat(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of ``orion chat``."""
    world = World(says("good day to you"))
    monkeypatch.setattr("orion_py.native.ports.native_ports", lambda root: world.ports)
    code = cli.main(["--root", str(Path.cwd()), "chat", "hello", "--temperature", "0", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_terminal_streams_by_the_word_and_says_how(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = chat(monkeypatch, capsys, "--stream", "word", "--delay", "5", "--stats")
    assert (code, out) == (0, "good day to you\n")
    assert "4 pieces by the word, 5 ms apart, 15 characters, 15 tokens in" in err


def test_without_stats_a_terminal_says_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "pieces" not in chat(monkeypatch, capsys, "--stream", "sentence")[2]


def test_the_json_of_a_terminal_has_the_statistics(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stream: dict[str, Any] = json.loads(chat(monkeypatch, capsys, "--json", "--stream", "sentence")[1])["stream"]
    assert (stream["granularity"], stream["pieces"]) == ("sentence", 1)


def test_a_delay_out_of_range_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = chat(monkeypatch, capsys, "--delay", "5000")
    assert code == 2
    assert "--delay: " in err
