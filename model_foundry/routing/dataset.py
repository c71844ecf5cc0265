"""Reads routing examples: rows of text, label and language, by author."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from model_foundry.errors import MalformedRows
from orion_py.routing.features import LABELS

FOLDER = Path(__file__).parent / "data"
TEST = "test"


@dataclass(frozen=True, slots=True)
class Row:
    """``hand``: the file that it is from. ``kind``: of a test row, what it tests."""

    text: str
    label: str
    language: str
    hand: str
    kind: str = ""

    @property
    def key(self) -> str:
        return " ".join(self.text.casefold().split())


def read_rows(path: Path) -> list[Row]:
    """Raises MalformedRows, which names the line."""
    rows = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            text, label, language = row["text"], row["label"], row["lang"]
        except (ValueError, KeyError, TypeError) as error:
            raise MalformedRows(f"{path.name}:{number}: not a row with text, label and lang") from error
        if label not in LABELS or not isinstance(text, str) or not text.strip():
            raise MalformedRows(f"{path.name}:{number}: the label {label!r} or the text is none")
        rows.append(Row(text, label, str(language), path.stem, str(row.get("kind", ""))))
    return rows


def held_out_rows(folder: Path = FOLDER) -> list[Row]:
    """The frozen split."""
    return read_rows(folder / f"{TEST}.jsonl")


def training_rows(folder: Path = FOLDER) -> list[Row]:
    """All hands but the test's, each text once and none that the test holds."""
    found = (row for path in sorted(folder.glob("*.jsonl")) if path.stem != TEST for row in read_rows(path))
    return without_repeats(found, held_out_rows(folder))


def without_repeats(rows: Iterable[Row], barred: Sequence[Row]) -> list[Row]:
    seen = {row.key for row in barred}
    kept = []
    for row in rows:
        if row.key not in seen:
            seen.add(row.key)
            kept.append(row)
    return kept
