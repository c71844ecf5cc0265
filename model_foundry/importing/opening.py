"""Opens a model's folder as what it is: a decoder alone, or one of a model that sees."""

from __future__ import annotations

from pathlib import Path

from model_foundry.importing.grid_folder import GRIDDED, GridFolder
from model_foundry.importing.safetensors_folder import SafetensorsFolder
from model_foundry.importing.tiled_folder import TILED, TiledFolder


def open_folder(path: Path) -> SafetensorsFolder:
    """Raises as the folders do."""
    folder = SafetensorsFolder(path)
    named = folder.config.get("architectures")
    if not isinstance(named, list) or len(named) != 1:
        return folder
    return TiledFolder(path) if named[0] in TILED else GridFolder(path) if named[0] in GRIDDED else folder
