"""A visit's bytes, file by file, before and after a moment."""

from __future__ import annotations

import json
from pathlib import Path

from bench.downloads import File, by_kind, kind_of, lines, shard_titles, tally
from build_support.server import Request

SENT = [
    Request("GET", "index.html", 200, 12_000, ended=1.0),
    Request("GET", "vendor/python/app.zip", 200, 3_000_000, ended=5.0),
    Request("GET", "models/shards/aa", 206, 20_000_000, ended=20.0),
    Request("GET", "models/shards/aa", 206, 30_000_000, ended=29.0),
    Request("GET", "app.js", 304, 0, ended=21.0),
    Request("GET", "vendor/ort/ort.wasm", 200, 14_000_000, ended=31.0),
]


def test_files_come_largest_first_with_the_bytes_of_all_their_answers() -> None:
    assert tally(SENT, moment=30.0) == [
        File("models/shards/aa", 50_000_000, 0),
        File("vendor/ort/ort.wasm", 0, 14_000_000),
        File("vendor/python/app.zip", 3_000_000, 0),
        File("index.html", 12_000, 0),
    ]


def test_an_answer_that_was_under_way_counts_as_after_the_moment() -> None:
    (shard,) = (file for file in tally(SENT, moment=25.0) if file.path == "models/shards/aa")
    assert (shard.before, shard.after) == (20_000_000, 30_000_000)


def test_kinds_are_summed() -> None:
    assert [(file.path, file.bytes) for file in by_kind(tally(SENT, 30.0))] == [
        ("parts of models", 50_000_000),
        ("onnxruntime", 14_000_000),
        ("Python and its packages", 3_000_000),
        ("the page, its workers and its words", 12_000),
    ]
    assert kind_of("kernel/relaxed-threads.wasm") == "our kernel"
    assert kind_of("vendor/micropython/micropython.wasm") == "other libraries"


def test_a_shard_is_told_by_its_role_and_model(tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    shards = [{"sha256": "a" * 64, "role": "layers"}]
    (tmp_path / "small" / "manifest.json").write_text(json.dumps({"shards": shards}))
    assert shard_titles(tmp_path) == {f"models/shards/{'a' * 64}": "models/shards/aaaaaaaaaaaa… (layers of small)"}


def test_the_table_ends_with_what_is_smaller_and_the_sums() -> None:
    shown = lines(tally(SENT, 30.0), {"models/shards/aa": "layers of small"}, most=2)
    assert [line.split(maxsplit=2) for line in shown] == [
        ["50.000", "0.000", "layers of small"],
        ["0.000", "14.000", "vendor/ort/ort.wasm"],
        ["3.012", "0.000", "2 smaller files"],
        ["53.012", "14.000", "all 4 files"],
    ]
