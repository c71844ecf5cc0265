"""Walks an ONNX file with bounds checks before any library trusts it.

Format: onnx.proto in https://github.com/onnx/onnx, on protobuf's wire format
(https://protobuf.dev/programming-guides/encoding). A parser builds an object for every two bytes
of a hostile file, and a tensor's external data names any path and any offset. Here the messages
are counted and every tensor's size is held against the bytes that are there, without building
anything but the tensors' facts.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from model_foundry.errors import MalformedOnnx, UnsafePickle
from model_foundry.formats.pickles import looks_like_pickle

MAX_FIELDS = 1_000_000
MAX_TENSORS = 65_536
MAX_DEPTH = 48
MAX_PACKED = 64 * 2**20
"""Bytes of packed integers outside of raw data: each may become eight in memory."""
MAX_ELEMENTS = 2**40
MAX_FILE = 2**31 - 1
"""Protobuf's own limit; larger weights have to be external data."""

_SCHEMA: dict[str, dict[int, str]] = {
    "model": {7: "graph", 8: "plain", 14: "plain", 20: "training", 25: "function", 26: "plain"},
    "graph": {
        1: "node",
        5: "tensor",
        11: "value",
        12: "value",
        13: "value",
        14: "annotation",
        15: "sparse",
        16: "plain",
    },
    "node": {5: "attribute", 9: "plain", 10: "plain"},
    "attribute": {
        5: "tensor",
        6: "graph",
        10: "tensor",
        11: "graph",
        14: "type",
        15: "type",
        22: "sparse",
        23: "sparse",
    },
    "tensor": {3: "plain", 13: "entry", 16: "plain"},
    "sparse": {1: "tensor", 2: "tensor"},
    "function": {7: "node", 9: "plain", 11: "attribute", 12: "value", 14: "plain"},
    "training": {1: "graph", 2: "graph", 3: "plain", 4: "plain"},
    "value": {2: "type", 4: "plain"},
    "annotation": {2: "plain"},
    "type": {1: "tensor type", 4: "wrapped type", 5: "wrapped type", 8: "tensor type", 9: "wrapped type"},
    "wrapped type": {1: "type", 2: "type"},
    "tensor type": {2: "shape"},
    "shape": {1: "plain"},
    "plain": {},
    "entry": {},
}
"""Message to the fields that hold messages. All other fields are stepped over."""

_BITS = {
    1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128, 16: 16,
    17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2,
}  # fmt: skip
"""TensorProto.DataType to bits an element; 8 is a string."""
_STRING = 8
_DIMS, _TYPE, _NAME, _RAW, _LOCATION = 1, 2, 8, 9, 14
_TYPED = (4, 5, 6, 7, 10, 11)
_VARINTS = {("tensor", 5), ("tensor", 7), ("tensor", 11), ("attribute", 8)}
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5

Data = bytes | mmap.mmap


@dataclass
class OnnxTensor:
    """What a tensor says of itself. ``external`` are its entries where its data is in another file."""

    name: str = ""
    dims: list[int] = field(default_factory=list)
    kind: int = 0
    raw: int | None = None
    typed: int = 0
    is_external: bool = False
    external: list[tuple[str, str]] = field(default_factory=list)

    @property
    def nbytes(self) -> int:
        """Bytes that the shape asks for; of strings, their number. Raises MalformedOnnx."""
        count = math.prod(self.dims)
        if len(self.dims) > 64 or any(extent < 0 for extent in self.dims) or count > MAX_ELEMENTS:
            raise MalformedOnnx(f"tensor {self.name!r} has a shape that none can have")
        if self.kind == _STRING:
            return count
        if self.kind not in _BITS:
            raise MalformedOnnx(f"tensor {self.name!r} has the unknown type {self.kind}")
        return -(-count * _BITS[self.kind] // 8)


@dataclass(frozen=True)
class OnnxFacts:
    """``external`` are the files beside the graph that it takes weights from."""

    tensors: int
    inline_bytes: int
    external_bytes: int
    external: tuple[str, ...]


def check_onnx(path: Path) -> OnnxFacts:
    """What is in the ONNX file ``path``, after each of its tensors was held against its data.

    External data has to lie in the file's folder. Raises MalformedOnnx or UnsafePickle.
    """
    if not path.is_file():
        raise MalformedOnnx(f"there is no file {path}")
    size = path.stat().st_size
    if not 0 < size <= MAX_FILE:
        raise MalformedOnnx(f"{path.name} has {size} bytes, which no ONNX file can have")
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if looks_like_pickle(data[:4]):
            raise UnsafePickle(f"{path.name} is a pickle under another name; it isn't read")
        tensors = read_tensors(data)
    inline = outside = 0
    sizes: dict[str, int] = {}
    for tensor in tensors:
        if tensor.is_external:
            outside += _check_external(tensor, path.parent, sizes)
        else:
            inline += _check_inline(tensor)
    return OnnxFacts(len(tensors), inline, outside, tuple(sorted(sizes)))


def read_tensors(data: Data) -> list[OnnxTensor]:
    """All tensors in the ONNX file ``data``, those of attributes and functions too. Raises MalformedOnnx."""
    walker = _Walker(data)
    walker.message("model", 0, len(data), 0)
    if not walker.has_graph:
        raise MalformedOnnx("there is no graph in the file: this isn't an ONNX model")
    return walker.tensors


class _Walker:
    def __init__(self, data: Data) -> None:
        self._data, self._fields, self._packed = data, 0, 0
        self.tensors: list[OnnxTensor] = []
        self.has_graph = False

    def message(self, kind: str, start: int, end: int, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise MalformedOnnx("messages are nested too deeply")
        tensor = OnnxTensor() if kind == "tensor" else None
        if tensor is not None:
            self.tensors.append(tensor)
            if len(self.tensors) > MAX_TENSORS:
                raise MalformedOnnx(f"more than {MAX_TENSORS} tensors: no graph has as many")
        parts = _SCHEMA[kind]
        for number, wire, first, last in self._entries(start, end):
            if tensor is not None:
                self._tensor_field(tensor, number, wire, first, last)
            if wire != _LENGTH:
                continue
            if (kind, number) in _VARINTS:
                self._packed += last - first
                if self._packed > MAX_PACKED:
                    raise MalformedOnnx(f"more than {MAX_PACKED} bytes of packed integers")
            if number in parts:
                self.has_graph |= parts[number] == "graph"
                self.message(parts[number], first, last, depth + 1)

    def _tensor_field(self, tensor: OnnxTensor, number: int, wire: int, first: int, last: int) -> None:
        if number == _DIMS:
            tensor.dims += self._integers(wire, first, last)
        elif number in (_TYPE, _LOCATION) and wire == _VARINT:
            value = self._varint(first, last)[0]
            if number == _TYPE:
                tensor.kind = value
            else:
                tensor.is_external = value == 1
        elif number == _NAME:
            tensor.name = self._text(first, min(last, first + 80))
        elif number == _RAW:
            tensor.raw = last - first
        elif number in _TYPED:
            tensor.typed += last - first
        elif number == 13 and wire == _LENGTH:
            if len(tensor.external) >= 16:
                raise MalformedOnnx(f"tensor {tensor.name!r} has too many entries for its external data")
            tensor.external.append(self._pair(first, last))

    def _pair(self, start: int, end: int) -> tuple[str, str]:
        texts = {1: "", 2: ""}
        for number, wire, first, last in self._entries(start, end):
            if number in texts and wire == _LENGTH:
                if last - first > 4096:
                    raise MalformedOnnx("an entry of external data is longer than a path can be")
                texts[number] = self._text(first, last)
        return texts[1], texts[2]

    def _integers(self, wire: int, first: int, last: int) -> list[int]:
        """One signed integer, or a few packed ones."""
        values: list[int] = []
        while first < last and len(values) <= 64:
            value, first = self._varint(first, last)
            values.append(value - 2**64 if value >= 2**63 else value)
            if wire == _VARINT:
                break
        return values

    def _text(self, first: int, last: int) -> str:
        return self._data[first:last].decode("utf-8", "backslashreplace")

    def _entries(self, position: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """Field number, wire type, and where the field's content begins and ends."""
        data = self._data
        while position < end:
            self._fields += 1
            if self._fields > MAX_FIELDS:
                raise MalformedOnnx(f"more than {MAX_FIELDS} fields: no graph has as many")
            key, position = data[position], position + 1
            if key > 127:
                key, position = self._varint(position - 1, end)
            number, wire = key >> 3, key & 7
            if wire == _VARINT:
                after = self._varint(position, end)[1]
            elif wire == _LENGTH:
                if position < end and data[position] < 128:
                    after = position + 1 + data[position]
                    position += 1
                else:
                    length, position = self._varint(position, end)
                    after = position + length
            elif wire in (_FIXED64, _FIXED32):
                after = position + (8 if wire == _FIXED64 else 4)
            else:
                raise MalformedOnnx(f"a field has the unknown wire type {wire}: this isn't ONNX, or it is damaged")
            if number == 0 or after > end:
                raise MalformedOnnx("a field ends past its message: the file is truncated or damaged, or isn't ONNX")
            yield number, wire, position, after
            position = after

    def _varint(self, position: int, end: int) -> tuple[int, int]:
        value = 0
        for shift in range(0, 70, 7):
            if position >= end:
                raise MalformedOnnx("the file ends inside a number: it is truncated or damaged, or isn't ONNX")
            byte = self._data[position]
            position += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value & (2**64 - 1), position
        raise MalformedOnnx("a number has more than 64 bits")


def _check_inline(tensor: OnnxTensor) -> int:
    needed = tensor.nbytes
    if tensor.raw is not None and tensor.kind != _STRING:
        if tensor.raw != needed:
            raise MalformedOnnx(f"tensor {tensor.name!r}: {tensor.raw} bytes don't hold its shape {tensor.dims}")
    elif needed > 8 * tensor.typed:  # the least that eight bytes in memory take in the file is one
        raise MalformedOnnx(f"tensor {tensor.name!r}: {tensor.typed} bytes can't hold its shape {tensor.dims}")
    return needed


def _check_external(tensor: OnnxTensor, folder: Path, sizes: dict[str, int]) -> int:
    facts = dict(tensor.external)
    if len(facts) != len(tensor.external):
        raise MalformedOnnx(f"tensor {tensor.name!r} says something twice of its external data")
    location, needed = facts.get("location", ""), tensor.nbytes
    if location not in sizes:
        sizes[location] = external_file(folder, location).stat().st_size
    offset = _decimal(tensor, facts.get("offset", "0"))
    length = _decimal(tensor, facts.get("length", str(needed)))
    if tensor.kind == _STRING or length != needed:
        raise MalformedOnnx(f"tensor {tensor.name!r}: {length} bytes don't hold its shape {tensor.dims}")
    if offset + length > sizes[location]:
        raise MalformedOnnx(f"tensor {tensor.name!r} ends past {location}: it is truncated or damaged")
    return length


def external_file(folder: Path, location: str) -> Path:
    """The file that a tensor's ``location`` names, in ``folder`` or below. Raises MalformedOnnx."""
    parts = PurePosixPath(location).parts
    plain = location and not location.startswith("/") and not set(location) & set('\\:\0*?"<>|\n')
    if not plain or ".." in parts:
        raise MalformedOnnx(f"external data at {location[:80]!r} isn't a path inside the model's folder")
    path = folder / location
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
        found = path.is_file()
    except (OSError, ValueError, RuntimeError) as error:  # too long a name, a loop of links
        raise MalformedOnnx(f"external data at {location[:80]!r} can't be found: {error}") from error
    if not inside:
        raise MalformedOnnx(f"external data at {location[:80]!r} is a link out of the model's folder")
    if not found:
        raise MalformedOnnx(f"the file {location[:80]!r} with external data is missing")
    return path


def _decimal(tensor: OnnxTensor, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise MalformedOnnx(f"tensor {tensor.name!r}: {text[:40]!r} isn't an offset or a length")
    return int(text)
