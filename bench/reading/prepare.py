"""Makes the environment of the reference, reads pictures there, and finds its fonts."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.reading.pictures import Drawn
from bench.weights.prepare import folder, once
from build_support.environment import install
from build_support.processes import run
from build_support.stamps import digest

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.lock"
FONTS = ("Caladea-Regular", "Lato-Regular", "Lato-Bold", "SourceSansPro-Regular", "SourceSerifPro-Regular")


def environment() -> Path:
    """The environment's folder. Raises EnvironmentFailed."""
    key = digest([REQUIREMENTS], sys.version)
    return once(folder() / f"reading-{key[:16]}", "Installing rapidocr (once)", _make)


def _make(home: Path) -> None:
    venv.EnvBuilder(with_pip=True, clear=True).create(home)
    install(REQUIREMENTS, _python(home))


def _python(home: Path) -> Path:
    return home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def fonts(home: Path) -> list[Path]:
    """The fonts that pictures are drawn with, in the order of ``FONTS``."""
    found = {path.stem: path for path in sorted(home.rglob("*.ttf"))}
    return [found[name] for name in FONTS]


def read_there(home: Path, pictures: Sequence[Drawn]) -> dict[str, Any]:
    """What rapidocr reads in each picture, by its name: see reference.py. Raises StepFailed."""
    with tempfile.TemporaryDirectory() as work:
        for drawn in pictures:
            np.save(Path(work) / f"{drawn.name}.npy", drawn.picture)
        run([_python(home), HERE / "reference.py", work], what="rapidocr can't read the pictures")
        found: dict[str, Any] = json.loads((Path(work) / "read.json").read_text())
        return found
