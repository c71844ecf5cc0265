"""Reads routing examples: rows of text, label and language, by author.

A label is the id of an agent in models.json. Which labels the router has is decided by the rows alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from model_foundry.errors import MalformedRows

FOLDER = Path(__file__).parent / "data"
TEST = "test"
_REGISTRY = Path(__file__).parents[2] / "models.json"


@dataclass(frozen=True, slots=True)
class Row:
    """``author``: who wrote it, by the name of its file. ``kind``: of a row that is held out, what it tests."""

    text: str
    label: str
    language: str
    author: str
    kind: str = ""

    @property
    def key(self) -> str:
        return " ".join(self.text.casefold().split())


@cache
def agents() -> tuple[str, ...]:
    """The ids of the agents in models.json, in its order."""
    return tuple(entry["id"] for entry in json.loads(_REGISTRY.read_text("utf-8"))["agents"])


def labels_of(rows: Iterable[Row]) -> tuple[str, ...]:
    """The labels that rows have, in the order of models.json: the columns of a head that is trained on them."""
    found = {row.label for row in rows}
    return tuple(agent for agent in agents() if agent in found)


def read_rows(path: Path) -> list[Row]:
    """Raises MalformedRows with the line's number."""
    known, rows = agents(), []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            text, label, language = row["text"], row["label"], row["lang"]
        except (ValueError, KeyError, TypeError) as error:
            raise MalformedRows(f"{path.name}:{number}: not a row with text, label and lang") from error
        if label not in known or not isinstance(text, str) or not text.strip():
            raise MalformedRows(
                f"{path.name}:{number}: the label {label!r} is no agent of models.json, or there is no text"
            )
        rows.append(Row(text, label, str(language), path.stem, str(row.get("kind", ""))))
    return rows


def held_out_rows(folder: Path = FOLDER) -> list[Row]:
    """The frozen split, and what later authors hold out: their rows with a ``kind``."""
    frozen = read_rows(folder / f"{TEST}.jsonl")
    return frozen + [row for row in _written(folder) if row.kind]


def training_rows(folder: Path = FOLDER) -> list[Row]:
    """All authors but the test's, each text once and none that is held out."""
    return without_repeats((row for row in _written(folder) if not row.kind), held_out_rows(folder))


def _written(folder: Path) -> Iterator[Row]:
    """What all authors but the test's wrote."""
    for path in sorted(folder.glob("*.jsonl")):
        if path.stem != TEST:
            yield from read_rows(path)


def without_repeats(rows: Iterable[Row], barred: Sequence[Row]) -> list[Row]:
    seen = {row.key for row in barred}
    kept = []
    for row in rows:
        if row.key not in seen:
            seen.add(row.key)
            kept.append(row)
    return kept
