"""ONNX files are walked before they are parsed: what lies about its size or leads elsewhere is refused."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from model_foundry.errors import MalformedOnnx, UnsafePickle
from model_foundry.importing import onnx_file
from model_foundry.importing.onnx_file import check_onnx, read_tensors

WEIGHT = np.arange(12, dtype=np.float32).reshape(3, 4)


def external(location: str = "data.bin", offset: str = "16", length: str = "48", dims: tuple[int, ...] = (3, 4)):
    """A tensor whose data is said to be in another file."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=dims)
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        tensor.external_data.add(key=key, value=value)
    return tensor


def written(folder: Path, *tensors: TensorProto) -> Path:
    graph = helper.make_graph(
        [helper.make_node("Identity", ["w"], ["y"])],
        "g",
        [],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 4])],
        initializer=list(tensors),
    )
    folder.mkdir(exist_ok=True)
    (folder / "data.bin").write_bytes(b"\0" * 64)
    (folder / "model.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    return folder / "model.onnx"


def test_facts_are_those_of_the_file(tmp_path: Path) -> None:
    inline = numpy_helper.from_array(np.ones(5, np.float16), "v")
    facts = check_onnx(written(tmp_path, external(), inline))
    assert (facts.tensors, facts.external_bytes, facts.inline_bytes) == (2, 48, 10)
    assert facts.external == ("data.bin",)


def test_tensors_of_attributes_subgraphs_and_functions_are_found() -> None:
    def constant(name: str) -> onnx.NodeProto:
        return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(WEIGHT, name))

    inner = helper.make_graph([constant("inner")], "inner", [], [])
    branch = helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)
    opsets = [helper.make_opsetid("", 21)]
    function = helper.make_function("d", "f", [], ["z"], [constant("z")], opsets)
    model = helper.make_model(helper.make_graph([constant("x"), branch], "g", [], []), functions=[function])
    tensors = read_tensors(model.SerializeToString())
    assert sorted(tensor.name for tensor in tensors) == ["inner", "inner", "x", "z"]
    assert all(tensor.dims == [3, 4] and tensor.nbytes == 48 for tensor in tensors)


@pytest.mark.parametrize("typed", [TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32, TensorProto.BOOL])
def test_data_in_typed_fields_is_enough_for_its_shape(tmp_path: Path, typed: int) -> None:
    check_onnx(written(tmp_path, helper.make_tensor("w", typed, [2, 3], [0, 1, 0, 1, 0, 1])))


@pytest.mark.parametrize(
    "location",
    ["../data.bin", "/etc/passwd", "a/../../data.bin", "..\\data.bin", "C:data.bin", "", ".", "none.bin", "x\0y"]
    + ["a" * 5000, "link", "loop"],
)
def test_external_data_cannot_lead_out_of_the_folder(tmp_path: Path, location: str) -> None:
    (tmp_path / "data.bin").write_bytes(b"\0" * 64)
    path = written(tmp_path / "inside", external(location))
    os.symlink(tmp_path / "data.bin", path.parent / "link")
    os.symlink("loop", path.parent / "loop")
    with pytest.raises(MalformedOnnx):
        check_onnx(path)


@pytest.mark.parametrize(
    ("tensor", "reason"),
    [
        (external(offset="17"), "ends past data.bin"),
        (external(offset="-1"), "isn't an offset"),
        (external(offset="1" * 30), "isn't an offset"),
        (external(length="47"), "don't hold"),
        (external(length="²"), "isn't an offset"),
        (external(dims=(2**31, 2**31)), "shape that none can have"),
        (external(dims=(-3, -4)), "shape that none can have"),
        (TensorProto(name="w", data_type=1, dims=[2**30]), "can't hold"),
        (TensorProto(name="w", data_type=1, dims=[3], raw_data=b"12"), "don't hold"),
        (TensorProto(name="w", data_type=77, dims=[3], raw_data=b"12"), "unknown type 77"),
    ],
)
def test_sizes_that_lie_are_refused(tmp_path: Path, tensor: TensorProto, reason: str) -> None:
    with pytest.raises(MalformedOnnx, match=reason):
        check_onnx(written(tmp_path, tensor))


def test_an_entry_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    tensor = external()
    tensor.external_data.add(key="location", value="../data.bin")
    with pytest.raises(MalformedOnnx, match="twice"):
        check_onnx(written(tmp_path, tensor))


def test_many_tiny_messages_are_refused_before_they_become_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_file, "MAX_FIELDS", 5000)
    nodes = b"\x0a\x00" * 5000
    graph = b"\x3a" + _varint(len(nodes)) + nodes
    with pytest.raises(MalformedOnnx, match="fields"):
        read_tensors(graph)


def test_deep_nesting_is_refused() -> None:
    graph = b""
    for _ in range(40):  # graph > node > attribute > graph
        attribute = b"\x32" + _varint(len(graph)) + graph
        node = b"\x2a" + _varint(len(attribute)) + attribute
        graph = b"\x0a" + _varint(len(node)) + node
    with pytest.raises(MalformedOnnx, match="deep"):
        read_tensors(b"\x3a" + _varint(len(graph)) + graph)


def test_pickles_and_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    for data, error in ((b"PK\x03\x04 zip", UnsafePickle), (b"\x80\x04\x95", UnsafePickle), (b"", MalformedOnnx)):
        path.write_bytes(data)
        with pytest.raises(error):
            check_onnx(path)
    path.write_bytes(b"{}")
    with pytest.raises(MalformedOnnx, match="isn't"):
        check_onnx(path)
    with pytest.raises(MalformedOnnx, match="no file"):
        check_onnx(tmp_path / "none.onnx")


@settings(max_examples=30, deadline=None)
@given(share=st.floats(0, 0.99))
def test_a_truncated_file_is_refused(share: float) -> None:
    graph = helper.make_graph([], "g" * 20, [], [], initializer=[numpy_helper.from_array(WEIGHT, "w")])
    whole = helper.make_model(graph, opset_imports=[]).SerializeToString()
    cut = whole[: int(len(whole) * share)]
    with pytest.raises(MalformedOnnx):
        read_tensors(cut)


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])
