"""A file of tensors is read only as far as what it claims of itself can be."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.errors import InvalidManifest
from orion_py.manifest.tensor_file import read_tensors


def file(header: Any, body: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + body


def entry(**changes: Any) -> dict[str, Any]:
    return {"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | changes}


def test_a_tensor_is_where_its_offsets_say() -> None:
    body = np.array([3, 1.5], np.float32).tobytes()
    assert read_tensors(file(entry(), body), "it")["x"].tolist() == [3, 1.5]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 7,
        file(entry(), length=2**40),
        file(b"<html></html>"),
        file([1, 2]),
        file(b"[" * 5000),
        file({"x": 7}),
        file({"x": {}}, b"\0" * 8),
        file(entry(dtype="F64"), b"\0" * 8),
        file(entry(dtype=["F32"]), b"\0" * 8),
        file(entry(shape=[2**31]), b"\0" * 8),
        file(entry(shape=[2**20, 2**20, 2**20]), b"\0" * 8),
        file(entry(shape=[-2]), b"\0" * 8),
        file(entry(shape=[True, 2]), b"\0" * 8),
        file(entry(shape="2"), b"\0" * 8),
        file(entry(shape=[1] * 9), b"\0" * 8),
        file(entry(data_offsets=[0]), b"\0" * 8),
        file(entry(data_offsets=[8, 0]), b"\0" * 8),
        file(entry(data_offsets=[0, 8]), b"\0" * 7),
        file(entry(dtype="BOOL", shape=[8]), b"\2" * 8),
        file({f"t{n}": entry()["x"] for n in range(2000)}, b"\0" * 8),
    ],
)
def test_a_file_that_lies_about_itself_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidManifest, match=r"the golden can't be read: .*Build the model again") as caught:
        read_tensors(data, "the golden")
    assert caught.value.detail["path"] == "the golden"


@given(st.binary(max_size=64), st.integers(0, 80))
def test_no_bytes_whatever_raise_anything_else(body: bytes, length: int) -> None:
    try:
        read_tensors(length.to_bytes(8, "little") + body, "it")
    except InvalidManifest:
        pass
