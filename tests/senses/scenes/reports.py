"""Reports for tests, as the eyes would make them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from model_foundry.senses.labels import coco_labels
from orion_py.senses.reading.lines import Line
from orion_py.senses.reading.reader import Reading
from orion_py.senses.scenes.codes import Code
from orion_py.senses.scenes.labels import Name, parse_labels
from orion_py.senses.scenes.report import Layout, SceneReport, SeenObject, Subject

ROOT = Path(__file__).resolve().parents[3]
KNOWN = parse_labels(coco_labels(), "nanodet-416")


def name(english: str) -> Name:
    return next(known for known in KNOWN if known.english[0] == english)


def line(text: str, row: int = 0, confidence: float = 0.98) -> Line:
    corners = [[0, 30 * row], [100, 30 * row], [100, 30 * row + 20], [0, 30 * row + 20]]
    return Line(text, np.array(corners, np.float64), confidence, 0.9)


def reading(text: str = "", unsure: Sequence[str] = ()) -> Reading:
    rows = tuple((line(row, number),) for number, row in enumerate(text.splitlines()))
    return Reading(rows, tuple(line(word, confidence=0.3) for word in unsure))


def seen(english: str, score: float = 0.8, box: tuple[float, float, float, float] = (0, 0, 10, 10)) -> SeenObject:
    return SeenObject(name(english), score, box, "red")


def report(
    text: str = "",
    objects: Sequence[SeenObject] = (),
    unsure_objects: Sequence[SeenObject] = (),
    unsure: Sequence[str] = (),
    codes: Sequence[Code] = (),
    subjects: Sequence[Subject] = (),
) -> SceneReport:
    return SceneReport(
        width=300,
        height=300,
        reading=reading(text, unsure),
        objects=tuple(objects),
        unsure_objects=tuple(unsure_objects),
        subjects=tuple(subjects),
        colours=(("white", 0.8), ("red", 0.2)),
        layout=Layout("square", 0.1, 1, 0.7),
        codes=tuple(codes),
    )
