"""Opens a model's folder as what it is: a decoder alone, or one of a model that sees."""

from __future__ import annotations

from pathlib import Path

from model_foundry.errors import MalformedFolder
from model_foundry.formats.hf_names import CONFIG
from model_foundry.importing.grid_folder import GRIDDED, GridFolder
from model_foundry.importing.hf_config import read_config
from model_foundry.importing.hf_tokenizer import read_folder_tokenizer
from model_foundry.importing.safetensors_folder import SafetensorsFolder
from model_foundry.importing.tiled_folder import TILED, TiledFolder


def open_folder(path: Path) -> SafetensorsFolder:
    """Raises as the folders do."""
    folder = SafetensorsFolder(path)
    named = folder.config.get("architectures")
    if not isinstance(named, list) or len(named) != 1:
        return folder
    return TiledFolder(path) if named[0] in TILED else GridFolder(path) if named[0] in GRIDDED else folder


class _TextsAlone(SafetensorsFolder):
    """A folder whose weights aren't there yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        config = self.json(CONFIG)
        if config is None:
            raise MalformedFolder(f"{path} has no {CONFIG}: it isn't a model's folder")
        self.config = config


def check_texts(path: Path) -> None:
    """Returns if config.json, the tokenizer and the chat template of a decoder are such as can be imported; its
    weights needn't be there. Raises UnknownArchitecture, UnknownTokenizer or MalformedFolder."""
    folder = _TextsAlone(path)
    read_folder_tokenizer(folder, read_config(folder.config, None).architecture.vocab_size)
