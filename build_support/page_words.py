"""Checks and bundles the page's words: a catalogue for each language, ``web/ui/words/<language>.json``.

web/ui/words/i18n.py gives their form; all have the entries of the English one. A language is added by adding its file:
the build puts it into what the page loads (page_python.py), into the choice of languages, and beside the English of
each text that index.html has before any script runs:

    <span lang="en" data-static="KEY">…</span>        followed by one for each other language, which is hidden

In such a text ``[…]`` is what index.html has as its link.
"""

from __future__ import annotations

import html
import json
import re
import string
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from build_support import page_settings
from build_support.errors import BuildError

FIRST = "en"
FOLDER = "ui/words/"
Catalogue = dict[str, Any]

_TABLES = ("text", "agents", "errors", "fallbacks")
_NUMBERS = {"decimal", "group", "bytes"}
_UNITS = (1, 10**3, 10**6, 10**9)
_STATIC = re.compile(r'<span lang="en" data-static="(\w+)">(.*?)</span>')
_CHOICE = re.compile(r'(<select id="set-language">).*?(</select>)')
_DESCRIPTION = re.compile(r'(<meta name="description" content=")[^"]*(">)')


def catalogues(folder: Path) -> dict[str, Catalogue]:
    """The catalogue of each language, English first, with the labels of the engine's settings (page_settings.py).
    Raises BuildError for one with too few entries, or too many."""
    paths = sorted(folder.glob("*.json"), key=lambda path: (path.stem != FIRST, path.stem))
    found = {path.stem: _read(path) for path in paths}
    if FIRST not in found:
        raise BuildError(f"There is no {FIRST}.json in {folder}.", "All other languages are compared with it.")
    labels = page_settings.words(FIRST)
    for language, catalogue in found.items():
        faults = [*_faults(found[FIRST], catalogue, labels)]
        if faults:
            raise BuildError(
                f"The words in {language}.json don't fit: {'; '.join(faults[:8])}.", f"Compare it with {FIRST}.json."
            )
    for language, catalogue in found.items():
        catalogue["text"] = {**page_settings.words(language), **catalogue["text"]}
    return found


def _read(path: Path) -> Catalogue:
    try:
        catalogue = json.loads(path.read_text("utf-8"), object_pairs_hook=_once)
    except ValueError as error:
        raise BuildError(f"{path.name} can't be read as JSON: {error}.", "Correct it.") from error
    if not isinstance(catalogue, dict):
        raise BuildError(f"{path.name} isn't an object.", "See web/ui/words/i18n.py.")
    return catalogue


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    twice = {key for key in keys if keys.count(key) > 1} if len(set(keys)) < len(keys) else set()
    if twice:
        raise ValueError(f"{', '.join(sorted(twice))} occurs twice")
    return dict(pairs)


def _faults(first: Catalogue, other: Catalogue, labels: Mapping[str, str]) -> Iterator[str]:
    """What ``other`` lacks or has in excess of ``first``, the English one, and of ``labels``."""
    if not isinstance(other.get("name"), str) or not other["name"].strip():
        yield "it has no name"
    numbers = other.get("numbers")
    if not isinstance(numbers, dict) or set(numbers) != _NUMBERS or len(numbers["bytes"]) != len(_UNITS):
        yield f"numbers must have {', '.join(sorted(_NUMBERS))}"
    for table in _TABLES:
        mine, theirs = other.get(table), first.get(table)
        if not isinstance(mine, dict) or not isinstance(theirs, dict):
            yield f"there is no table {table}"
            continue
        yield from (f"{table} lacks {key}" for key in theirs if key not in mine)
        for key, text in mine.items():
            if table == "text" and (key.startswith("language_") or key in labels):
                yield from _empty(key, text)  # names of languages, and labels, of which each has those it likes
            elif key not in theirs:
                yield f"{table} has {key}, which isn't English"
            else:
                yield from _unlike(f"{table}.{key}", theirs[key], text)


def _unlike(name: str, theirs: Any, mine: Any) -> Iterator[str]:
    if isinstance(theirs, dict) != isinstance(mine, dict):
        yield f"{name} must be {'an object' if isinstance(theirs, dict) else 'a text'}"
    elif not isinstance(theirs, dict):
        yield from _empty(name, mine) if theirs else ()
        if isinstance(mine, str) and placeholders(theirs) != placeholders(mine):
            yield f"{name} must have the placeholders {sorted(placeholders(theirs))}"
    elif "other" in theirs:  # one text by the number in it; a form may leave out the number
        if "other" not in mine:
            yield f"{name} has no form “other”"
            return
        if placeholders(str(mine["other"])) != placeholders(theirs["other"]):
            yield f"{name} must have the placeholders {sorted(placeholders(theirs['other']))}"
        for form, text in mine.items():
            yield from _empty(f"{name}.{form}", text)
            if isinstance(text, str) and not placeholders(text) <= placeholders(theirs["other"]):
                yield f"{name}.{form} has other placeholders than its form “other”"
    else:
        if set(theirs) != set(mine):
            yield f"{name} must have {', '.join(theirs)}"
            return
        for part in theirs:
            yield from _unlike(f"{name}.{part}", theirs[part], mine[part])


def _empty(name: str, text: Any) -> Iterator[str]:
    if not isinstance(text, str) or not text.strip():
        yield f"{name} is empty"


def placeholders(text: str) -> set[str]:
    """The names in braces; of a text whose braces don't fit the text itself, which is no name of any other."""
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}
    except ValueError:
        return {text}


def packed(catalogue: Catalogue) -> bytes:
    """As the page loads it: MicroPython reads characters beyond U+FFFF only where they stand as themselves."""
    return json.dumps(catalogue, ensure_ascii=False, separators=(",", ":")).encode()


def page(index: str, found: Mapping[str, Catalogue]) -> str:
    """index.html with all languages. Raises BuildError for a text that no catalogue has."""

    def texts(match: re.Match[str]) -> str:
        key, english = match[1], match[2]
        if key not in found[FIRST]["text"]:
            raise BuildError(f"index.html wants the words {key!r}.", f"Add them to {FIRST}.json and the others.")
        spans = []
        for language, catalogue in found.items():
            text = html.escape(catalogue["text"][key], quote=False)
            if '<a href="">' in english:
                text = text.replace("[", '<a href="">').replace("]", "</a>")
            hidden = "" if language == FIRST else " hidden"
            spans.append(f'<span lang="{language}" data-static="{key}"{hidden}>{text}</span>')
        return "".join(spans)

    options = "".join(
        f'<option value="{language}" lang="{language}">{html.escape(catalogue["name"])}</option>'
        for language, catalogue in found.items()
    )
    described = html.escape(" ".join(catalogue["text"]["description"] for catalogue in found.values()))
    index = _STATIC.sub(texts, index)
    index = _CHOICE.sub(lambda match: match[1] + options + match[2], index)
    return _DESCRIPTION.sub(lambda match: match[1] + described + match[2], index)
