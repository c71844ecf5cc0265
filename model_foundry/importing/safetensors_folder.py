"""Opens a model's folder in Hugging Face's layout with care: JSON files and tensors by name.

    config.json  generation_config.json  tokenizer.json  tokenizer_config.json  chat_template.jinja
    model.safetensors, or model.safetensors.index.json and the files that it names

Nothing is read but these; every offset was checked before a tensor is. Links are followed, since
the cache of Hugging Face's tools is made of them, but a name can't lead out of the folder.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model_foundry.errors import MalformedFolder, MalformedSafetensors, UnknownQuantization
from model_foundry.formats.bounded_json import JsonLimits, read_json
from model_foundry.formats.float_formats import WIDTHS, decoded
from model_foundry.formats.hf_names import CONFIG, GENERATION, INDEX, TEMPLATE, TOKENIZER, TOKENIZER_CONFIG, WEIGHTS
from model_foundry.formats.pickles import SUFFIXES, refuse_pickle
from model_foundry.formats.safetensors_header import MAX_TENSORS, TensorPlace, read_header
from model_foundry.model.weights import Float32

MAX_SHARDS = 1024
MAX_TEMPLATE = 2**20

_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}\.safetensors", re.ASCII)
CONFIG_LIMITS = JsonLimits(size=2**20, depth=16, parts=100_000)
_INDEX_LIMITS = JsonLimits(size=16 * 2**20, depth=3, parts=MAX_TENSORS + 64)
_TOKENIZER_LIMITS = JsonLimits(size=64 * 2**20, depth=24, parts=2_500_000)


@dataclass(frozen=True)
class StoredTensor:
    """A tensor that lies in ``file`` and hasn't been read."""

    name: str
    file: Path
    place: TensorPlace

    @property
    def dtype(self) -> str:
        """As safetensors spells it."""
        return self.place.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        return self.place.shape

    def read(self) -> Float32:
        """The numbers as float32, whichever of F32, F16 and BF16 they are stored in.

        Raises MalformedSafetensors where they aren't finite, UnknownQuantization for another type.
        """
        self.check_type()
        raw = np.fromfile(self.file, np.uint8, self.place.length, offset=self.place.offset)
        if len(raw) != self.place.length:
            raise MalformedSafetensors(f"tensor {self.name} ends past the file: it changed while it was read")
        values = decoded(raw, self.dtype)
        if not np.isfinite(values).all():
            raise MalformedSafetensors(f"tensor {self.name} holds numbers that aren't finite")
        return values.reshape(self.shape)

    def check_type(self) -> None:
        """Raises UnknownQuantization if ``read`` would."""
        if self.dtype not in WIDTHS:
            raise UnknownQuantization(f"tensor {self.name} is {self.dtype}; known are {', '.join(WIDTHS)}")


class SafetensorsFolder:
    """Config, tokenizer files and tensors of one folder.

    Raises MalformedFolder, MalformedSafetensors or UnsafePickle when it can't be trusted.
    """

    picture_token: str | None = None
    """How its chat template marks a picture, if it sees."""

    def __init__(self, path: Path) -> None:
        self.path = path
        config = self.json(CONFIG)
        if config is None:
            raise MalformedFolder(f"{path} has no {CONFIG}: it isn't a model's folder")
        self.config = config
        self._files = self._weight_files()
        self._tensors = self._all_tensors()

    @property
    def tensors(self) -> Mapping[str, StoredTensor]:
        return self._tensors

    @property
    def tensor_names(self) -> frozenset[str]:
        return frozenset(self._tensors)

    def shape(self, name: str) -> tuple[int, ...] | None:
        """The shape of a tensor, None where there is none of that name."""
        return self._tensors[name].shape if name in self._tensors else None

    def tensor(self, name: str) -> Float32:
        """``StoredTensor.read`` of the tensor ``name``. Raises MalformedSafetensors where it is missing, too."""
        if name not in self._tensors:
            raise MalformedSafetensors(f"tensor {name} is missing")
        return self._tensors[name].read()

    def json(self, name: str) -> dict[str, Any] | None:
        """A JSON object of the folder, None where there is no such file. Raises MalformedFolder."""
        path = self.path / name
        if not path.is_file():
            return None
        limits = {INDEX: _INDEX_LIMITS, TOKENIZER: _TOKENIZER_LIMITS}.get(name, CONFIG_LIMITS)
        return read_json(path, limits, MalformedFolder)

    def template(self) -> str | None:
        """The chat template's own file, where there is one. Raises MalformedFolder."""
        path = self.path / TEMPLATE
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            data = stream.read(MAX_TEMPLATE + 1)
        if len(data) > MAX_TEMPLATE:
            raise MalformedFolder(f"{TEMPLATE} is larger than {MAX_TEMPLATE} bytes")
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise MalformedFolder(f"{TEMPLATE} isn't UTF-8 text") from error

    def sha256(self) -> str:
        """One hash for all files that are read: of ``sha256sum``'s lines for them, sorted by name."""
        others = (CONFIG, GENERATION, TOKENIZER, TOKENIZER_CONFIG, TEMPLATE, INDEX)
        used = {*self._files, *(name for name in others if (self.path / name).is_file())}
        lines = [f"{self.file_sha256(name)}  {name}\n" for name in sorted(used)]
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def weights_sha256(self) -> dict[str, str]:
        """sha256 of each file of weights, by its name."""
        return {name: self.file_sha256(name) for name in self._files}

    def file_sha256(self, name: str) -> str:
        """sha256 of a file of the folder. Raises OSError."""
        with (self.path / name).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def _weight_files(self) -> dict[str, frozenset[str] | None]:
        """Files, each with the tensors that are to be taken from it; None for all."""
        index = self.json(INDEX)
        if (self.path / WEIGHTS).is_file():
            return {WEIGHTS: None}
        if index is not None:
            return self._indexed(index)
        for path in sorted(self.path.iterdir()):
            if path.suffix.lower() in SUFFIXES and path.is_file():
                refuse_pickle(path)
        raise MalformedFolder(f"{self.path} has neither {WEIGHTS} nor {INDEX}")

    def _indexed(self, index: dict[str, Any]) -> dict[str, frozenset[str] | None]:
        weight_map = index.get("weight_map")
        if not isinstance(weight_map, dict) or not weight_map or len(weight_map) > MAX_TENSORS:
            raise MalformedFolder(f"{INDEX} has no weight_map, or one that no model has")
        tensors: dict[str, set[str]] = {}
        for tensor, name in weight_map.items():
            if not isinstance(name, str) or not _FILE_NAME.fullmatch(name):
                if isinstance(name, str) and Path(name).suffix.lower() in SUFFIXES:
                    refuse_pickle(Path(Path(name).name))
                raise MalformedFolder(f"{INDEX} names {str(name)[:80]!r}, which isn't the name of a safetensors file")
            tensors.setdefault(name, set()).add(tensor)
            if len(tensors) > MAX_SHARDS:
                raise MalformedFolder(f"{INDEX} names more than {MAX_SHARDS} files")
        return {name: frozenset(tensors[name]) for name in sorted(tensors)}

    def _all_tensors(self) -> dict[str, StoredTensor]:
        tensors: dict[str, StoredTensor] = {}
        for file, wanted in self._files.items():
            path = self.path / file
            found = read_header(path)
            missing = sorted((wanted or frozenset()) - set(found))
            if missing:
                raise MalformedFolder(f"{INDEX} seeks {missing[0]!r} in {file}, which doesn't have it")
            others = sorted(set(found) - wanted) if wanted is not None else []
            if others:
                raise MalformedFolder(f"{file} holds {others[0][:80]!r}, of which {INDEX} says nothing")
            for name in found if wanted is None else wanted:
                tensors[name] = StoredTensor(name, path, found[name])
        return tensors
