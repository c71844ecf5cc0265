"""Keeps the answers in a file, so that a stopped run goes on and a changed rule judges without asking again."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from model_foundry.measuring.usefulness.asking import Answered, Way


class KeptAnswers:
    """JSON Lines: {"model", "way", "computed", "id", "answer": {...}}. Without a ``path`` nothing is kept. A last line
    that was cut off is dropped."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def of(self, model: str, way: Way, computed: str) -> dict[str, Answered]:
        """What was answered before, by the questions' ids."""
        if self._path is None or not self._path.exists():
            return {}
        found: dict[str, Answered] = {}
        for line in self._path.read_text("utf-8").splitlines():
            try:
                row = json.loads(line)
                if (row["model"], row["way"], row["computed"]) == (model, way, computed):
                    found[row["id"]] = Answered(**row["answer"])
            except (ValueError, KeyError, TypeError):
                continue
        return found

    def keep(self, model: str, way: Way, computed: str, question: str, answer: Answered) -> None:
        """A failure isn't kept: it is asked again."""
        if self._path is None or answer.error:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        row = {"model": model, "way": way, "computed": computed, "id": question, "answer": asdict(answer)}
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
