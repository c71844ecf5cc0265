"""``orion chat`` as a person types it: a conversation with its commands, or one answer for a script."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from orion_py.cli import commands as cli
from orion_py.cli.chat import TerminalChat
from orion_py.engine.engine import Engine
from orion_py.native import ports
from orion_py.protocol import InferOptions, Response
from orion_py.runtime.base import Device
from orion_py.runtime.tokenizer import ChatMessage
from tests.lite_and_full import LiteAndFull
from tests.tiny import World, manifest_json, says

Capture = pytest.CaptureFixture[str]
Type = Callable[..., int]


@pytest.fixture
def world() -> World:
    return World(says("good day"))


@pytest.fixture
def types(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Type:
    """``types(lines, *arguments)`` runs ``orion chat`` with ``lines`` as standard input."""
    (tmp_path / "models.json").write_text("{}")
    monkeypatch.setattr(ports, "native_ports", lambda root: world.ports)

    def run(lines: str, *arguments: str) -> int:
        monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
        return cli.main(["--root", str(tmp_path), "chat", *arguments])

    return run


def test_a_conversation_answers_each_line_and_remembers_what_was_said(
    types: Type, tmp_path: Path, capsys: Capture
) -> None:
    saved = tmp_path / "said.json"
    assert types(f"hello\n\nand you\n/save {saved}\n") == 0
    assert capsys.readouterr().out == "good day\ngood day\n"
    said = json.loads(saved.read_text())
    assert [(turn["role"], turn["content"]) for turn in said] == [
        ("user", "hello"),
        ("assistant", "good day"),
        ("user", "and you"),
        ("assistant", "good day"),
    ]


def test_a_new_conversation_forgets_the_one_before(types: Type, tmp_path: Path, capsys: Capture) -> None:
    saved = tmp_path / "said.json"
    assert types(f"hello\n/new\nanother\n/save {saved}\n") == 0
    assert [turn["content"] for turn in json.loads(saved.read_text())] == ["another", "good day"]


def test_each_question_comes_with_what_was_said_before(types: Type, capsys: Capture) -> None:
    assert types("hello\n", "--once", "--json") == 0
    answer = Response.model_validate_json(capsys.readouterr().out)
    heard: list[int] = []

    async def ask(text: str, options: InferOptions, history: list[ChatMessage]) -> Response:
        heard.append(len(history))
        return answer

    chat = TerminalChat(cast(Engine, None), ask, InferOptions(), io.StringIO())
    lines = iter(["hello", "and you", "/new", "hello"])
    asyncio.run(chat.run(lambda: next(lines, None)))
    assert heard == [0, 2, 0]


def test_help_lists_every_command_that_there_is(types: Type, capsys: Capture) -> None:
    assert types("/help\n/nonsense\n/quit\nnever\n") == 0
    told = capsys.readouterr()
    for name in ("help", "new", "agent", "model", "why", "save", "quit"):
        assert f"/{name}" in told.err
    assert "There is no command /nonsense" in told.err
    assert told.out == "", "what follows /quit isn't asked"


def test_an_agent_and_a_model_are_chosen_by_name_and_given_back(types: Type, capsys: Capture) -> None:
    lines = (
        "/why",
        "/agent conversation",
        "/model tiny",
        "hi",
        "/why",
        "/agent",
        "/model",
        "/agent nobody",
        "/model big",
    )
    assert types("\n".join(lines) + "\n") == 0
    told = capsys.readouterr().err
    assert "Nothing was answered yet." in told
    assert "[conversation by the forced router: The user chose this agent.]" in told
    assert "[the router chooses the agent]" in told
    assert "[the agent chooses the model]" in told
    assert "There is no agent nobody; there are conversation." in told
    assert "There is no model big here; there are tiny." in told


def test_a_slash_is_written_twice_to_ask_about_it(types: Type, tmp_path: Path, capsys: Capture) -> None:
    assert types(f"//etc is what\n/save {tmp_path / 's'}\n") == 0
    assert json.loads((tmp_path / "s").read_text())[0]["content"] == "/etc is what"


def test_a_question_that_fails_is_told_and_the_conversation_goes_on(
    types: Type, tmp_path: Path, capsys: Capture
) -> None:
    assert types(f"{'long ' * 4000}\nhello\n/save {tmp_path / 's'}\n/save\n/save {tmp_path}\n") == 0
    told = capsys.readouterr()
    assert "orion: " in told.err
    assert told.out == "good day\n"
    assert len(json.loads((tmp_path / "s").read_text())) == 2
    assert "Name the file" in told.err
    assert "can't be written" in told.err


def test_one_answer_for_a_script_comes_from_the_arguments_or_from_standard_input(types: Type, capsys: Capture) -> None:
    assert types("", "hello") == 0
    assert types("hello\nthere\n", "--once") == 0
    assert types("hello", "-") == 0
    assert capsys.readouterr().out == "good day\n" * 3


def test_a_load_gives_a_sign_of_life_once_a_model(types: Type, capsys: Capture) -> None:
    assert types("hello\nhello\n") == 0
    assert capsys.readouterr().err.count("[loading tiny") == 1


@pytest.mark.parametrize(
    ("arguments", "words", "code"),
    [
        (["hi", "--temperature", "9"], "--temperature: Input should be less than or equal to 5", 2),
        (["hi", "--max-tokens", "0"], "--max-tokens: ", 2),
        (["hi", "--delay", "9000"], "--delay: ", 2),
        (["hi", "--agent", "nobody"], "'nobody' is none of", 1),
    ],
)
def test_an_option_that_cannot_be_is_named_in_one_line(
    arguments: list[str], words: str, code: int, types: Type, capsys: Capture
) -> None:
    assert types("", *arguments) == code
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("arguments", [["hi", "--locale", "de"], ["--json"]])
def test_wrong_usage_ends_with_two(arguments: list[str], types: Type) -> None:
    try:
        code = types("", *arguments)
    except SystemExit as ending:
        code = int(ending.code or 0)
    assert code == 2


@pytest.mark.parametrize("locale", ["en", "fr", "fr-CA", "EN-gb"])
def test_a_language_may_have_a_region(locale: str, types: Type) -> None:
    assert types("", "hi", "--locale", locale) == 0


def both_built() -> LiteAndFull:
    """A world in which both models lie in the folder, as on a machine where they were built."""
    world = LiteAndFull("good day")
    world.store.shards |= {url.rpartition("/")[2]: data for url, data in world.store.remote.items()}
    return world


@pytest.mark.parametrize(("arguments", "model"), [([], "big"), (["--lite"], "tiny")])
def test_the_agents_own_preference_answers_where_it_is_built(
    arguments: list[str], model: str, types: Type, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    world = both_built()
    monkeypatch.setattr(ports, "native_ports", lambda root: world.ports)
    assert types("", "hi", *arguments) == 0
    assert f"· {model} ·" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "backend"),
    [
        ([], "Kernel, 2 threads"),
        (["--runner", "auto"], "Kernel, 2 threads"),
        (["--runner", "kernel"], "Kernel, 2 threads"),
        (["--runner", "onnxruntime"], "WASM, 2 threads"),
        (["--cache-bits", "16"], "Kernel, 2 threads"),
        (["--cache-bits", "8"], "Kernel, 2 threads, 8-bit cache"),
    ],
)
def test_what_computes_can_be_chosen(
    arguments: list[str], backend: str, types: Type, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    world = World(says("good day"), device=Device(threads=2, webgpu=False, kernel="relaxed-threads-1"))
    variants = json.loads(manifest_json())["variants"]
    kernel = {"id": "kernel", "engine": "kernel", "backend": "wasm", "exact": False, "tolerance_kl": 0.1}
    world.texts["models/tiny/manifest.json"] = manifest_json(variants=[*variants, kernel])
    monkeypatch.setattr(ports, "native_ports", lambda root: world.ports)
    assert types("", "hi", *arguments) == 0
    assert f"· {backend} ·" in capsys.readouterr().err


def test_a_runner_that_there_is_not_is_wrong_usage(types: Type, capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        types("", "hi", "--runner", "steam")
    assert ended.value.code == 2
    assert "onnxruntime" in capsys.readouterr().err


def test_without_its_packages_the_extra_is_named(types: Type, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setitem(sys.modules, "orion_py.native.ports", None)
    error = ModuleNotFoundError("No module named 'onnxruntime'", name="onnxruntime")

    def lacking(options: object) -> int:
        raise error

    monkeypatch.setattr(cli, "_chat", lacking)
    assert types("", "hi") == 1
    assert "pip install 'orion-inference[native]'" in capsys.readouterr().err


def test_outside_a_checkout_the_option_that_names_one_is_told(tmp_path: Path, capsys: Capture) -> None:
    assert cli.main(["--root", str(tmp_path), "models"]) == 1
    assert "--root" in capsys.readouterr().err
