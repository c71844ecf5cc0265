"""A model's folder as Hugging Face lays it out, opened with care: JSON files and tensors by name.

    config.json  generation_config.json  tokenizer.json  tokenizer_config.json  chat_template.jinja
    model.safetensors, or model.safetensors.index.json and the files that it names

Nothing is read but these; every offset was checked before a tensor is. Links are followed, since
the cache of Hugging Face's tools is made of them, but a name can't lead out of the folder.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np

from model_foundry.errors import MalformedFolder, MalformedSafetensors, UnknownQuantization
from model_foundry.importing.bounded_json import JsonLimits, read_json
from model_foundry.importing.pickles import SUFFIXES, refuse_pickle
from model_foundry.importing.safetensors_header import MAX_TENSORS, TensorPlace, read_header
from model_foundry.weights import Float32

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
CONFIG, GENERATION = "config.json", "generation_config.json"
TOKENIZER, TOKENIZER_CONFIG, TEMPLATE = "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"
MAX_SHARDS = 1024
MAX_TEMPLATE = 2**20

_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}\.safetensors", re.ASCII)
_CONFIG_LIMITS = JsonLimits(size=2**20, depth=16, parts=100_000)
_INDEX_LIMITS = JsonLimits(size=16 * 2**20, depth=3, parts=MAX_TENSORS + 64)
_TOKENIZER_LIMITS = JsonLimits(size=64 * 2**20, depth=24, parts=2_500_000)
_DECODED = ("F32", "F16", "BF16")


class SafetensorsFolder:
    """Config, tokenizer files and tensors of one folder.

    Raises MalformedFolder, MalformedSafetensors or UnsafePickle when it can't be trusted.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        config = self.json(CONFIG)
        if config is None:
            raise MalformedFolder(f"{path} has no {CONFIG}: it isn't a model's folder")
        self.config = config
        self._files = self._weight_files()
        self._places = self._all_places()

    @property
    def tensor_names(self) -> frozenset[str]:
        return frozenset(self._places)

    def shape(self, name: str) -> tuple[int, ...] | None:
        """The shape of a tensor, None where there is none of that name."""
        return self._places[name][1].shape if name in self._places else None

    def dtype(self, name: str) -> str:
        """The stored type of a tensor, as safetensors spells it. Raises KeyError."""
        return self._places[name][1].dtype

    def tensor(self, name: str) -> Float32:
        """A tensor as float32, whichever of F32, F16 and BF16 it is stored in.

        Raises MalformedSafetensors where it is missing or not finite, UnknownQuantization for a type
        that isn't one of these.
        """
        if name not in self._places:
            raise MalformedSafetensors(f"tensor {name} is missing")
        path, place = self._places[name]
        if place.dtype not in _DECODED:
            raise UnknownQuantization(f"tensor {name} is {place.dtype}; known are {', '.join(_DECODED)}")
        stored = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}[place.dtype]
        count = place.length // np.dtype(stored).itemsize
        raw = np.fromfile(path, dtype=stored, count=count, offset=place.offset)
        if len(raw) != count:
            raise MalformedSafetensors(f"tensor {name} ends past the file: it changed while it was read")
        if place.dtype == "BF16":  # the upper half of a float32
            values: Float32 = (raw.astype(np.uint32) << 16).view(np.float32)
        else:
            values = raw.astype(np.float32)
        if not np.isfinite(values).all():
            raise MalformedSafetensors(f"tensor {name} holds numbers that aren't finite")
        return values.reshape(place.shape)

    def json(self, name: str) -> dict[str, Any] | None:
        """A JSON object of the folder, None where there is no such file. Raises MalformedFolder."""
        path = self.path / name
        if not path.is_file():
            return None
        limits = {INDEX: _INDEX_LIMITS, TOKENIZER: _TOKENIZER_LIMITS}.get(name, _CONFIG_LIMITS)
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
        lines = []
        for name in sorted(used):
            with (self.path / name).open("rb") as stream:
                lines.append(f"{hashlib.file_digest(stream, 'sha256').hexdigest()}  {name}\n")
        return hashlib.sha256("".join(lines).encode()).hexdigest()

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

    def _all_places(self) -> dict[str, tuple[Path, TensorPlace]]:
        places: dict[str, tuple[Path, TensorPlace]] = {}
        for name, wanted in self._files.items():
            path = self.path / name
            found = read_header(path)
            missing = sorted((wanted or frozenset()) - set(found))
            if missing:
                raise MalformedFolder(f"{INDEX} seeks {missing[0]!r} in {name}, which doesn't have it")
            for tensor in found if wanted is None else wanted:
                places[tensor] = path, found[tensor]
        return places
