"""The page's words in a test: ``speak("fr")`` is what the page has once it speaks French."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.ui.conftest import WEB
from ui.words.i18n import Words

FOLDER = WEB / "ui" / "words"


def catalogue(language: str = "en", folder: Path = FOLDER) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"{language}.json").read_text("utf-8"))
    return found


def plural(language: str, number: float) -> str:
    """Of English and French as ``Intl.PluralRules`` has them, below a million."""
    return "one" if number == 1 or (language == "fr" and number < 2) else "other"


def speak(language: str = "en", folder: Path = FOLDER) -> Words:
    languages = sorted(path.stem for path in folder.glob("*.json"))
    return Words(languages, lambda each: (folder / f"{each}.json").read_text("utf-8"), plural, language)


TEXT = catalogue()["text"]
"""The English texts by their keys; all languages have the same."""
