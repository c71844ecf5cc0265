"""``foundry router``: with the encoder's files, or with the router that is built."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model_foundry import cli
from model_foundry.commands import router
from model_foundry.errors import MalformedRows
from model_foundry.routing import build
from model_foundry.routing.dataset import held_out_rows, labels_of, read_rows, training_rows, without_repeats
from orion_py.manifest.manifest import Source
from orion_py.routing.features import EMBEDDING
from orion_py.routing.head_file import read_card, read_head
from orion_py.routing.keyword_words import RULED as LABELS
from orion_py.routing.manifest import parse_router_manifest
from tests.model_foundry.routing.test_training import rows
from tests.model_foundry.routing.tiny_encoder import encoder

Capture = pytest.CaptureFixture[str]
SOURCES = (Source(name="tiny", file="tiny.npz", sha256="0" * 64, revision="1"),)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with a built router of the tiny encoder."""
    monkeypatch.setattr(build, "load_encoder", lambda weights, pieces: encoder())
    build.build_router(tmp_path / "w", tmp_path / "p", SOURCES, tmp_path, lambda title: None)
    return tmp_path


def test_a_built_router_names_its_shards_and_keeps_golden_routes(tiny: Path) -> None:
    manifest = parse_router_manifest((tiny / build.MODEL / "manifest.json").read_bytes())
    assert {shard.role for shard in manifest.shards} == {"graph", "tokenizer", "head"}
    assert all((tiny / "shards" / shard.sha256).stat().st_size == shard.size for shard in manifest.shards)
    assert [golden.text for golden in manifest.golden] == list(build.GOLDEN)
    assert all(golden.agent in LABELS for golden in manifest.golden)


def test_the_card_lies_beside_the_manifest_and_not_in_the_head_that_ships(tiny: Path, capsys: Capture) -> None:
    manifest = parse_router_manifest((tiny / build.MODEL / "manifest.json").read_bytes())
    assert cli.main(["router", "card"]) == 0
    card = capsys.readouterr().out
    assert card.startswith("# Model card: the neural router")
    assert (tiny / build.MODEL / "MODEL_CARD.md").read_text("utf-8") == card.removesuffix("\n")
    assert read_card((tiny / "shards" / manifest.head).read_bytes()) == ""


def test_the_head_that_ships_can_choose_each_agent_that_has_examples() -> None:
    assert read_head(build.HEAD.read_bytes()).labels == labels_of(training_rows())


def test_evaluate_takes_the_built_router_when_no_file_is_named(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(router, "held_out_rows", lambda: rows(1, kind="real"))
    assert cli.main(["router", "evaluate", "--out", str(tiny)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("real")
    assert "expected calibration error" in printed


def test_training_writes_a_head_and_its_card(tiny: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(router, "training_rows", lambda: rows(2))
    monkeypatch.setattr(router, "held_out_rows", lambda: rows(1, kind="real"))

    def embed(text: str) -> NDArray[np.float32]:
        return np.zeros(EMBEDDING, np.float32)

    said: list[str] = []
    card = router.train(embed, said.append, tmp_path / "head.safetensors")
    assert read_card((tmp_path / "head.safetensors").read_bytes()) == card
    assert said[-1].startswith("fitted on 28 rows")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["evaluate", "--out", "nowhere"], "python3 build.py models router"),
        (["evaluate", "weights.npz"], "two files"),
        (["build"], "python3 build.py models router"),
        (["train", "no.npz", "no.model"], "no.npz"),
    ],
)
def test_what_is_missing_is_said_with_the_command_that_makes_it(
    arguments: list[str], reason: str, capsys: Capture
) -> None:
    assert cli.main(["router", *arguments]) == 1
    assert reason in capsys.readouterr().err


def test_build_prints_where_the_manifest_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture) -> None:
    monkeypatch.setattr(build, "load_encoder", lambda weights, pieces: encoder())
    files = [tmp_path / name for name in ("w.npz", "sp.model")]
    for file in files:
        file.write_bytes(b"weights")
    assert cli.main(["router", "build", *map(str, files), "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.strip().endswith(str(tmp_path / build.MODEL / "manifest.json"))


@pytest.mark.parametrize(
    "line",
    [
        "nothing",
        "{}",
        '{"text": "a", "label": "cooking", "lang": "en"}',
        '{"text": " ", "label": "code", "lang": "en"}',
    ],
)
def test_a_faulty_row_is_named_by_its_line(line: str, tmp_path: Path) -> None:
    (tmp_path / "hand.jsonl").write_text('{"text": "a", "label": "code", "lang": "en"}\n' + line + "\n")
    with pytest.raises(MalformedRows, match=r"hand\.jsonl:2"):
        read_rows(tmp_path / "hand.jsonl")


def test_training_never_sees_a_text_that_the_test_holds(tmp_path: Path) -> None:
    def write(name: str, *texts: str) -> None:
        lines = [json.dumps({"text": text, "label": "code", "lang": "en"}) for text in texts]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))

    write("test", "Sort a list")
    write("hand", "sort  a LIST", "Reverse it", "reverse it")
    assert [row.text for row in training_rows(tmp_path)] == ["Reverse it"]


def test_a_hand_may_hold_rows_out_by_their_kind(tmp_path: Path) -> None:
    def write(name: str, *rows: dict[str, str]) -> None:
        (tmp_path / f"{name}.jsonl").write_text("\n".join(json.dumps({"lang": "en", **row}) for row in rows))

    write("test", {"text": "Sort a list", "label": "code", "kind": "real"})
    write("hand", {"text": "Reverse it", "label": "code"}, {"text": "Undo it", "label": "code", "kind": "written"})
    assert [row.text for row in training_rows(tmp_path)] == ["Reverse it"]
    assert [(row.text, row.kind) for row in held_out_rows(tmp_path)] == [
        ("Sort a list", "real"),
        ("Undo it", "written"),
    ]


def test_a_repeat_is_kept_once() -> None:
    assert without_repeats(rows(1), rows(1)) == []
