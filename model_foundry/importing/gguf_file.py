"""Opens a GGUF file with care: typed metadata and tensors by name.

A split one is read whole, whichever part is named, where all parts lie side by side.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, TypeVar

import gguf
import numpy as np

from model_foundry.errors import MalformedGguf
from model_foundry.importing.gguf_parts import COUNT, NUMBER, TENSORS, part_paths
from model_foundry.importing.preflight import check_header
from model_foundry.importing.quantization import decode_exactly, decode_matrix, decode_vector
from model_foundry.model.weights import Float32, Matrix

T = TypeVar("T")


class GgufFile:
    """Metadata and tensors of one file. Raises MalformedGguf when the file can't be trusted.

    ``exact`` gives matrices as the gguf package decodes them, to compare with, not to store.
    """

    def __init__(self, path: Path, *, exact: bool = False) -> None:
        self.path = path
        self._reader = _opened(path)
        self.paths: tuple[Path, ...] = (path,)
        readers = [self._reader]
        count = self.integer(COUNT, 1)
        if count != 1:
            self.paths = tuple(part_paths(path, self.integer(NUMBER), count))
            readers = [self._reader if other == path else _opened(other) for other in self.paths]
            self._reader = readers[0]
        self._tensors: dict[str, gguf.ReaderTensor] = {}
        for index, reader in enumerate(readers):
            self._check_part(reader, index, count)
            for tensor in reader.tensors:
                if tensor.name in self._tensors:
                    raise MalformedGguf(f"tensor {tensor.name} is in two parts of {path.name}")
                self._tensors[tensor.name] = tensor
        if len(self._tensors) != (promised := self.integer(TENSORS, len(self._tensors))):
            raise MalformedGguf(
                f"{path.name} and its other parts have {len(self._tensors)} tensors and should have {promised}"
            )
        self._unread = set(self._tensors)
        self._decode = decode_exactly if exact else decode_matrix

    def _check_part(self, reader: gguf.GGUFReader, index: int, count: int) -> None:
        """Raises MalformedGguf for a part of another file, or one in the wrong place."""
        named = [reader.fields[key].contents() if key in reader.fields else None for key in (NUMBER, COUNT)]
        if count > 1 and named != [index, count]:
            raise MalformedGguf(f"{self.paths[index].name} isn't part {index + 1} of {count}, as its name says")

    @property
    def tensor_names(self) -> frozenset[str]:
        return frozenset(self._tensors)

    @property
    def unread(self) -> frozenset[str]:
        """Names of the tensors that haven't been read yet."""
        return frozenset(self._unread)

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(self._reader.fields)

    def has(self, key: str) -> bool:
        return key in self._reader.fields

    def text(self, key: str, default: str | None = None) -> str:
        """The value of ``key``; ``default``, where there is one, if the file doesn't have it. So for all types."""
        return self._expect(key, str, default)

    def integer(self, key: str, default: int | None = None) -> int:
        return self._expect(key, int, default)

    def real(self, key: str, default: float | None = None) -> float:
        """A float32 as the shortest decimal that means it, so that 1e-5 doesn't read 9.99…e-6."""
        if default is not None and not self.has(key):
            return default
        value = self._value(key)
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise MalformedGguf(f"metadata {key} isn't a number")
        return float(np.format_float_positional(np.float32(value), unique=True, trim="-"))

    def scalar(self, key: str) -> object:
        """The value of ``key``, of whatever type. Raises MalformedGguf where it is missing."""
        return self._value(key)

    def texts(self, key: str) -> list[str]:
        values = self._expect(key, list)
        if not all(isinstance(value, str) for value in values):
            raise MalformedGguf(f"metadata {key} isn't a list of texts")
        return values

    def integers(self, key: str, default: list[int] | None = None) -> list[int]:
        values = self._expect(key, list, default)
        if not all(isinstance(value, int) for value in values):
            raise MalformedGguf(f"metadata {key} isn't a list of integers")
        return values

    def matrix(self, name: str, n: int, k: int) -> Matrix:
        """The matrix ``name`` [n, k]. Raises MalformedGguf or UnknownQuantization."""
        matrix: Matrix = self._decode(self._tensor(name))
        if matrix.shape != (n, k):
            raise MalformedGguf(f"tensor {name} is {matrix.shape} and should be {(n, k)}")
        return matrix

    def vector(self, name: str, length: int) -> Float32:
        """The float32 vector ``name`` [length]. Raises MalformedGguf or UnknownQuantization."""
        vector = decode_vector(self._tensor(name))
        if vector.shape != (length,):
            raise MalformedGguf(f"tensor {name} has {len(vector)} values and should have {length}")
        return vector

    def rounding(self) -> dict[str, float]:
        """By tensor type, what importing the file's matrices changes: |imported - exact| / |exact|.

        Raises UnknownQuantization or MalformedGguf.
        """
        sums: dict[str, tuple[float, float]] = {}
        for tensor in self._tensors.values():
            if len(tensor.shape) != 2:
                continue
            exact, kind = decode_exactly(tensor).values, tensor.tensor_type.name
            change = decode_matrix(tensor).dequantized()
            change -= exact
            difference, whole = sums.get(kind, (0.0, 0.0))
            difference += float(np.vdot(change, change))
            sums[kind] = difference, whole + float(np.vdot(exact, exact))
        return {kind: (difference / whole) ** 0.5 if whole else 0.0 for kind, (difference, whole) in sums.items()}

    def sha256(self) -> str:
        """Of the file; of a split one the hash of ``sha256sum``'s lines for its parts, in their order."""
        hashes = []
        for path in self.paths:
            with path.open("rb") as stream:
                hashes.append(hashlib.file_digest(stream, "sha256").hexdigest())
        if len(hashes) == 1:
            return hashes[0]
        lines = "".join(f"{found}  {path.name}\n" for found, path in zip(hashes, self.paths, strict=True))
        return hashlib.sha256(lines.encode()).hexdigest()

    def _tensor(self, name: str) -> gguf.ReaderTensor:
        if name not in self._tensors:
            raise MalformedGguf(f"tensor {name} is missing")
        self._unread.discard(name)
        return self._tensors[name]

    def _value(self, key: str) -> Any:
        field = self._reader.fields.get(key)
        if field is None:
            raise MalformedGguf(f"metadata {key} is missing")
        try:
            return field.contents()
        except (UnicodeDecodeError, ValueError, IndexError) as error:
            raise MalformedGguf(f"metadata {key} can't be read: {error}") from error

    def _expect(self, key: str, kind: type[T], default: T | None = None) -> T:
        if default is not None and not self.has(key):
            return default
        value = self._value(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise MalformedGguf(f"metadata {key} isn't a {kind.__name__}")
        return value


def _opened(path: Path) -> gguf.GGUFReader:
    if not path.is_file():
        raise MalformedGguf(f"there is no file {path}")
    check_header(path)
    try:
        return gguf.GGUFReader(path)
    except (ValueError, IndexError, KeyError, OverflowError, TypeError) as error:
        raise MalformedGguf(f"{path.name} can't be read: {error}") from error
