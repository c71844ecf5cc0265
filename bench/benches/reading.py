"""Measures how much of pictures is read right, by ORION and by the rapidocr package, in CPython.

The pictures are those of bench/reading/pictures.py, made ones, and those with text of bench/seeing/pictures.py. Both
readers' lines are put into one order, ORION's: what counts is the reading. Wanted: character accuracy within a point of
rapidocr's, and its boxes found again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import mean, median
from typing import Any

import numpy as np

from bench.awaited import awaited
from bench.context import Context
from bench.figures import Contender, Outcome, Target
from bench.reading.accuracy import Box, agreement, character_accuracy
from bench.reading.pictures import Drawn, drawn
from bench.reading.prepare import environment, fonts, read_there
from bench.seeing.pictures import written
from build_support import paths
from build_support.errors import StepFailed
from orion_py.cancellation import CancelToken
from orion_py.senses.reading.lines import Line, joined, reading_order

WITHIN = 0.01
"""How far ORION may be behind."""
LEAST_OVERLAP = 0.9


def run(context: Context) -> Outcome:
    from orion_py.native.eyes import can_see

    if not can_see(paths.ROOT):
        raise StepFailed("The models that see aren't built.", "Make them with: python3 build.py models vision")
    home = environment()
    real = [Drawn(f"real {name}", pixels, lines) for name, (pixels, lines) in written().items()]
    pictures = [*drawn(fonts(home)), *real]
    context.settle(f"{len(pictures)} pictures")
    theirs = read_there(home, pictures)
    ours = awaited(_read(pictures))
    return compared(pictures, ours, theirs)


async def _read(pictures: Sequence[Drawn]) -> dict[str, Any]:
    """As ``read_there``."""
    from orion_py.native.eyes import NativeSight, at_hand

    sight, found = NativeSight(paths.ROOT), {}
    for picture in pictures:
        started = time.perf_counter()
        (report,) = (await sight.look([at_hand(picture.picture)], CancelToken())).reports
        lines = [(line.text, line.quad.tolist(), line.confidence) for line in report.reading.lines]
        found[picture.name] = {"lines": lines, "seconds": time.perf_counter() - started}
    await sight.close()
    return found


def compared(pictures: Sequence[Drawn], ours: dict[str, Any], theirs: dict[str, Any]) -> Outcome:
    """The two readings beside what stands in the pictures."""
    contenders = {"ORION": ours, "rapidocr": theirs}
    made, overlaps = [], []
    for name, found in contenders.items():
        contender = Contender(name, enough=1)
        for picture in pictures:
            truth = " ".join(picture.lines)
            accuracy = character_accuracy(truth, text_of(found[picture.name]["lines"]))
            contender.add("character accuracy", "%", accuracy * 100, 0.0)
        contender.facts["mean character accuracy, %"] = round(
            mean(sample.value for sample in contender.series["character accuracy"].samples), 2
        )
        contender.facts["seconds a picture, median"] = round(median(row["seconds"] for row in found.values()), 2)
        made.append(contender)
    for picture in pictures:
        overlaps += agreement(*(_boxes(found[picture.name]["lines"]) for found in contenders.values()))
    behind = (made[1].facts["mean character accuracy, %"] - made[0].facts["mean character accuracy, %"]) / 100
    share = mean(overlap >= LEAST_OVERLAP for overlap in overlaps) if overlaps else 0.0
    targets = [
        Target("characters, points behind rapidocr", behind * 100, WITHIN * 100, False, "points", False),
        Target(f"rapidocr's boxes found at an IoU of {LEAST_OVERLAP}", share * 100, 95.0, True, "%", False),
    ]
    return Outcome("reading", made, targets)


def text_of(lines: Sequence[Sequence[Any]]) -> str:
    """The text of (text, corners, confidence) lines, in ORION's reading order."""
    placed = [Line(text, np.array(corners, np.float64), confidence, 1.0) for text, corners, confidence in lines]
    return joined(reading_order(placed))


def _boxes(lines: Sequence[Sequence[Any]]) -> list[Box]:
    out = []
    for _, corners, _ in lines:
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        out.append((min(xs), min(ys), max(xs), max(ys)))
    return out
