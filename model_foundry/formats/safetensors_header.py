"""Reads and writes the header of a safetensors file.

Format: https://huggingface.co/docs/safetensors: 8 bytes of little-endian header length, a JSON
object with each tensor's type, shape and place, then the tensors, end to end without gaps.
A header that is read is checked against the file before anything in it is trusted. The library's
writer promises no order and no alignment and wants all tensors at once; here they lie in the order
given, and may follow one by one.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_foundry.errors import MalformedSafetensors, UnsafePickle
from model_foundry.formats.bounded_json import JsonLimits, parse_json
from model_foundry.formats.pickles import looks_like_pickle

ALIGNMENT = 64
"""Where the data of a written file begins, in bytes; a multiple of every dtype and of a cache line."""
MAX_TENSORS = 65_536
MAX_DIMENSIONS = 8
MAX_EXTENT = 2**40
LIMITS = JsonLimits(size=16 * 2**20, depth=3, parts=10 * MAX_TENSORS)
"""The library allows headers of 100 MB; sharded models of hundreds of billions of weights stay below 10."""

BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "U16": 16, "I16": 16, "U32": 32, "I32": 32, "U64": 64, "I64": 64,
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8,
    "F16": 16, "BF16": 16, "F32": 32, "F64": 64, "C64": 64,
}  # fmt: skip


@dataclass(frozen=True)
class TensorPlace:
    """Where a tensor lies: ``offset`` counts from the start of the file, both in bytes."""

    dtype: str
    shape: tuple[int, ...]
    offset: int
    length: int


def read_header(path: Path) -> dict[str, TensorPlace]:
    """The tensors of the file ``path``, by name, after every size and offset was checked.

    Raises MalformedSafetensors or UnsafePickle.
    """
    if not path.is_file():
        raise MalformedSafetensors(f"there is no file {path}")
    size = path.stat().st_size
    with path.open("rb") as stream:
        start = stream.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if length > min(LIMITS.size, size - 8) or length < 2:
            if looks_like_pickle(start):
                raise UnsafePickle(f"{path.name} is a pickle under another name; it isn't read")
            raise MalformedSafetensors(
                f"{path.name}: the header claims {length} bytes of {size}: truncated, or not safetensors"
            )
        header = parse_json(stream.read(length), f"{path.name}: the header", LIMITS, MalformedSafetensors)
    header.pop("__metadata__", None)
    if len(header) > MAX_TENSORS:
        raise MalformedSafetensors(f"{path.name}: the header claims {len(header)} tensors")
    places = {name: _place(name, entry, 8 + length) for name, entry in header.items()}
    _check_cover(places, 8 + length, size)
    return places


def _place(name: str, entry: Any, start: int) -> TensorPlace:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise MalformedSafetensors(f"tensor {name!r} isn't described by a dtype, a shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BITS:
        raise MalformedSafetensors(f"tensor {name!r} has the unknown type {str(dtype)[:20]!r}")
    if not _naturals(shape) or len(shape) > MAX_DIMENSIONS:
        raise MalformedSafetensors(f"tensor {name!r} has a shape that none can have")
    if not _naturals(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise MalformedSafetensors(f"tensor {name!r} has data_offsets that aren't a begin and an end")
    begin, end = offsets
    if math.prod(shape) * BITS[dtype] != 8 * (end - begin):
        raise MalformedSafetensors(f"tensor {name!r}: {end - begin} bytes don't hold {dtype}{shape}")
    return TensorPlace(dtype, tuple(shape), start + begin, end - begin)


def _naturals(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and 0 <= value <= MAX_EXTENT for value in values)


def _check_cover(places: dict[str, TensorPlace], start: int, size: int) -> None:
    """The tensors follow one another from the header to the end of the file."""
    end = start
    for name, place in sorted(places.items(), key=lambda item: (item[1].offset, item[1].length)):
        if place.offset != end:
            fault = "overlaps another" if place.offset < end else "leaves a gap before it"
            raise MalformedSafetensors(f"tensor {name!r} {fault}")
        end += place.length
        if end > size:
            raise MalformedSafetensors(f"tensor {name!r} ends past the file: it is truncated or damaged")
    if end != size:
        raise MalformedSafetensors(f"{size - end} bytes at the end of the file belong to no tensor")


def header_bytes(tensors: Iterable[tuple[str, str, tuple[int, ...], int]], made_for: str) -> bytes:
    """What stands before the data of ``tensors``: name, safetensors' name of the type, shape, and bytes of each.

    ``made_for`` is the metadata's "format", by which loaders know whose tensors these are.
    """
    entries: dict[str, object] = {"__metadata__": {"format": made_for}}
    position = 0
    for name, dtype, shape, length in tensors:
        entries[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [position, position + length]}
        position += length
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    return len(text).to_bytes(8, "little") + text
