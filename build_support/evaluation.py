"""Fetches the data of the tasks that models are validated on: verified, never in git, never served."""

from __future__ import annotations

import shutil
from pathlib import Path

from build_support import paths, progress
from build_support.downloads import obtain
from build_support.sources import EVALUATION

NAME = "evaluation"
"""Beside the models' names on the command line."""
FOLDER = paths.ROOT / ".cache" / NAME
"""Where ``foundry validate`` looks for it."""


def fetch(folder: Path | None = None) -> Path:
    """Fills ``folder`` with one file for each task; returns it. Raises SourceUnavailable."""
    folder = folder or FOLDER
    with progress.step("Fetching the tasks' data"):
        found = obtain(EVALUATION)
    folder.mkdir(parents=True, exist_ok=True)
    for source, path in found.items():
        shutil.copyfile(path, folder / source.name)
    return folder
