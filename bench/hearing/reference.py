"""Transcribes clips with faster-whisper in 32 bits, in the environment that has it: ``python reference.py FOLDER``.

FOLDER holds the model (model.bin and what lies beside it) and .npy files, each sound at 16 kHz. It gets
heard.json, {clip: {"greedy", "beams", "language", "seconds"}}: the text as the likeliest token follows the one before,
the text of a search with five beams, and what the first took.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np


def main(folder: Path) -> None:
    from faster_whisper import WhisperModel  # type: ignore[import-not-found]

    model = WhisperModel(str(folder), device="cpu", compute_type="float32", cpu_threads=2)
    found: dict[str, Any] = {}
    for path in sorted(folder.glob("*.npy")):
        samples = np.load(path)
        started = time.perf_counter()
        segments, info = model.transcribe(samples, beam_size=1)
        greedy = "".join(segment.text for segment in segments)
        seconds = time.perf_counter() - started
        segments, _ = model.transcribe(samples, beam_size=5)
        beams = "".join(segment.text for segment in segments)
        found[path.stem] = {"greedy": greedy, "beams": beams, "language": info.language, "seconds": seconds}
    (folder / "heard.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
