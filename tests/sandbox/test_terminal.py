"""What a program finds around it when somebody presses Run, in CPython: input, help, a main module, plain words."""

from __future__ import annotations

import builtins
import json
import runpy
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TERMINAL = Path(__file__).parents[2] / "web" / "sandbox" / "terminal.py"
Prepare = Callable[..., dict[str, Any]]


class Person:
    """Types ``lines``; after the last one the input ends."""

    def __init__(self, *lines: str) -> None:
        self.lines, self.asked = list(lines), []  # type: ignore[var-annotated]

    def __call__(self, body: str) -> str:
        self.asked.append(json.loads(body)["input"])
        return json.dumps({"text": self.lines.pop(0)} if self.lines else {"end": True})


@pytest.fixture
def prepare(monkeypatch: pytest.MonkeyPatch) -> Prepare:
    """``prepare``, and everything that it changes as it was afterwards."""
    ffi = types.ModuleType("pyodide.ffi")
    ffi.can_run_sync = lambda: True  # type: ignore[attr-defined]
    ffi.run_sync = lambda answer: answer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyodide", types.ModuleType("pyodide"))
    monkeypatch.setitem(sys.modules, "pyodide.ffi", ffi)
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    for place, name in ((sys, "stdin"), (sys, "argv"), (builtins, "input"), (builtins, "help")):
        monkeypatch.setattr(place, name, getattr(place, name, None), raising=False)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    made: Prepare = runpy.run_path(str(TERMINAL))["prepare"]
    return made


def test_input_asks_for_a_line_and_shows_its_prompt(prepare: Prepare, capsys: pytest.CaptureFixture[str]) -> None:
    person = Person("Ada", "7")
    exec("name = input('Name? ')\nage = int(input())", space := prepare("<code>", person))
    assert (space["name"], space["age"]) == ("Ada", 7)
    assert person.asked == ["Name? ", ""]
    assert capsys.readouterr().out == "Name? "


def test_the_end_of_the_input_is_one(prepare: Prepare) -> None:
    with pytest.raises(EOFError):
        exec("input()", prepare("<code>", Person()))
    exec("import sys\nlines = [line for line in sys.stdin]", space := prepare("<code>", Person("a", "b")))
    assert space["lines"] == ["a\n", "b\n"]
    person = Person("a")
    with pytest.raises(EOFError):
        exec("import sys\nlines = list(sys.stdin)\ninput()", prepare("<code>", person))
    assert len(person.asked) == 2, "who has ended the input isn't asked again"
    exec("import sys\nall = sys.stdin.read()", space := prepare("<code>", Person("a", "")))
    assert space["all"] == "a\n\n"


def test_where_nobody_sits_at_a_keyboard_it_says_so(prepare: Prepare) -> None:
    with pytest.raises(OSError, match=r"request\.query"):
        exec("input()", prepare("<code>", None))


def test_unittest_finds_the_tests_of_the_code(prepare: Prepare, capsys: pytest.CaptureFixture[str]) -> None:
    code = """
import unittest
class Sums(unittest.TestCase):
    def test_right(self): self.assertEqual(2 + 2, 4)
    def test_wrong(self): self.assertEqual(2 + 2, 5)
if __name__ == "__main__":
    unittest.main()
"""
    with pytest.raises(SystemExit):
        exec(compile(code, "<code>", "exec"), prepare("<code>", None))
    said = capsys.readouterr().err
    assert "Ran 2 tests" in said
    assert "failures=1" in said


def test_help_tells_of_a_name(prepare: Prepare, capsys: pytest.CaptureFixture[str]) -> None:
    exec("help(len)\nhelp('str.join')\nhelp()", prepare("<code>", None))
    said = capsys.readouterr().out
    assert "Return the number of items" in said
    assert "Concatenate any number of strings" in said
    assert "help(name)" in said


def test_a_module_that_cannot_be_there_is_named_with_the_reason(prepare: Prepare) -> None:
    prepare("<code>", None)
    finder = sys.meta_path[-1]
    with pytest.raises(ModuleNotFoundError, match="No module named 'sqlite3': this Python has no database") as raised:
        finder.find_spec("sqlite3")  # type: ignore[call-arg]
    assert raised.value.name == "sqlite3"
    assert finder.find_spec("numpy") is None  # type: ignore[call-arg]


def test_what_is_left_out_of_the_bundle_is_named(prepare: Prepare) -> None:
    from build_support.pyodide_side import STDLIB_WITHOUT

    absent = runpy.run_path(str(TERMINAL))["ABSENT"]
    kept_silent = {
        "_pyrepl",
        "pydoc_data",
        "idlelib",
        "lib2to3",
        "turtledemo",
        "_pyio",
        "mailbox",
        "antigravity",
        "this",
    }
    kept_silent |= {"nturl2path"}
    left_out = {name.split("/")[0].removesuffix(".py") for name in STDLIB_WITHOUT if not name.startswith("encodings")}
    assert {name for name in left_out - kept_silent if not name.endswith("_support")} <= absent.keys()
