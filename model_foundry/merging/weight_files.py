"""The tensors of a Hugging Face folder: where each lies, read one at a time.

Format: https://huggingface.co/docs/safetensors. Headers are held against the size of their file
before anything is believed; no other format of weights is opened, least of all a pickle.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from model_foundry.errors import MalformedFolder
from model_foundry.merging.dtypes import WIDTHS, decoded
from model_foundry.weights import Float32

MAX_HEADER = 64 * 2**20
MAX_JSON = 64 * 2**20
MAX_TENSORS = 200_000
INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"


@dataclass(frozen=True)
class StoredTensor:
    """``dtype`` is safetensors' name of it; ``offset`` and ``length`` are bytes in ``file``."""

    name: str
    file: Path
    dtype: str
    shape: tuple[int, ...]
    offset: int
    length: int

    def read(self) -> Float32:
        with self.file.open("rb") as stream:
            stream.seek(self.offset)
            data = stream.read(self.length)
        if len(data) != self.length:
            raise MalformedFolder(f"{self.file} ends inside {self.name}")
        return decoded(data, self.dtype).reshape(self.shape)


class WeightFiles:
    """All tensors of the folder ``path``. Raises MalformedFolder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = _weight_files(path)
        self.tensors: dict[str, StoredTensor] = {}
        for file in self.files:
            for tensor in _header(file):
                if tensor.name in self.tensors:
                    raise MalformedFolder(f"{path}: the tensor {tensor.name} stands in two files")
                self.tensors[tensor.name] = tensor

    def hashes(self) -> dict[str, str]:
        """sha256 of each file of weights, by its name."""
        found = {}
        for file in self.files:
            with file.open("rb") as stream:
                found[file.name] = hashlib.file_digest(stream, "sha256").hexdigest()
        return found


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file of a model folder. Raises MalformedFolder."""
    try:
        if path.stat().st_size > MAX_JSON:
            raise MalformedFolder(f"{path} is larger than {MAX_JSON // 2**20} MiB")
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise MalformedFolder(f"there is no {path.name} in {path.parent}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise MalformedFolder(f"{path} can't be read: {error}") from error
    if not isinstance(value, dict):
        raise MalformedFolder(f"{path} isn't a JSON object")
    return value


def _weight_files(path: Path) -> tuple[Path, ...]:
    if not path.is_dir():
        raise MalformedFolder(f"there is no folder {path}")
    if (path / INDEX).is_file():
        named = read_json(path / INDEX).get("weight_map")
        if not isinstance(named, dict) or not all(isinstance(name, str) for name in named.values()):
            raise MalformedFolder(f"{path / INDEX} has no weight_map of texts")
        names = sorted(set(named.values()))
        for name in names:
            if Path(name).name != name or not name.endswith(".safetensors"):
                raise MalformedFolder(f"{path / INDEX} names {name!r}, which isn't a safetensors file beside it")
    elif (path / SINGLE).is_file():
        names = [SINGLE]
    else:
        raise MalformedFolder(f"{path} has neither {SINGLE} nor {INDEX}; other formats of weights aren't read")
    for name in names:
        if not (path / name).is_file():
            raise MalformedFolder(f"{path} lacks {name}, which its index names")
    return tuple(path / name for name in names)


def _header(file: Path) -> list[StoredTensor]:
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or length > min(MAX_HEADER, size - 8):
            raise MalformedFolder(f"{file}: the header claims {length} bytes; the file is truncated or damaged")
        text = stream.read(length)
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedFolder(f"{file}: the header isn't JSON: {error}") from error
    if not isinstance(entries, dict) or len(entries) > MAX_TENSORS:
        raise MalformedFolder(f"{file}: the header isn't a list of tensors")
    start = 8 + length
    tensors = [_tensor(file, name, entry, start, size) for name, entry in entries.items() if name != "__metadata__"]
    end = start
    for tensor in sorted(tensors, key=lambda tensor: tensor.offset):
        if tensor.offset < end:
            raise MalformedFolder(f"{file}: the tensor {tensor.name} overlaps another")
        end = tensor.offset + tensor.length
    return tensors


def _tensor(file: Path, name: str, entry: object, start: int, size: int) -> StoredTensor:
    if not isinstance(entry, dict):
        raise MalformedFolder(f"{file}: the tensor {name} has no description")
    dtype: object = entry.get("dtype")
    shape: object = entry.get("shape")
    offsets: object = entry.get("data_offsets")
    if not isinstance(dtype, str) or dtype not in WIDTHS:
        raise MalformedFolder(f"{file}: the tensor {name} is {dtype}; only {', '.join(WIDTHS)} can be read here")
    if not _counts(shape) or 0 in shape or len(shape) > 8 or not _counts(offsets) or len(offsets) != 2:
        raise MalformedFolder(f"{file}: the tensor {name} has no valid shape and offsets")
    first, last = offsets
    if not first <= last <= size - start:
        raise MalformedFolder(f"{file}: the tensor {name} ends past the file: it is truncated or damaged")
    if math.prod(shape) * WIDTHS[dtype] != last - first:
        raise MalformedFolder(f"{file}: the tensor {name} of shape {shape} doesn't fit its {last - first} bytes")
    return StoredTensor(name, file, dtype, tuple(shape), start + first, last - first)


def _counts(value: object) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 2**62 for item in value)
