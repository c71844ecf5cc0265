"""Reads pictures with rapidocr, in the environment that has it: ``python reference.py FOLDER`` writes FOLDER/read.json.

FOLDER holds .npy files, each a picture of red, green and blue. Of each line: its text, its corners, its confidence.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np


def main(folder: Path) -> None:
    from rapidocr import RapidOCR  # type: ignore[import-not-found]

    reader = RapidOCR()
    found: dict[str, Any] = {}
    for path in sorted(folder.glob("*.npy")):
        started = time.perf_counter()
        result = reader(np.ascontiguousarray(np.load(path)[..., ::-1]))  # as OpenCV has it
        seconds = time.perf_counter() - started
        boxes = [] if result.boxes is None else [np.asarray(box).tolist() for box in result.boxes]
        lines = list(zip(result.txts or (), boxes, map(float, result.scores or ()), strict=True))
        found[path.stem] = {"lines": lines, "seconds": seconds}
    (folder / "read.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
