"""Finds objects and subjects as the models' authors do, in the environment of bench/reading:
``python reference.py FOLDER`` writes FOLDER/seen.json.

FOLDER holds .npy files, each a picture of red, green and blue, and the models' own weights as detector.onnx and
classifier.onnx. Nothing here is ORION's: pictures are scaled by OpenCV, boxes decoded step by step after the authors'
sources (nanodet/model/head/nanodet_head.py: get_single_level_center_point, Integral, distance2bbox, multiclass_nms;
efficientnet/lite: MEAN_RGB, STDDEV_RGB, CROP_PADDING, bicubic).
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

SIDE, STRIDES = 416, (8, 16, 32)
MEAN, DEVIATION = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)
LEAST, MOST_OVERLAP = 0.3, 0.6


def detected(session: Any, picture: Any) -> list[list[float]]:
    """[kind, score, left, top, right, bottom] of each object, in pixels."""
    import cv2  # type: ignore[import-not-found]

    height, width = picture.shape[:2]
    blue_first = cv2.resize(picture[..., ::-1], (SIDE, SIDE), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    tensor = ((blue_first - np.float32(MEAN)) / np.float32(DEVIATION)).transpose(2, 0, 1)[None]
    names = [output.name for output in session.get_outputs()]
    outputs = dict(zip(names, session.run(None, {"picture": np.ascontiguousarray(tensor)}), strict=True))
    candidates: list[list[float]] = []
    for stride in STRIDES:
        columns = math.ceil(SIDE / stride)
        scores, sides = outputs[f"scores_{stride}"][0], outputs[f"sides_{stride}"][0]
        for place in range(len(scores)):
            x, y = (place % columns + 0.5) * stride, (place // columns + 0.5) * stride
            box = None
            for kind in range(scores.shape[1]):
                if scores[place, kind] < LEAST:
                    continue
                box = box or corners(x, y, sides[place].reshape(4, -1), stride)
                scaled = [box[0] * width / SIDE, box[1] * height / SIDE, box[2] * width / SIDE, box[3] * height / SIDE]
                limits = (width, height, width, height)
                inside = [min(max(side, 0.0), limit) for side, limit in zip(scaled, limits, strict=True)]
                candidates.append([kind, float(scores[place, kind]), *inside])
    return suppressed(candidates)


def corners(x: float, y: float, sides: Any, stride: int) -> list[float]:
    """Each distance is the mean of a distribution over steps of a stride."""
    distances = []
    for row in sides:
        powers = [math.exp(float(value) - float(max(row))) for value in row]
        distances.append(sum(step * power for step, power in enumerate(powers)) / sum(powers) * stride)
    left, top, right, bottom = distances
    return [x - left, y - top, x + right, y + bottom]


def suppressed(candidates: list[list[float]]) -> list[list[float]]:
    kept: list[list[float]] = []
    for candidate in sorted(candidates, key=lambda row: -row[1]):
        if all(row[0] != candidate[0] or overlap(row[2:], candidate[2:]) <= MOST_OVERLAP for row in kept):
            kept.append(candidate)
    return kept


def overlap(a: list[float], b: list[float]) -> float:
    """Intersection over union."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - width * height
    return width * height / union


def shown(session: Any, picture: Any) -> list[float]:
    """[kind, chance] of what the picture shows most likely."""
    import cv2

    height, width = picture.shape[:2]
    side = int(224 / (224 + 32) * min(height, width))
    top, left = (height - side + 1) // 2, (width - side + 1) // 2
    middle = picture[top : top + side, left : left + side]
    scaled = cv2.resize(middle, (224, 224), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    tensor = np.ascontiguousarray(((scaled - 127.0) / 128.0).transpose(2, 0, 1)[None])
    (chances,) = session.run(None, {"picture": tensor})
    return [int(chances[0].argmax()), float(chances[0].max())]


def main(folder: Path) -> None:
    import onnxruntime as ort  # type: ignore[import-untyped,unused-ignore]

    detector, classifier = (
        ort.InferenceSession(str(folder / f"{name}.onnx"), providers=["CPUExecutionProvider"])
        for name in ("detector", "classifier")
    )
    found = {}
    for path in sorted(folder.glob("*.npy")):
        picture = np.load(path)
        found[path.stem] = {"objects": detected(detector, picture), "shows": shown(classifier, picture)}
    (folder / "seen.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
