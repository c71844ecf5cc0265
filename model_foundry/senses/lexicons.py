"""Packs the lexicons of pronunciation that the voices look words up in.

English: misaki's, by the makers of Kokoro (Apache-2.0), in JSON: a word's phonemes, or those of each part of speech.
French: gruut's (MIT), a table of SQLite: phonemes of IPA with spaces between them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from model_foundry.errors import MalformedFolder
from model_foundry.formats.bounded_json import JsonLimits, read_json
from model_foundry.sharding.graph_folder import tensor_file
from orion_py.senses.speaking.english_guess import NAMES
from orion_py.senses.speaking.lexicon import packed

_LIMITS = JsonLimits(size=16_000_000, depth=4, parts=2_000_000)
_DEFAULT = "DEFAULT"
_LONGEST = 60
_FRENCH_SOUNDS = {"r": "ʁ", "g": "ɡ", "ɑ": "ɑ", "ʀ": "ʁ"}
_UNSAID = "ˈˌː‿.| "


def english_lexicon(files: Iterable[Path]) -> bytes:
    """Of misaki's files, the better one first. Raises MalformedFolder."""
    words: dict[str, str] = {}
    for path in files:
        read = read_json(path, _LIMITS, MalformedFolder)
        if not isinstance(read, dict):
            raise MalformedFolder(f"{path.name} isn't a lexicon: it holds no object")
        for word, entry in read.items():
            said = _entry(entry)
            if said and _printable(word):
                words.setdefault(word, said)
    return _packed(words)


def _entry(entry: Any) -> str:
    if isinstance(entry, str):
        return entry if ";" not in entry else ""
    if not isinstance(entry, Mapping) or not isinstance(entry.get(_DEFAULT), str):
        return ""
    others = [f"{part}:{said}" for part, said in entry.items() if part != _DEFAULT and isinstance(said, str) and said]
    return ";".join([entry[_DEFAULT], *others])


def french_lexicon(path: Path) -> bytes:
    """Of gruut's database. Raises MalformedFolder."""
    words: dict[str, str] = {}
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
            for word, phonemes in database.execute(
                "SELECT word, phonemes FROM word_phonemes ORDER BY word, pron_order"
            ):
                said = "".join(_FRENCH_SOUNDS.get(sign, sign) for sign in str(phonemes) if sign not in _UNSAID)
                if said and _printable(str(word)):
                    words.setdefault(str(word).lower(), said)
    except sqlite3.Error as error:
        raise MalformedFolder(f"{path.name} isn't gruut's lexicon: {error}") from error
    return _packed(words)


def letters(path: Path) -> bytes:
    """The network that reads English letters, of g2p-en's checkpoint. Raises MalformedFolder."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return tensor_file({name: np.asarray(arrays[name], np.float32) for name in NAMES})
    except (KeyError, ValueError, OSError) as error:
        raise MalformedFolder(f"{path.name} isn't g2p-en's checkpoint: {error}") from error


def _printable(word: str) -> bool:
    return 0 < len(word) <= _LONGEST and word.isprintable() and "\t" not in word


def _packed(words: Mapping[str, str]) -> bytes:
    try:
        return packed(words)
    except ValueError as error:
        raise MalformedFolder(f"the lexicon can't be packed: {error}") from error
