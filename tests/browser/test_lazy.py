"""Modules that wait to be needed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orion_py.browser.lazy import defer


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """``late``, a package with a module and a file that tells whether it was run."""
    folder = tmp_path / "late"
    folder.mkdir()
    (folder / "part.py").write_text("from late import VALUE\nDOUBLE = 2 * VALUE\n")
    (folder / "__init__.py").write_text(
        "from pathlib import Path\n"
        f"ran = Path({str(tmp_path / 'ran')!r})\n"
        "ran.write_text('again' if ran.exists() else 'once')\n"
        "VALUE = 21\nfrom late import part\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path / "ran"
    for name in ("late", "late.part"):
        sys.modules.pop(name, None)


def run(code: str) -> dict[str, Any]:
    """What import statements see; the checker knows no module of these names."""
    names: dict[str, Any] = {}
    exec(code, names)
    return names


def test_an_import_runs_nothing_until_something_of_it_is_used(package: Path) -> None:
    defer("late")
    late = run("import late\nimport late as other")["other"]
    assert not package.exists()
    assert late.part.DOUBLE == 42
    assert late.VALUE == 21
    assert run("import late")["late"].VALUE == 21
    assert package.read_text() == "once"


def test_a_part_of_it_brings_the_whole(package: Path) -> None:
    defer("late")
    assert run("from late.part import DOUBLE")["DOUBLE"] == 42
    assert package.read_text() == "once"


def test_what_it_does_not_have_is_an_error_as_ever(package: Path) -> None:
    defer("late")
    with pytest.raises(AttributeError, match="NOTHING"):
        _ = run("import late")["late"].NOTHING


def test_a_module_that_is_loaded_stays_as_it_is() -> None:
    defer("json")
    assert sys.modules["json"] is json


def test_what_is_nowhere_is_told_at_once() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        defer("no_such_module")
