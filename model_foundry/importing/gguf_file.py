"""A GGUF file, opened with care: typed metadata and tensors by name."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, TypeVar

import gguf
import numpy as np

from model_foundry.errors import MalformedGguf
from model_foundry.importing.preflight import check_header
from model_foundry.importing.quantization import decode_exactly, decode_matrix, decode_vector
from model_foundry.weights import Float32, Matrix

T = TypeVar("T")


class GgufFile:
    """Metadata and tensors of one file. Raises MalformedGguf when the file can't be trusted.

    ``exact`` gives matrices as the gguf package decodes them, to compare with, not to store.
    """

    def __init__(self, path: Path, *, exact: bool = False) -> None:
        if not path.is_file():
            raise MalformedGguf(f"there is no file {path}")
        check_header(path)
        try:
            self._reader = gguf.GGUFReader(path)
        except (ValueError, IndexError, KeyError, OverflowError, TypeError) as error:
            raise MalformedGguf(f"{path.name} can't be read: {error}") from error
        self._tensors = {tensor.name: tensor for tensor in self._reader.tensors}
        self.path = path
        self._decode = decode_exactly if exact else decode_matrix

    @property
    def tensor_names(self) -> frozenset[str]:
        return frozenset(self._tensors)

    def has(self, key: str) -> bool:
        return key in self._reader.fields

    def text(self, key: str) -> str:
        return self._expect(key, str)

    def integer(self, key: str) -> int:
        return self._expect(key, int)

    def real(self, key: str) -> float:
        """A float32 as the shortest decimal that means it, so that 1e-5 doesn't read 9.99…e-6."""
        value = self._value(key)
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise MalformedGguf(f"metadata {key} isn't a number")
        return float(np.format_float_positional(np.float32(value), unique=True, trim="-"))

    def texts(self, key: str) -> list[str]:
        values = self._expect(key, list)
        if not all(isinstance(value, str) for value in values):
            raise MalformedGguf(f"metadata {key} isn't a list of texts")
        return values

    def integers(self, key: str) -> list[int]:
        values = self._expect(key, list)
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
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def _tensor(self, name: str) -> gguf.ReaderTensor:
        if name not in self._tensors:
            raise MalformedGguf(f"tensor {name} is missing")
        return self._tensors[name]

    def _value(self, key: str) -> Any:
        field = self._reader.fields.get(key)
        if field is None:
            raise MalformedGguf(f"metadata {key} is missing")
        try:
            return field.contents()
        except (UnicodeDecodeError, ValueError, IndexError) as error:
            raise MalformedGguf(f"metadata {key} can't be read: {error}") from error

    def _expect(self, key: str, kind: type[T]) -> T:
        value = self._value(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise MalformedGguf(f"metadata {key} isn't a {kind.__name__}")
        return value
