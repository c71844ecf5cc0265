"""Prints how the answers of recordings ended, a row for each file (``python -m bench.answers.table FILE…``).

What counts as a loop is looked for in what the model said, before anything was cut back, by the
engine's own detector.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.answers.record import PROMPTS, prompts_in
from orion_py.generation.loops import LoopDetector
from orion_py.generation.patience import patience_for


@dataclass(frozen=True, slots=True)
class Row:
    """Answers; of these, in which the model looped; which were cut and tried again, and which ended by a
    loop, by their greatest length, or as they should; and tokens said in the mean."""

    name: str
    answers: int
    looped: int
    retried: int
    ended_by_loop: int
    ended_by_length: int
    stopped: int
    tokens: float

    def line(self) -> str:
        figures = (self.answers, self.looped, self.retried, self.ended_by_loop, self.ended_by_length, self.stopped)
        return f"| {self.name} | " + " | ".join(map(str, figures)) + f" | {self.tokens:.0f} |"


HEAD = (
    "| recording | answers | looped | tried again | ended by a loop | by length | by themselves | tokens |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- |"
)


def pieces_of(run: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """(token, its text) of a recorded run."""
    place = 0
    for token, cut in zip(run["tokens"], run["cuts"], strict=True):
        yield token, run["text"][place : place + cut]
        place += cut


def detector_of(row: dict[str, Any], asked: str) -> LoopDetector:
    """As the engine makes one for this answer."""
    return LoopDetector(patience_for(asked, row["system"]), row["opening"])


def looped(row: dict[str, Any], asked: str) -> bool:
    """Whether the detector finds a loop in what was said at first."""
    detector = detector_of(row, asked)
    return any(detector.push(token, text) is not None for run in row["runs"][:1] for token, text in pieces_of(run))


def row_of(path: Path, asked: dict[str, str]) -> Row:
    """What a recording amounts to. ``asked``: the prompts by their ids."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    ends = [row["finish"] for row in rows]
    return Row(
        name=path.stem,
        answers=len(rows),
        looped=sum(looped(row, asked[row["id"]]) for row in rows),
        retried=sum(row["loops"] > 0 for row in rows),
        ended_by_loop=ends.count("loop"),
        ended_by_length=ends.count("length"),
        stopped=ends.count("stop"),
        tokens=sum(len(run["tokens"]) for row in rows for run in row["runs"]) / max(1, len(rows)),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="bench.answers.table", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a recording of bench.answers.record")
    parser.add_argument("--prompts", type=Path, default=PROMPTS)
    options = parser.parse_args(arguments)
    asked = {row["id"]: row["text"] for row in prompts_in(options.prompts)}
    print(HEAD)
    for path in options.files:
        print(row_of(path, asked).line())


if __name__ == "__main__":
    main()
