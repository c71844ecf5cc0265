"""Checks that a file is an ONNX model and lists the files that it points into, before onnxruntime sees it.

A walk over protobuf's wire format (https://protobuf.dev/programming-guides/encoding) by the messages of
onnx.proto (https://github.com/onnx/onnx) that can hold tensors; all else is stepped over and nothing is
built. ``web/bridge/worker/ort/onnx-outline.js`` does the same in the browser. The foundry's ``onnx_file``, which
imports weights, checks each tensor too; here they stay onnxruntime's matter.
"""

from __future__ import annotations

from collections.abc import Iterator

from orion_py.errors import InvalidModelFolder

MAX_FIELDS = 4_000_000
MAX_DEPTH = 64
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5

_SCHEMA: dict[str, dict[int, str]] = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
    "entry": {},
}
_MODEL_FIELDS = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26})


def external_files(data: bytes, name: str) -> frozenset[str]:
    """The locations that the tensors of the ONNX file ``data`` name. Raises InvalidModelFolder, which
    calls the file ``name``, where it is none: a web page, a pickle, a file cut short."""
    return _Walk(data, name).locations()


class _Walk:
    def __init__(self, data: bytes, name: str) -> None:
        self._data, self._name, self._count = data, name, 0
        self._found: set[str] = set()

    def locations(self) -> frozenset[str]:
        graphs = 0
        for field, start, end in self._fields(0, len(self._data)):
            if field not in _MODEL_FIELDS:
                raise self._refused(f"field {field} at byte {start} is no model's")
            graphs += field == 7
            kind = _SCHEMA["model"].get(field)
            if kind is not None:
                self._message(kind, start, end, 1)
        if graphs != 1:
            raise self._refused("it has no graph" if not graphs else "it has several graphs")
        return frozenset(self._found)

    def _message(self, kind: str, start: int, end: int, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise self._refused(f"it is nested more than {MAX_DEPTH} deep")
        if kind == "entry":
            entry = {field: self._data[first:last] for field, first, last in self._fields(start, end)}
            if entry.get(1) == b"location":
                self._found.add(entry.get(2, b"")[:1000].decode(errors="replace"))
            return
        inner = _SCHEMA[kind]
        for field, first, last in self._fields(start, end):
            if field in inner:
                self._message(inner[field], first, last, depth + 1)

    def _fields(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """(field, first byte, one past the last) of each field of a message; of a number an empty span."""
        at = start
        while at < end:
            self._count += 1
            if self._count > MAX_FIELDS:
                raise self._refused(f"it has more than {MAX_FIELDS:,} fields")
            tag, at = self._varint(at, end)
            field, wire = tag >> 3, tag & 7
            if wire == _LENGTH:
                length, at = self._varint(at, end)
                if length > end - at:
                    raise self._refused(f"it is cut short: {length} bytes wanted at {at} of {end}")
                yield field, at, at + length
                at += length
                continue
            if wire == _VARINT:
                _, at = self._varint(at, end)
            elif wire in (_FIXED32, _FIXED64):
                at += 4 if wire == _FIXED32 else 8
            else:
                raise self._refused(f"byte {at} is no protobuf")
            if not field or at > end:
                raise self._refused(f"byte {at} is no protobuf")
            yield field, at, at

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        value = 0
        for place in range(10):
            if at + place >= end:
                break
            byte = self._data[at + place]
            value |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                return value, at + place + 1
        raise self._refused(f"it is cut short, or no protobuf, at byte {at}")

    def _refused(self, why: str) -> InvalidModelFolder:
        return InvalidModelFolder(f"{self._name} is no ONNX file, or a damaged one: {why}.", path=self._name)
