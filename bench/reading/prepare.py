"""Makes the environment of the reference, reads pictures there, and finds its fonts."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.reading.pictures import Drawn
from bench.weights import prepare as weights
from bench.weights.prepare import interpreter
from build_support.processes import run

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.lock"
FONTS = ("Caladea-Regular", "Lato-Regular", "Lato-Bold", "SourceSansPro-Regular", "SourceSerifPro-Regular")


def environment() -> Path:
    """The environment's folder. Raises EnvironmentFailed."""
    return weights.environment("reading", REQUIREMENTS, "Installing rapidocr (once)")


def fonts(home: Path) -> list[Path]:
    """The fonts that pictures are drawn with, in the order of ``FONTS``."""
    found = {path.stem: path for path in sorted(home.rglob("*.ttf"))}
    return [found[name] for name in FONTS]


def read_there(home: Path, pictures: Sequence[Drawn]) -> dict[str, Any]:
    """What rapidocr reads in each picture, by its name: see reference.py. Raises StepFailed."""
    with tempfile.TemporaryDirectory() as work:
        for drawn in pictures:
            np.save(Path(work) / f"{drawn.name}.npy", drawn.picture)
        run([interpreter(home), HERE / "reference.py", work], what="rapidocr can't read the pictures")
        found: dict[str, Any] = json.loads((Path(work) / "read.json").read_text())
        return found
