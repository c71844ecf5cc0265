"""Looks at a picture with all that sees: reads its text, finds its objects, tells its subject, colours and layout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from orion_py.cancellation import CancelToken
from orion_py.errors import RuntimeFailure
from orion_py.runtime.graphs import Graph, GraphModel
from orion_py.senses.images.resampling import Picture
from orion_py.senses.reading.lines import columns
from orion_py.senses.reading.reader import OnLine, Reading, TextReader, unwatched
from orion_py.senses.scenes.classifier import classifier_input, likeliest
from orion_py.senses.scenes.codes import CodeReader
from orion_py.senses.scenes.colours import main_colours
from orion_py.senses.scenes.labels import Name, parse_labels
from orion_py.senses.scenes.objects import LEAST_SCORE, Found, objects, objects_input
from orion_py.senses.scenes.report import Layout, SceneReport, SeenObject, Subject

if TYPE_CHECKING:
    from numpy.typing import NDArray

READER, DETECTOR, CLASSIFIER = "ppocr-v6-small", "nanodet-416", "efficientnet-lite0"
MODELS = (READER, DETECTOR, CLASSIFIER)
UNSURE_SCORE = 0.3
"""From here up to ``LEAST_SCORE`` an object is perhaps there."""
MOST_SUBJECTS, LEAST_CHANCE = 3, 0.2


class Eyes:
    """``codes`` is the host's reader of QR codes and bar codes."""

    def __init__(
        self,
        reader: TextReader,
        detector: tuple[Graph, Sequence[Name]],
        classifier: tuple[Graph, Sequence[Name]],
        codes: CodeReader,
    ) -> None:
        self._reader, self._codes = reader, codes
        self._detector, self.kinds = detector[0], tuple(detector[1])
        """What the object detector tells apart, a person first."""
        self._classifier, self._subjects = classifier

    @classmethod
    async def of(cls, models: Sequence[GraphModel], codes: CodeReader) -> Eyes:
        """The eyes of the loaded ``MODELS``, in their order. Raises InvalidInput or InvalidModel where one isn't what
        it should be."""
        reader, detector, classifier = models
        return cls(
            await TextReader.of(reader),
            (detector.graph("detector"), await _labels(detector)),
            (classifier.graph("classifier"), await _labels(classifier)),
            codes,
        )

    async def look(
        self, picture: Picture, cancel: CancelToken, on_line: OnLine = unwatched, shrink: int = 1
    ) -> SceneReport:
        """What is in ``picture``; ``on_line`` and ``shrink`` are as ``TextReader.read`` has them. Raises Cancelled,
        RuntimeFailure, OutOfMemory or WorkerDied."""
        height, width = picture.shape[:2]
        found = await self._found(picture)
        cancel.raise_if_cancelled()
        subjects = await self._shown(picture)
        reading = await self._reader.read(picture, cancel, on_line, shrink)
        return SceneReport(
            width=width,
            height=height,
            reading=reading,
            objects=tuple(self._seen(one, picture) for one in found if one.score >= LEAST_SCORE),
            unsure_objects=tuple(self._seen(one, picture) for one in found if one.score < LEAST_SCORE),
            subjects=subjects,
            colours=tuple(main_colours(picture)),
            layout=_layout(picture, reading),
            codes=tuple(await self._codes(picture)),
        )

    async def _found(self, picture: Picture) -> list[Found]:
        outputs = await self._detector.run({"picture": objects_input(picture)})
        usable = {name: _finite(values, "object detector") for name, values in outputs.items()}
        return objects(usable, picture.shape[0], picture.shape[1], UNSURE_SCORE)

    async def _shown(self, picture: Picture) -> tuple[Subject, ...]:
        outputs = await self._classifier.run({"picture": classifier_input(picture)})
        chances = _finite(outputs["chances"], "classifier")[0]
        return tuple(
            Subject(self._subjects[kind], chance) for kind, chance in likeliest(chances, MOST_SUBJECTS, LEAST_CHANCE)
        )

    def _seen(self, found: Found, picture: Picture) -> SeenObject:
        left, top, right, bottom = (round(side) for side in found.box)
        # The middle of the box: its edges show what lies behind the object.
        across, down = (right - left) // 4, (bottom - top) // 4
        part = picture[
            top + down : max(bottom - down, top + down + 1), left + across : max(right - across, left + across + 1)
        ]
        colour = main_colours(part if part.size else picture, 1)[0][0]
        return SeenObject(self.kinds[found.kind], found.score, found.box, colour)


async def _labels(model: GraphModel) -> tuple[Name, ...]:
    return parse_labels(await model.file("labels.json"), model.manifest.model)


def _finite(values: object, what: str) -> NDArray[np.float32]:
    array = cast("NDArray[np.float32]", values)
    if not np.isfinite(array).all():
        raise RuntimeFailure(f"The {what} returned no usable numbers.", shape=list(array.shape))
    return array


def _layout(picture: Picture, reading: Reading) -> Layout:
    height, width = picture.shape[:2]
    ratio = width / height
    orientation = "square" if 0.95 < ratio < 1.05 else "landscape" if ratio > 1 else "portrait"
    covered = sum(_area(line.quad) for line in reading.lines) / (height * width)
    light = float(picture[:: max(1, height // 96), :: max(1, width // 96)].mean()) / 255
    return Layout(orientation, min(1.0, covered), columns(reading.lines), light)  # type: ignore[arg-type]


def _area(quad: NDArray[np.float64]) -> float:
    """Of a quadrilateral, by Gauss's formula."""
    x, y = quad[:, 0], quad[:, 1]
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2
