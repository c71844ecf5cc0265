"""A graph with operators that WebGPU has no kernels for says so in its manifest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from model_foundry.graphs.builder import GraphBuilder
from model_foundry.sharding.gpu_operators import unfit_for_gpu
from model_foundry.sharding.graph_folder import GoldenRun, SessionDraft
from orion_py.manifest.graph_manifest import parse_graph_manifest
from tests.tiny_graphs import doubles, written


def multiplies() -> bytes:
    """``y`` = ``a`` times itself, in 8-bit integers."""
    graph = GraphBuilder()
    a = graph.input("a", TensorProto.UINT8, [2, 2])
    graph.node("MatMulInteger", [a, a], "y")
    graph.output("y", TensorProto.INT32, [2, 2])
    return graph.serialized("multiplies")


def test_a_session_with_8_bit_products_is_told_and_others_keep_their_manifest(tmp_path: Path) -> None:
    run = GoldenRun("product", "multiplies", {"a": np.full((2, 2), 3, np.uint8)}, {"y": 0})
    golden = (run, GoldenRun("doubled", "doubles", {"x": np.ones((1, 3), np.float32)}, {"y": 1e-5}))
    sessions = {"multiplies": SessionDraft(multiplies()), "doubles": SessionDraft(doubles())}
    manifest = written(tmp_path, sessions=sessions, golden=golden)
    assert manifest.sessions["multiplies"].unfit_for_gpu == ("MatMulInteger",)
    assert manifest.sessions["doubles"].unfit_for_gpu == ()
    text = (tmp_path / "tiny-graphs" / "manifest.json").read_text()
    assert text.count("unfit_for_gpu") == 1
    assert parse_graph_manifest(text) == manifest


def test_operators_inside_a_branch_count() -> None:
    output = [helper.make_tensor_value_info("h", TensorProto.FLOAT, None)]
    branch = helper.make_graph([helper.make_node("LSTM", ["x", "w", "r"], ["h"])], "then", [], output)
    choice = helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)
    assert unfit_for_gpu(helper.make_graph([choice], "outer", [], [])) == ("LSTM",)
    assert unfit_for_gpu(onnx.load_model_from_string(doubles()).graph) == ()
