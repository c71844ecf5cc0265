"""What ``from orion_py import ...`` gives, and that it costs nothing before it is asked for."""

from __future__ import annotations

import ast
import doctest
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import orion_py

ROOT = Path(__file__).parents[1]


def test_the_example_of_the_package_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(ROOT / "models.json", tmp_path / "models.json")
    monkeypatch.chdir(tmp_path)
    assert doctest.testmod(orion_py) == (0, 4)
    assert (tmp_path / ".orion" / "settings.json").is_file()


def test_the_package_alone_imports_nothing_of_itself() -> None:
    code = "import sys, orion_py; print(sorted(name for name in sys.modules if name.startswith('orion_py.')))"
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


@pytest.mark.parametrize("name", orion_py.__all__)
def test_each_public_name_is_there_and_is_the_one_that_the_types_say(name: str) -> None:
    stub = ast.parse((ROOT / "orion_py" / "__init__.pyi").read_text("utf-8"))
    sources = {node.names[0].name: node.module for node in stub.body if isinstance(node, ast.ImportFrom)}
    found = getattr(orion_py, name)
    assert found is getattr(sys.modules[str(sources[name])], name)
    assert name in dir(orion_py)


def test_another_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="OrionInferenceEngine"):
        getattr(orion_py, "OrionInferenceEngine")  # noqa: B009 - mypy knows that it isn't there
