"""What crosses the wire of an error."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from orion_py import errors
from orion_py.errors import OrionError
from orion_py.protocol import ErrorInfo

ROOT = Path(__file__).resolve().parents[2]
BRANCHES: dict[str, type[OrionError]] = {
    "engine": OrionError,
    "invalid_input": errors.InvalidInput,
    "invalid_config": errors.InvalidConfig,
    "invalid_model": errors.InvalidModel,
    "protocol": errors.ProtocolError,
    "load": errors.LoadError,
    "runtime": errors.RuntimeFailure,
    "unavailable": errors.Unavailable,
    "cancelled": errors.Cancelled,
}


def tree(root: type[OrionError]) -> list[type[OrionError]]:
    return [root, *(found for child in root.__subclasses__() for found in tree(child))]


@pytest.mark.parametrize("kind", tree(OrionError))
def test_an_error_is_of_the_family_of_the_nearest_branch_above_it(kind: type[OrionError]) -> None:
    nearest = next(base for base in kind.__mro__ if base in BRANCHES.values())
    assert BRANCHES[kind.family] is nearest


def test_every_family_is_a_branch() -> None:
    assert set(get_args(errors.Family)) == set(BRANCHES)


def test_an_error_crosses_with_its_family_hint_and_facts() -> None:
    info = ErrorInfo.of(errors.TooLarge("Too large.", needed_bytes=5))
    assert (info.code, info.family, info.message, info.detail) == (
        "too_large",
        "load",
        "Too large.",
        {"needed_bytes": 5},
    )
    assert info.hint == errors.TooLarge.hint


BROWSERS_OWN = {"foreign_origin", "simd_missing"}
"""Raised in a browser alone."""
SUPPOSES = re.compile(r"\b(reload|this (browser|page|window|tab|site))\b", re.IGNORECASE)
OF_A_BROWSER = re.compile(r"\b(browser|page|reload|tabs?|window|this site)\b", re.IGNORECASE)


@pytest.mark.parametrize("kind", [each for each in tree(OrionError) if each.code not in BROWSERS_OWN])
def test_a_hint_fits_a_terminal_as_well(kind: type[OrionError]) -> None:
    """The page has words of its own for each code; a terminal and a program get these."""
    assert not OF_A_BROWSER.search(kind.hint)


def test_no_message_outside_of_the_browsers_own_code_supposes_one() -> None:
    """In the text of what is raised: what the person is to do, and why."""
    found = []
    for path in (ROOT / "orion_py").rglob("*.py"):
        if path.parent.name == "browser":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Raise):
                texts = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
                found += [f"{path.name}: {text}" for text in texts if isinstance(text, str) and SUPPOSES.search(text)]
    assert found == []
