"""The page's words in a test: ``speak("fr")`` is what the page has once it speaks French."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from build_support import page_words
from tests.ui.conftest import WEB
from ui.words.i18n import Words

FOLDER = WEB / "ui" / "words"


@cache
def _catalogues(folder: Path) -> dict[str, Any]:
    return page_words.catalogues(folder)


def catalogue(language: str = "en", folder: Path = FOLDER) -> dict[str, Any]:
    """As the build puts it into the page."""
    found: dict[str, Any] = _catalogues(folder)[language]
    return found


def plural(language: str, number: float) -> str:
    """Of English and French as ``Intl.PluralRules`` has them, below a million."""
    return "one" if number == 1 or (language == "fr" and number < 2) else "other"


def speak(language: str = "en", folder: Path = FOLDER) -> Words:
    return Words(sorted(_catalogues(folder)), lambda each: json.dumps(catalogue(each, folder)), plural, language)


TEXT = catalogue()["text"]
"""The English texts by their keys; all languages have the same."""
