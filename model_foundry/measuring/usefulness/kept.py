"""Keeps the answers in a file, so that a stopped run goes on and a changed rule judges without asking again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from model_foundry.measuring.usefulness.asking import Answered, Way


class Lines:
    """A file of JSON objects, one a line, to which rows are added. Without a ``path`` nothing is kept. A last line that
    was cut off is dropped."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def rows(self) -> Iterator[dict[str, Any]]:
        """What is there, in its order."""
        if self._path is None or not self._path.exists():
            return
        for line in self._path.read_text("utf-8").splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict):
                yield row

    def add(self, row: Mapping[str, Any]) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


class KeptAnswers:
    """Rows {"model", "way", "computed", "id", "answer": {...}}."""

    def __init__(self, path: Path | None) -> None:
        self._lines = Lines(path)

    def of(self, model: str, way: Way, computed: str) -> dict[str, Answered]:
        """What was answered before, by the questions' ids."""
        found: dict[str, Answered] = {}
        for row in self._lines.rows():
            try:
                if (row["model"], row["way"], row["computed"]) == (model, way, computed):
                    found[row["id"]] = Answered(**row["answer"])
            except (KeyError, TypeError):
                continue
        return found

    def keep(self, model: str, way: Way, computed: str, question: str, answer: Answered) -> None:
        """A failure isn't kept: it is asked again."""
        if not answer.error:
            facts = {"model": model, "way": way, "computed": computed, "id": question}
            self._lines.add(facts | {"answer": asdict(answer)})
