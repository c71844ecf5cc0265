"""Speaks sentences with Kokoro, in the environment that has it: ``python speak.py FOLDER``.

FOLDER holds model.onnx, a .bin file for each voice, and sentences.json, {name: {"text", "voice", "language"}}. It gets
a .npy file for each sentence, F32 at 24 kHz.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np


def main(folder: Path) -> None:
    from kokoro_onnx import Kokoro  # type: ignore[import-not-found]

    voices = {path.stem: np.fromfile(path, np.float32).reshape(-1, 1, 256) for path in folder.glob("*.bin")}
    np.savez(folder / "voices.npz", **voices)  # type: ignore[arg-type]
    kokoro = Kokoro(str(folder / "model.onnx"), str(folder / "voices.npz"))
    for name, sentence in json.loads((folder / "sentences.json").read_text("utf-8")).items():
        samples, _ = kokoro.create(sentence["text"], voice=sentence["voice"], lang=sentence["language"])
        np.save(folder / f"{name}.npy", np.asarray(samples, np.float32))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
