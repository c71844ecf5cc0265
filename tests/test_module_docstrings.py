"""Every module says in its first sentence what it does: its docstring begins with a verb and its object."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("orion_py", "model_foundry", "build_support", "bench", "web/ui", "web/sandbox")
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
VERB = re.compile(r"[A-Z][a-z]+s[ ,]")
"""The third person of a verb. A plural noun passes, too: this finds what was forgotten, not what is badly said."""


TYPES_ALONE = {"orion_py/manifest/fields.py"}
"""Modules that only define types, and name them."""


def first_words(source: str) -> str:
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_does(path: Path) -> None:
    source = path.read_text("utf-8")
    if (path.name == "__init__.py" and not source.strip()) or str(path.relative_to(ROOT)) in TYPES_ALONE:
        return
    begins = first_words(source)
    assert VERB.match(begins), f"the docstring begins {begins[:60]!r}: begin it with what the module does"


@pytest.mark.parametrize(
    "text",
    [
        '"""The engine behind the protocol."""',
        '"""Whether an agent can answer."""',
        "import this",
        '"""Errors: all of them."""',
    ],
)
def test_a_module_that_does_not_is_found(text: str) -> None:
    assert not VERB.match(first_words(text))
