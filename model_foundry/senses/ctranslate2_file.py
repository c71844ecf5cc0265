"""Reads the weights of a CTranslate2 model (model.bin, version 6).

The format, as CTranslate2's ``python/ctranslate2/specs/model_spec.py`` writes it, little-endian: U32 version, the name
and U32 revision of the specification, U32 count of variables; for each its name, U8 rank, U32 extents, U8 type, U32
bytes, and the data; then U32 count of aliases, each two names. A name is a U16 length and that many bytes, the last
one 0.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_foundry.errors import MalformedGraph

VERSION = 6
MOST_VARIABLES = 100_000
MOST_BYTES = 2**33
_TYPES = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2"}


@dataclass(frozen=True, slots=True)
class CTranslate2File:
    """``specification``: such as "WhisperSpec". ``variables``: arrays over the file's own memory, by name."""

    specification: str
    revision: int
    variables: dict[str, NDArray[Any]]

    def floats(self, name: str) -> NDArray[np.float32]:
        """A variable as float32. Raises MalformedGraph where it isn't there."""
        if name not in self.variables:
            raise MalformedGraph(f"the model has no {name}")
        return self.variables[name].astype(np.float32)


def read_ctranslate2(path: Path) -> CTranslate2File:
    """Raises MalformedGraph if ``path`` isn't such a file."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise MalformedGraph(f"{path.name} is larger than {MOST_BYTES} bytes")
        return _Reader(path.read_bytes()).file()
    except (OSError, ValueError, KeyError, struct.error) as error:
        raise MalformedGraph(f"{path.name} isn't a CTranslate2 model of version {VERSION}: {error}") from error


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def file(self) -> CTranslate2File:
        version = self._number("I")
        if version != VERSION:
            raise ValueError(f"its version is {version}")
        specification, revision = self._name(), self._number("I")
        count = self._number("I")
        if count > MOST_VARIABLES:
            raise ValueError(f"it claims {count} variables")
        variables: dict[str, NDArray[Any]] = {}
        for _ in range(count):
            name = self._name()
            if name in variables:
                raise ValueError(f"{name} stands there twice")
            variables[name] = self._array(name)
        for _ in range(self._number("I")):
            alias, name = self._name(), self._name()
            variables[alias] = variables[name]
        if self._at != len(self._data):
            raise ValueError(f"{len(self._data) - self._at} bytes are left over")
        return CTranslate2File(specification, revision, variables)

    def _number(self, kind: str) -> int:
        (value,) = struct.unpack_from(f"<{kind}", self._data, self._at)
        self._at += struct.calcsize(kind)
        return int(value)

    def _name(self) -> str:
        length = self._number("H")
        text = self._data[self._at : self._at + length]
        if len(text) != length:
            raise ValueError("it ends within a name")
        self._at += length
        return text.rstrip(b"\0").decode()

    def _array(self, name: str) -> NDArray[Any]:
        shape = [self._number("I") for _ in range(self._number("B"))]
        kind = np.dtype(_TYPES[self._number("B")])
        size = self._number("I")
        count = int(np.prod(shape, dtype=np.int64))
        if count * kind.itemsize != size or self._at + size > len(self._data):
            raise ValueError(f"{name} claims {size} bytes for {shape} of {kind}")
        array = np.frombuffer(self._data, kind, count, self._at).reshape(shape)
        self._at += size
        return array
