"""Parses NAME=FOLDER, the form in which several commands take models and texts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from model_foundry.errors import FoundryError


def named_folders(options: Iterable[str]) -> dict[str, Path]:
    """Name to folder, in the order given. Raises FoundryError for another form, or a name that stands twice."""
    named: dict[str, Path] = {}
    for option in options:
        name, equals, folder = option.partition("=")
        if not equals or not name or not folder:
            raise FoundryError(f"{option} isn't NAME=FOLDER")
        if name in named:
            raise FoundryError(f"{name} is given two folders: {named[name]} and {folder}")
        named[name] = Path(folder)
    return named
