"""The browser's answers: pieces are put together as one answer, and end where it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.answers import chromium
from bench.answers.chromium import PIECE, Answerer


class FakePage:
    """Continues every prompt with its last token plus one, and ends after 99."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []

    def evaluate(self, script: str, request: dict[str, Any]) -> dict[str, Any]:
        self.requests.append(request)
        if "score" in script:
            return {"logprobs": [[-1.0]], "top": [[3]]}
        token = request["prompt"][-1]
        tokens = list(range(token + 1, min(token + 1 + request["max_tokens"], 100)))
        return {"tokens": tokens, "ended": len(tokens) < request["max_tokens"]}


def answer(page: FakePage, prompt: list[int], most: int, until: str | None = None, context: int = 500) -> list[int]:
    request = {"id": 4, "kind": "generate", "prompt": prompt, "max_tokens": most, "eos": [100], "until": until}
    said = Answerer(page, lambda tokens: " ".join(map(str, tokens)), context).answer(request)  # type: ignore[arg-type]
    assert said["id"] == 4
    tokens: list[int] = said["tokens"]
    return tokens


def test_pieces_make_one_answer_of_the_length_asked_for() -> None:
    page = FakePage()
    assert answer(page, [5], PIECE + 3) == list(range(6, 6 + PIECE + 3))
    assert [len(request["prompt"]) for request in page.requests] == [1, 1 + PIECE]


def test_an_answer_ends_with_the_model_the_context_or_its_text() -> None:
    assert answer(FakePage(), [95], 50) == [96, 97, 98, 99]
    assert answer(FakePage(), [5, 6, 7], 50, context=5) == [8, 9]
    assert len(answer(FakePage(), [5], 90, until="10")) == PIECE


def test_a_score_is_the_pages() -> None:
    request = {"id": 1, "kind": "score", "context": [1], "continuations": [[2]]}
    said = Answerer(FakePage(), str, 9).answer(request)  # type: ignore[arg-type]
    assert said == {"id": 1, "logprobs": [[-1.0]], "top": [[3]]}


def test_a_page_gets_one_model_and_what_runs_it(tmp_path: Path) -> None:
    site, models = tmp_path / "site", tmp_path / "models"
    for path in ("bridge/a.js", "workers/b.js", "vendor/ort/c.wasm", "ui/d.py"):
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(path)
    for path, text in (
        ("m/manifest.json", json.dumps({"shards": [{"sha256": "1"}]})),
        ("shards/1", "one"),
        ("shards/2", "two"),
    ):
        (models / path).parent.mkdir(parents=True, exist_ok=True)
        (models / path).write_text(text)
    chromium.assemble(tmp_path / "out", site, models, "m")
    found = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert found == {
        "orion/bridge/a.js",
        "orion/workers/b.js",
        "orion/vendor/ort/c.wasm",
        "orion/models/m/manifest.json",
        "orion/models/shards/1",
        "pages/answers.html",
        "pages/answers.js",
    }


def test_a_folder_that_is_no_site_exits_with_2(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as exit_:
        chromium.parse(["--site", str(tmp_path), "--models", ".", "--model", "m", "--variant", "{}"])
    assert exit_.value.code == 2
