"""``orion route`` and ``orion models`` as a person types them, and how every command fails."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orion_py.cli import commands as cli
from orion_py.cli import models
from orion_py.cli.commands import Loading
from orion_py.native import ports
from orion_py.native.graph_runner import NativeGraphRunner
from orion_py.protocol import ENGINE_ID, ProgressEvent, RouterEvent
from tests.tiny import FILES, REGISTRY, WEIGHTS, World, manifest_json, says, sha
from tests.tiny_graphs import written

Capture = pytest.CaptureFixture[str]
Type = Callable[..., int]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with one model in its list, that isn't built."""
    (tmp_path / "models.json").write_text(json.dumps(REGISTRY))
    return tmp_path


@pytest.fixture
def types(root: Path, monkeypatch: pytest.MonkeyPatch) -> Type:
    world = World(says("good day"))
    monkeypatch.setattr(ports, "native_ports", lambda root: world.ports)
    return lambda *arguments: cli.main(["--root", str(root), *arguments])


def built(root: Path) -> Path:
    """Builds the model; returns the folder of its shards."""
    models = root / "public" / "models"
    (models / "tiny").mkdir(parents=True)
    (models / "tiny" / "manifest.json").write_text(manifest_json())
    (models / "shards").mkdir()
    for data in FILES:
        (models / "shards" / sha(data)).write_bytes(data)
    return models / "shards"


def rows(capture: Capture) -> list[dict[str, object]]:
    return [json.loads(line) for line in capture.readouterr().out.splitlines()]


def test_a_query_is_routed_in_a_json_line(types: Type, capsys: Capture) -> None:
    assert types("route", "hello there", "--router", "keyword") == 0
    (row,) = rows(capsys)
    assert (row["id"], row["agent"], row["router"]) == (0, "conversation", "keyword")


def test_a_query_can_come_from_standard_input(types: Type, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("hello there"))
    assert types("route", "-") == 0
    assert len(rows(capsys)) == 1


def test_a_file_of_queries_is_routed_line_by_line(types: Type, root: Path, capsys: Capture) -> None:
    file = root / "queries.jsonl"
    file.write_text('{"id": "a", "text": "hello"}\n\n{"id": 7, "text": "bonjour"}\n')
    assert types("route", "--jsonl", str(file), "--locale", "fr") == 0
    assert [row["id"] for row in rows(capsys)] == ["a", 7]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("no json", 'not a {"id", "text"} object'),
        ('{"id": 1}', 'not a {"id", "text"} object'),
        ('{"id": 1, "text": 2}', "id or text is of the wrong type"),
    ],
)
def test_a_line_that_is_no_query_is_named(line: str, said: str, types: Type, root: Path, capsys: Capture) -> None:
    file = root / "queries.jsonl"
    file.write_text(f'{{"id": 0, "text": "hello"}}\n{line}\n')
    assert types("route", "--jsonl", str(file)) == 1
    assert f"{file}:2: {said}" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["hello", "--jsonl", "queries.jsonl"]])
def test_a_query_comes_from_one_place(arguments: list[str], types: Type, capsys: Capture) -> None:
    assert types("route", *arguments) == 2
    assert "give either TEXT or --jsonl FILE" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_told_in_one_line(types: Type, capsys: Capture) -> None:
    assert types("route", "--jsonl", "nowhere.jsonl") == 1
    assert capsys.readouterr().err.startswith("orion: ")


def test_the_list_says_which_models_are_built(types: Type, root: Path, capsys: Capture) -> None:
    assert types("models") == 0
    assert "tiny\tlite\t0 MB\tApache-2.0\tnot built\tconversation" in capsys.readouterr().out
    built(root)
    assert types("models", "list") == 0
    assert "\tbuilt\t" in capsys.readouterr().out


def test_the_list_names_general_models_of_the_hub_and_how_to_bring_one(
    types: Type, root: Path, capsys: Capture
) -> None:
    known = {
        "id": "big",
        "title": "Big",
        "hub": "Someone/Big",
        "revision": "a" * 40,
        "licence": "MIT",
        "languages": ["en", "fr"],
        "parameters": 1_540_000_000,
    }
    (root / "models.json").write_text(json.dumps({**REGISTRY, "general": [known]}))
    assert types("models") == 0
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.startswith("big\tgeneral\t1.5 billion parameters\tMIT\tnot built\ten, fr\tnot run by us\t")
    assert said.endswith(f"python3 build.py models big brings Someone/Big@{'a' * 40}")


def test_a_built_model_is_verified_shard_by_shard(types: Type, root: Path, capsys: Capture) -> None:
    shards = built(root)
    assert types("models", "verify") == 0
    assert "tiny: every shard has its hash" in capsys.readouterr().out
    (shards / sha(WEIGHTS[0])).write_bytes(b"damaged")
    (shards / sha(WEIGHTS[1])).unlink()
    assert types("models", "verify") == 1
    said = capsys.readouterr().out
    assert f"shard {sha(WEIGHTS[0])[:12]} (layers) doesn't have its hash" in said
    assert f"shard {sha(WEIGHTS[1])[:12]} (layers) is missing" in said


def test_a_built_graph_model_is_verified_by_what_its_sessions_compute_too(
    types: Type, root: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    shards, manifest = built(root), written(root / "public" / "models")
    assert types("models", "verify") == 0
    assert "tiny-graphs: every shard has its hash" in capsys.readouterr().out
    right = NativeGraphRunner.run

    async def wrong(self: Any, session: str, inputs: Any, want: Any) -> Any:
        return {name: value + value.dtype.type(1) for name, value in (await right(self, session, inputs, want)).items()}

    with monkeypatch.context() as patch:
        patch.setattr(NativeGraphRunner, "run", wrong)
        assert types("models", "verify") == 1
    assert "tiny-graphs: tiny-graphs, doubles: y of golden run doubled is 1 off" in capsys.readouterr().out
    (shards / manifest.files["labels.json"]).unlink()
    assert types("models", "verify") == 1
    assert f"tiny-graphs: shard {manifest.files['labels.json'][:12]} (file) is missing" in capsys.readouterr().out
    (root / "public" / "models" / "tiny-graphs" / "manifest.json").write_text('{"kind": "graphs"}')
    assert types("models", "verify") == 1
    assert "tiny-graphs: manifest of a graph model: format" in capsys.readouterr().out


def test_a_model_that_is_not_built_is_told_with_the_command_that_builds_it(types: Type, capsys: Capture) -> None:
    assert types("models", "verify") == 1
    assert "tiny: isn't built" in capsys.readouterr().out


def test_control_c_stops_a_command(types: Type, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def pressed(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(models, "registry_of", pressed)
    assert types("models") == 1
    assert capsys.readouterr().err == "stopped\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def loading(phase: str, loaded: int) -> ProgressEvent:
    return ProgressEvent.model_construct(
        id=ENGINE_ID, model="tiny", phase=phase, loaded_bytes=loaded, total_bytes=2_000_000
    )


def test_on_a_terminal_a_load_is_one_line_that_moves_and_goes() -> None:
    shown = Terminal()
    sign = Loading(shown)
    sign(RouterEvent(id=ENGINE_ID, name="keyword", corrections=0))
    sign(loading("downloading", 500_000))
    sign(loading("ready", 2_000_000))
    assert shown.getvalue() == "\r\x1b[Ktiny: downloading 25%\r\x1b[K"
