"""Walks a GGUF file's header with bounds checks before any library trusts it.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Counts, lengths and offsets in
a GGUF are 64-bit numbers that a reader is tempted to believe; here each is held against the size
of the file first, so that a truncated download or a hostile file ends in one clear error instead
of a hang or a huge allocation.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import gguf

from model_foundry.errors import MalformedGguf, UnknownQuantization

MAX_ENTRIES = 65_536
MAX_ARRAY = 4_194_304
MAX_STRING = 16 * 2**20
MAX_ELEMENTS = 2**21
"""In all arrays of the metadata; the largest vocabularies have a million, with types and merges."""
ELEMENT_BYTES = 768
"""What the gguf package's reader takes in memory for an element of an array, were it one byte in the file."""
FREE_BYTES, SHARE = 16 * 2**20, 16
"""What arrays may take in memory: this much, and so many times the size of the file."""
MAX_DIMENSIONS = 4
SUPPORTED_VERSIONS = (2, 3)

_SCALAR_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""GGUF value type to bytes; 8 is a string and 9 an array."""
_STRING, _ARRAY = 8, 9


@dataclass
class _Walker:
    stream: BinaryIO
    size: int
    elements: int = 0

    def take(self, count: int, what: str) -> bytes:
        if count < 0 or self.stream.tell() + count > self.size:
            raise MalformedGguf(f"the file ends inside {what}: it is truncated or damaged")
        return self.stream.read(count)

    def skip(self, count: int, what: str) -> None:
        if self.stream.tell() + count > self.size:
            raise MalformedGguf(f"the file ends inside {what}: it is truncated or damaged")
        self.stream.seek(count, 1)

    def u32(self, what: str) -> int:
        return int(struct.unpack("<I", self.take(4, what))[0])

    def u64(self, what: str) -> int:
        return int(struct.unpack("<Q", self.take(8, what))[0])

    def string(self, what: str) -> str:
        length = self.u64(what)
        if length > MAX_STRING:
            raise MalformedGguf(f"{what} claims {length} bytes of text")
        try:
            return self.take(length, what).decode("utf-8")
        except UnicodeDecodeError as error:
            raise MalformedGguf(f"{what} isn't UTF-8 text") from error

    def value(self, kind: int, what: str, *, inside_array: bool = False) -> int | None:
        """Steps over a value; gives a 32-bit unsigned one back (the alignment is one)."""
        if kind == _STRING:
            length = self.u64(what)
            self.skip(length, what)
        elif kind == _ARRAY and not inside_array:
            self._array(what)
        elif kind == 4:
            return self.u32(what)
        elif kind in _SCALAR_BYTES:
            self.skip(_SCALAR_BYTES[kind], what)
        else:
            raise MalformedGguf(f"{what} has the unknown value type {kind}")
        return None

    def _array(self, what: str) -> None:
        kind, count = self.u32(what), self.u64(what)
        if count > MAX_ARRAY:
            raise MalformedGguf(f"{what} claims {count} elements")
        self.elements += count
        if self.elements > MAX_ELEMENTS or self.elements * ELEMENT_BYTES > FREE_BYTES + SHARE * self.size:
            raise MalformedGguf(f"{what} claims {count} elements: more than a model in {self.size} bytes can need")
        if kind in _SCALAR_BYTES:
            self.skip(count * _SCALAR_BYTES[kind], what)
            return
        for _ in range(count):
            self.value(kind, what, inside_array=True)


def check_header(path: Path) -> None:
    """Returns if every count, length and offset in the header fits the file.

    Raises MalformedGguf, or UnknownQuantization for a tensor type that no one knows.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        walker = _Walker(stream, size)
        if size < 24 or walker.take(4, "the magic") != b"GGUF":
            raise MalformedGguf("this isn't a GGUF file: it doesn't begin with GGUF")
        version = walker.u32("the version")
        if version not in SUPPORTED_VERSIONS:
            raise MalformedGguf(f"GGUF version {version} isn't one of {SUPPORTED_VERSIONS}")
        tensors, entries = walker.u64("the tensor count"), walker.u64("the metadata count")
        if tensors > MAX_ENTRIES or entries > MAX_ENTRIES:
            raise MalformedGguf(f"the header claims {tensors} tensors and {entries} metadata entries")
        alignment = _check_metadata(walker, entries)
        _check_tensors(walker, tensors, alignment)


def _check_metadata(walker: _Walker, entries: int) -> int:
    alignment, seen = 32, set[str]()
    for index in range(entries):
        key = walker.string(f"metadata key {index}")
        if key in seen:
            raise MalformedGguf(f"metadata {key} occurs twice")
        seen.add(key)
        value = walker.value(walker.u32(f"the type of {key}"), f"metadata {key}")
        if key == "general.alignment":
            if value is None or value <= 0 or value & (value - 1) or value > 2**20:
                raise MalformedGguf(f"the alignment {value} isn't a power of two")
            alignment = value
    return alignment


def _check_tensors(walker: _Walker, count: int, alignment: int) -> None:
    spans: list[tuple[int, int, str]] = []
    names = set[str]()
    for index in range(count):
        name = walker.string(f"the name of tensor {index}")
        if name in names:
            raise MalformedGguf(f"tensor {name} occurs twice")
        names.add(name)
        dimensions = walker.u32(f"the dimensions of {name}")
        if not 1 <= dimensions <= MAX_DIMENSIONS:
            raise MalformedGguf(f"tensor {name} claims {dimensions} dimensions")
        shape = [walker.u64(f"the shape of {name}") for _ in range(dimensions)]
        kind = walker.u32(f"the type of {name}")
        offset = walker.u64(f"the offset of {name}")
        spans.append((offset, _tensor_bytes(name, shape, kind), name))
    start = -(-walker.stream.tell() // alignment) * alignment
    end = 0
    for offset, length, name in sorted(spans):
        if offset % alignment:
            raise MalformedGguf(f"tensor {name} isn't aligned to {alignment} bytes")
        if offset < end:
            raise MalformedGguf(f"tensor {name} overlaps another")
        end = offset + length
        if start + end > walker.size:
            raise MalformedGguf(f"tensor {name} ends past the file: it is truncated or damaged")


def _tensor_bytes(name: str, shape: list[int], kind: int) -> int:
    try:
        quantization = gguf.GGMLQuantizationType(kind)
    except ValueError as error:
        raise UnknownQuantization(f"tensor {name} has the unknown type {kind}") from error
    block, type_size = gguf.GGML_QUANT_SIZES[quantization]
    if any(extent == 0 for extent in shape) or shape[0] % block:
        raise MalformedGguf(f"tensor {name}: a {quantization.name} tensor can't have the shape {shape}")
    return math.prod(shape) // block * type_size
