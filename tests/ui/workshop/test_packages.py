"""What people are told that their Python can import is what the site carries."""

from __future__ import annotations

from pathlib import Path

from build_support import cell_packages, lockfile
from tests.ui.speech import speak

ROOT = Path(__file__).parents[3]
NAMES = {
    "bs4": "beautifulsoup4",
    "dateutil": "python-dateutil",
    "more_itertools": "more-itertools",
    "mpmath": "mpmath",
    "networkx": "networkx",
    "slugify": "python-slugify",
    "sympy": "sympy",
    "tabulate": "tabulate",
}
"""Packages by the name to import."""


def test_the_workshop_and_its_documentation_name_what_can_be_imported() -> None:
    documentation = (ROOT / "docs" / "workshop.md").read_text("utf-8")
    pinned = {pin.name for pin in lockfile.parse(cell_packages.LOCK)}
    for name, package in NAMES.items():
        assert all(name in speak(language)("hint_packages") for language in ("en", "fr")), name
        assert f"`{name}`" in documentation, name
        assert package in pinned


def test_every_package_that_is_asked_for_is_told() -> None:
    lines = (ROOT / "requirements-cells.in").read_text("utf-8").splitlines()
    assert {line for line in lines if line[:1].isalnum()} <= set(NAMES.values())
