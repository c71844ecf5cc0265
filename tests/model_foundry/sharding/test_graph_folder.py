"""A graph model is written as shards by their content, a manifest, and golden runs that were computed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors.numpy import load

from model_foundry.errors import FoundryError, MalformedOnnx
from model_foundry.sharding.graph_folder import GoldenRun, SessionDraft, tensor_file
from orion_py.manifest.graph_manifest import parse_graph_manifest
from orion_py.manifest.manifest import Source
from orion_py.manifest.tensor_file import read_tensors
from tests.tiny_graphs import LABELS, doubles, draft, written


def test_what_is_written_is_read_back_the_same(tmp_path: Path) -> None:
    manifest = written(tmp_path)
    assert parse_graph_manifest((tmp_path / "tiny-graphs" / "manifest.json").read_bytes()) == manifest
    for shard in manifest.shards:
        data = (tmp_path / "shards" / shard.sha256).read_bytes()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (shard.sha256, shard.size)
    assert (tmp_path / "shards" / manifest.files["labels.json"]).read_bytes() == LABELS


def test_types_and_shapes_are_the_graphs_own(tmp_path: Path) -> None:
    sessions = written(tmp_path).sessions
    assert sessions["doubles"].inputs["x"].shape == (1, "n")
    assert sessions["appends"].inputs["past"].dtype == "int64"
    assert sessions["reads"].inputs["mask"].dtype == "bool"
    assert sessions["reads"].outputs["sum"].shape == ()
    assert sessions["doubles"].told == ("y",)
    assert sessions["doubles"].threads == 2


def test_the_same_model_is_the_same_bytes(tmp_path: Path) -> None:
    assert written(tmp_path / "one") == written(tmp_path / "two")


def test_golden_runs_hold_what_the_sessions_compute_state_included(tmp_path: Path) -> None:
    manifest = written(tmp_path)
    second = next(golden for golden in manifest.golden if golden.name == "second")
    tensors = load((tmp_path / "shards" / second.tensors).read_bytes())
    assert tensors["input.token"].tolist() == [[9]]
    assert tensors["output.all"].tolist() == [[7, 8, 9]]
    assert tensors["output.length"].tolist() == [3]


def test_shapes_that_a_graph_tells_too_freely_can_be_given(tmp_path: Path) -> None:
    only = {"doubles": SessionDraft(doubles(), shapes={"x": (1, 3)})}
    golden = (GoldenRun("doubled", "doubles", {"x": np.ones((1, 3), np.float32)}, {"y": 0}),)
    assert written(tmp_path, sessions=only, golden=golden).sessions["doubles"].inputs["x"].shape == (1, 3)


def test_a_session_without_a_golden_run_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FoundryError, match=r"tiny-graphs can't be written: .*the session appends has none"):
        written(tmp_path, golden=tuple(run for run in draft().golden if run.session != "appends"))
    assert not (tmp_path / "tiny-graphs").exists()


def test_what_is_no_graph_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(MalformedOnnx, match="session doubles"):
        written(tmp_path, sessions={"doubles": SessionDraft(b"<html>")})


def test_a_golden_run_of_wrong_inputs_names_them(tmp_path: Path) -> None:
    golden = (GoldenRun("doubled", "doubles", {"x": np.ones((2, 3), np.float32)}, {"y": 0}),)
    with pytest.raises(FoundryError, match=r"doubles: the input x has the shape \[2, 3\], and has to have \[1, 'n'\]"):
        written(tmp_path, golden=golden)


def test_a_model_without_a_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FoundryError, match="sources"):
        written(tmp_path, sources=tuple[Source, ...]())


DTYPES = st.sampled_from([np.float32, np.int64, np.int32, np.uint8, np.bool_])
ARRAYS = DTYPES.flatmap(lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_dims=4, min_side=0)))


@given(st.dictionaries(st.text("abc.", min_size=1, max_size=8), ARRAYS, max_size=6))
def test_whatever_tensors_are_written_come_back(tensors: dict[str, np.ndarray]) -> None:  # type: ignore[type-arg]
    data = tensor_file(tensors)
    found, reference = read_tensors(data, "it"), load(data)
    assert found.keys() == reference.keys() == tensors.keys()
    for name, value in tensors.items():
        assert found[name].dtype == value.dtype
        np.testing.assert_array_equal(found[name], value)
        np.testing.assert_array_equal(reference[name], value)


def test_a_type_that_no_graph_has_is_refused() -> None:
    with pytest.raises(ValueError, match="x is float64; use one of float32"):
        tensor_file({"x": np.zeros(2)})
