"""A safetensors header is believed only where the file bears it out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from model_foundry.errors import FoundryError, MalformedSafetensors, UnsafePickle
from model_foundry.formats.safetensors_header import LIMITS, read_header
from tests.model_foundry.folders import FAMILIES

FLOATS = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}
BYTES = {"dtype": "U8", "shape": [4], "data_offsets": [24, 28]}


def file(folder: Path, header: Any, body: bytes = b"\0" * 28, length: int | None = None) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path = folder / "model.safetensors"
    path.write_bytes((len(text) if length is None else length).to_bytes(8, "little") + text + body)
    return path


def test_places_are_where_the_tensors_are(tmp_path: Path) -> None:
    arrays = {"a": np.arange(6, dtype=np.float32), "b": np.arange(5, dtype=np.int8).reshape(1, 5)}
    save_file(arrays, tmp_path / "x.safetensors", metadata={"format": "pt"})
    data = (tmp_path / "x.safetensors").read_bytes()
    places = read_header(tmp_path / "x.safetensors")
    for name, array in arrays.items():
        place = places[name]
        assert place.shape == array.shape
        assert data[place.offset : place.offset + place.length] == array.tobytes()


def test_empty_tensors_are_tensors(tmp_path: Path) -> None:
    header = {"none": {"dtype": "F16", "shape": [0, 3], "data_offsets": [0, 0]}, "a": FLOATS, "b": BYTES}
    assert read_header(file(tmp_path, header))["none"].length == 0


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"a": FLOATS}, "belong to no tensor"),
        ({"a": FLOATS, "b": BYTES | {"data_offsets": [20, 24]}}, "overlaps"),
        ({"a": FLOATS, "b": BYTES | {"data_offsets": [23, 27]}}, "overlaps"),
        ({"a": FLOATS, "b": BYTES | {"data_offsets": [25, 29]}}, "gap"),
        ({"a": FLOATS, "b": BYTES | {"shape": [5], "data_offsets": [24, 29]}}, "ends past the file"),
        ({"a": FLOATS, "b": BYTES | {"shape": [5]}}, "don't hold U8"),
        ({"a": FLOATS | {"dtype": "F64"}, "b": BYTES}, "don't hold F64"),
        ({"a": FLOATS | {"dtype": "F33"}, "b": BYTES}, "unknown type 'F33'"),
        ({"a": FLOATS | {"dtype": 3}, "b": BYTES}, "unknown type"),
        ({"a": FLOATS | {"shape": [-2, -3]}, "b": BYTES}, "shape that none"),
        ({"a": FLOATS | {"shape": [2**70]}, "b": BYTES}, "shape that none"),
        ({"a": FLOATS | {"shape": [1] * 7 + [2, 3]}, "b": BYTES}, "shape that none"),
        ({"a": FLOATS | {"shape": [True, 6]}, "b": BYTES}, "shape that none"),
        ({"a": FLOATS | {"shape": {}}, "b": BYTES}, "shape that none"),
        ({"a": FLOATS | {"data_offsets": [24, 0]}, "b": BYTES}, "begin and an end"),
        ({"a": FLOATS | {"data_offsets": [0]}, "b": BYTES}, "begin and an end"),
        ({"a": FLOATS | {"data_offsets": [0.0, 24.0]}, "b": BYTES}, "begin and an end"),
        ({"a": FLOATS | {"more": 1}, "b": BYTES}, "isn't described"),
        ({"a": 7, "b": BYTES}, "isn't described"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": [[[]]]}', "deeply"),
        (b'["a"]', "isn't a JSON object"),
        (b"{" * 30, "deeply"),
    ],
)
def test_a_header_that_contradicts_itself_or_the_file_is_refused(tmp_path: Path, header: Any, reason: str) -> None:
    with pytest.raises(MalformedSafetensors, match=reason):
        read_header(file(tmp_path, header))


@pytest.mark.parametrize("length", [0, 1, 1000, LIMITS.size + 1, 2**62, 2**64 - 1])
def test_a_header_length_that_lies_is_refused_before_it_is_read(tmp_path: Path, length: int) -> None:
    with pytest.raises(MalformedSafetensors, match="claims"):
        read_header(file(tmp_path, {"a": FLOATS, "b": BYTES}, length=length))


def test_a_header_larger_than_any_models_is_refused_though_the_file_has_it(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    with path.open("wb") as sparse:
        sparse.write((LIMITS.size + 1).to_bytes(8, "little") + b"{")
        sparse.truncate(64 * 2**20)
    with pytest.raises(MalformedSafetensors, match="claims"):
        read_header(path)


@pytest.mark.parametrize(
    "start", [b"PK\x03\x04\x14\0\0\0\0\0", b"\x80\x02}q\x00(X\x05\0\0\0", b"\x80\x04\x95\xff\xff\0\0\0\0"]
)
def test_a_pickle_under_this_name_is_called_one(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "model.safetensors").write_bytes(start + b"\0" * 40)
    with pytest.raises(UnsafePickle, match="another name"):
        read_header(tmp_path / "model.safetensors")


def test_what_is_not_a_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(MalformedSafetensors, match="no file"):
            read_header(path)
    (tmp_path / "short").write_bytes(b"\x02\0\0")
    with pytest.raises(MalformedSafetensors):
        read_header(tmp_path / "short")


WHOLE = (FAMILIES / "mistral" / "model-00002-of-00002.safetensors").read_bytes()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 700), value=st.integers(0, 255), cut=st.none() | st.integers(0, len(WHOLE) - 1))
def test_whatever_the_library_refuses_is_refused_here(tmp_path: Path, at: int, value: int, cut: int | None) -> None:
    damaged = bytearray(WHOLE[:cut])
    if at < len(damaged):
        damaged[at] = value
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(damaged)
    try:
        places = read_header(path)
    except FoundryError:
        return
    assert all(place.offset + place.length <= len(damaged) for place in places.values())
    try:
        with safe_open(path, framework="np") as opened:
            opened.keys()
    except SafetensorError as error:  # pragma: no cover
        pytest.fail(f"the library says {error}")
