"""What the sandbox's Python asks of the model, run in CPython."""

from __future__ import annotations

import json
import re
import runpy
import sys
from pathlib import Path
from unittest.mock import MagicMock

import pytest

SANDBOX = Path(__file__).parents[2] / "web" / "sandbox"


async def test_a_question_crosses_as_it_was_written_and_not_as_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pyodide", "pyodide.code", "orion_terminal"):
        monkeypatch.setitem(sys.modules, name, MagicMock())  # what Pyodide alone has
    said: list[str] = []

    async def ask(body: str) -> str:
        said.append(body)
        return json.dumps({"text": "hi", "done": True})

    prompt = "😀" + "я" * 12_000
    llm = runpy.run_path(str(SANDBOX / "runner.py"))["Llm"](ask)
    assert await llm(prompt) == "hi"
    assert prompt in said[0]
    assert json.loads(said[0])["prompt"] == prompt


def test_the_cell_lets_the_longest_question_that_the_engine_may_take_through() -> None:
    most = re.search(r"ASK_MOST = ([\d_]+)", (SANDBOX / "cell.js").read_text("utf-8"))
    assert most is not None
    longest = json.dumps({"prompt": "😀" * 1_000_000, "system": "😀" * 4000}, ensure_ascii=False)
    assert len(longest.encode("utf-16-le")) // 2 <= int(most[1].replace("_", ""))
