"""ONNX files are walked before they are parsed: what they point into is found, what is none refused."""

from __future__ import annotations

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from orion_py.errors import InvalidModelFolder
from orion_py.external import onnx_outline
from orion_py.external.onnx_outline import external_files


def external(name: str, location: str) -> TensorProto:
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[2], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", "0"), ("length", "8")):
        tensor.external_data.add(key=key, value=value)
    return tensor


def model(*tensors: TensorProto, nodes: list[onnx.NodeProto] | None = None) -> onnx.ModelProto:
    return helper.make_model(helper.make_graph(nodes or [], "g", [], [], initializer=list(tensors)))


def inside(tensor: TensorProto) -> onnx.ModelProto:
    """A tensor in a constant of a branch of a node: every place where one may hide."""
    constant = helper.make_node("Constant", [], ["c"], value=tensor)
    branch = helper.make_graph([constant], "branch", [], [])
    return model(nodes=[helper.make_node("If", ["x"], ["y"], then_branch=branch)])


FILE = model(external("a", "model.onnx_data"), external("b", "../up")).SerializeToString()


def test_every_file_that_is_pointed_into_is_found_wherever_the_tensor_stands() -> None:
    assert external_files(FILE, "x") == {"model.onnx_data", "../up"}
    assert external_files(inside(external("c", "deep")).SerializeToString(), "x") == {"deep"}
    made = model()
    made.functions.append(helper.make_function("d", "f", [], [], [], [helper.make_opsetid("", 17)]))
    made.functions[0].node.append(helper.make_node("Constant", [], ["c"], value=external("c", "in a function")))
    assert external_files(made.SerializeToString(), "x") == {"in a function"}
    assert external_files(model().SerializeToString(), "x") == frozenset()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<!doctype html>",
        b"\x80\x04\x95",
        b"PK\x03\x04",
        b"version https://git-lfs.github.com/spec/v1\n",
        b"\0" * 99,
    ],
)
def test_what_is_no_model_is_refused_by_its_name(data: bytes) -> None:
    with pytest.raises(InvalidModelFolder, match=r"^model\.onnx is no ONNX file"):
        external_files(data, "model.onnx")


def test_sizes_that_lie_and_nesting_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidModelFolder, match="cut short"):
        external_files(b"\x3a\xff\xff\xff\xff\x0f", "x")
    with pytest.raises(InvalidModelFolder, match="cut short"):
        external_files(FILE[:-3], "x")
    deep = b""
    for _ in range(40):  # an attribute's graph in a node of a graph …
        for tag in (b"\x32", b"\x2a", b"\x0a"):
            deep = tag + _length(deep) + deep
    with pytest.raises(InvalidModelFolder, match="nested"):
        external_files(b"\x3a" + _length(deep) + deep, "x")
    monkeypatch.setattr(onnx_outline, "MAX_FIELDS", 5)
    with pytest.raises(InvalidModelFolder, match="more than 5 fields"):
        external_files(FILE, "x")


def _length(data: bytes) -> bytes:
    return len(data).to_bytes(1, "little") if len(data) < 128 else bytes([len(data) & 127 | 128, len(data) >> 7])


@given(st.binary(max_size=200), st.integers(0, len(FILE)), st.integers(0, 200))
def test_whatever_is_in_the_file_it_ends_and_raises_nothing_else(noise: bytes, at: int, gone: int) -> None:
    for data in (noise, FILE[:at] + noise + FILE[at + gone :]):
        try:
            external_files(data, "x")
        except InvalidModelFolder:
            continue
