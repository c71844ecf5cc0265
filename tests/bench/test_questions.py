"""The program that puts questions to the engine in Chromium reads and writes lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.answers import questions


def test_a_site_that_is_not_built_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        questions.parse(["--site", str(tmp_path), "--plain", "{}"])
    assert "isn't a built site" in capsys.readouterr().err
    (tmp_path / "workers").mkdir()
    assert questions.parse(["--site", str(tmp_path), "--plain", '{"id": "plain"}']).plain == {"id": "plain"}


def test_a_line_is_asked_as_it_came() -> None:
    asked: list[Any] = []

    class Page:
        def evaluate(self, call: str, fields: Any) -> Any:
            asked.append((call, fields))
            return {"content": "hi"}

    assert questions.answered(Page(), json.dumps({"query": "hello"})) == {"content": "hi"}
    assert asked == [("(fields) => questions.ask(fields)", {"query": "hello"})]
