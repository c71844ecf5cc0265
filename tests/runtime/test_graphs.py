"""A graph model in memory checks each run, keeps its state, and is compared with what the reference computed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from model_foundry.sharding.graph_folder import GoldenRun, SessionDraft, tensor_file
from orion_py.errors import Cancelled, InvalidInput, InvalidManifest, RuntimeFailure, ShardCorrupt, ShardMissing
from orion_py.manifest.graph_manifest import GraphGolden, GraphManifest
from orion_py.native.graph_model import opened_graphs
from orion_py.native.graph_runner import NativeGraphRunner
from orion_py.native.store import read_verified
from orion_py.runtime.graph_golden import check_graphs, mismatch
from orion_py.runtime.loaded_graphs import LoadedGraphs
from orion_py.runtime.scripted_graphs import ScriptedGraphs
from tests.tiny_graphs import LABELS, ONE, written


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def manifest(folder: Path) -> GraphManifest:
    return written(folder)


@pytest.fixture
async def model(folder: Path, manifest: GraphManifest) -> LoadedGraphs:
    return await opened_graphs(manifest, folder / "shards", threads=2)


def tokens(*ids: int) -> dict[str, Any]:
    return {"token": np.array([ids], np.int64)}


async def test_named_tensors_go_in_and_named_tensors_come_out(model: LoadedGraphs) -> None:
    got = await model.graph("doubles").run({"x": ONE})
    assert list(got) == ["y"]
    assert got["y"].tolist() == [[3, 3, 3]]
    assert got["y"].dtype == np.float32


async def test_only_what_is_asked_for_comes_out_also_what_is_handed_on(model: LoadedGraphs) -> None:
    got = await model.graph("doubles").run({"x": 2 * ONE}, ["rows"])
    assert list(got) == ["rows"]
    assert got["rows"].tolist() == [[2, 2, 2]]


async def test_state_that_a_session_keeps_grows_until_it_is_reset(model: LoadedGraphs) -> None:
    appends = model.graph("appends")
    assert (await appends.run(tokens(4, 5)))["length"].tolist() == [2]
    assert (await appends.run(tokens(6), ["all"]))["all"].tolist() == [[4, 5, 6]]
    await appends.reset()
    assert (await appends.run(tokens(1), ["all"]))["all"].tolist() == [[1]]


async def test_state_that_is_given_takes_the_place_of_what_was_kept(model: LoadedGraphs) -> None:
    appends = model.graph("appends")
    await appends.run(tokens(4, 5))
    got = await appends.run(tokens(6) | {"past": np.array([[9]], np.int64)}, ["all"])
    assert got["all"].tolist() == [[9, 6]]


async def test_what_a_session_hands_on_is_another_ones_input(model: LoadedGraphs) -> None:
    mask = {"mask": np.array([[True, True, False]])}
    with pytest.raises(InvalidInput, match="reads: doubles has to run first, for rows"):
        await model.graph("reads").run(mask)
    await model.graph("doubles").run({"x": 4 * ONE})
    assert (await model.graph("reads").run(mask))["sum"].tolist() == 8
    await model.graph("reads").reset()
    assert (await model.graph("reads").run(mask))["sum"].tolist() == 8


@pytest.mark.parametrize(
    ("session", "inputs", "says"),
    [
        ("doubles", {}, "doubles: the input x is missing"),
        ("doubles", {"x": ONE, "z": ONE}, "doubles: there is no input z"),
        ("doubles", {"x": ONE.astype(np.float64)}, "the input x is float64, and has to be float32"),
        ("doubles", {"x": ONE[0]}, r"the input x has the shape \[3\]"),
        ("doubles", {"x": np.ones((2, 3), np.float32)}, r"has the shape \[2, 3\], and has to have \[1, 'n'\]"),
        ("reads", {"mask": np.ones((1, 2), bool), "rows": ONE}, "has the shape"),
    ],
)
async def test_tensors_that_a_session_does_not_take_are_named(
    model: LoadedGraphs, session: str, inputs: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        await model.graph(session).run(inputs)


async def test_what_the_model_does_not_have_is_named(model: LoadedGraphs) -> None:
    with pytest.raises(InvalidInput, match="tiny-graphs has no session sings"):
        model.graph("sings")
    with pytest.raises(InvalidInput, match=r"tiny-graphs has no file x\.txt"):
        await model.file("x.txt")
    with pytest.raises(InvalidInput, match="doubles: there is no output z"):
        await model.graph("doubles").run({"x": ONE}, ["z"])
    assert await model.file("labels.json") == LABELS


async def test_a_closed_model_runs_nothing(model: LoadedGraphs) -> None:
    await model.close()
    await model.close()
    with pytest.raises(Cancelled):
        await model.graph("doubles").run({"x": ONE})


def counting() -> bytes:
    """``count`` = ``times``, counted one by one: a run that lasts."""
    number = [helper.make_tensor_value_info(name, TensorProto.INT64, []) for name in ("turn", "before", "after")]
    flags = [helper.make_tensor_value_info(name, TensorProto.BOOL, []) for name in ("on", "goes_on")]
    steps = [helper.make_node("Add", ["before", "one"], ["after"]), helper.make_node("Identity", ["on"], ["goes_on"])]
    body = helper.make_graph(steps, "count", [number[0], flags[0], number[1]], [flags[1], number[2]])
    whole = [helper.make_tensor_value_info(name, TensorProto.INT64, []) for name in ("times", "count")]
    fixed = [
        helper.make_tensor("zero", TensorProto.INT64, [], [0]),
        helper.make_tensor("one", TensorProto.INT64, [], [1]),
    ]
    loop = helper.make_node("Loop", ["times", "", "zero"], ["count"], body=body)
    graph = helper.make_graph([loop], "counting", whole[:1], whole[1:], fixed)
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=9).SerializeToString()  # type: ignore[no-any-return]


async def test_closed_in_the_middle_of_a_run_it_computes_no_further(tmp_path: Path) -> None:
    golden = [GoldenRun("few", "counts", {"times": np.array(3)}, {"count": 0})]
    made = written(tmp_path, sessions={"counts": SessionDraft(counting())}, golden=golden)
    model = await opened_graphs(made, tmp_path / "shards", threads=1)
    running = asyncio.ensure_future(model.graph("counts").run({"times": np.array(5_000_000)}))
    runner: Any = model._runner
    while not runner._under_way:
        await asyncio.sleep(0)
    await model.close()
    with pytest.raises(Cancelled):
        await running


async def test_runs_wait_for_each_other(manifest: GraphManifest) -> None:
    under_way, most = 0, 0
    runner = await ScriptedGraphs({"doubles": lambda inputs: {"y": inputs["x"]}}).open_graphs(manifest, 1)
    answer = runner.run

    async def slow(*args: Any) -> Any:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return await answer(*args)

    runner.run = slow  # type: ignore[method-assign]
    model = LoadedGraphs(manifest, runner, {}, await runner.build())
    await asyncio.gather(*(model.graph("doubles").run({"x": ONE}) for _ in range(5)))
    assert (most, len(runner.runs)) == (1, 5)


async def test_a_damaged_or_missing_shard_is_told_before_anything_computes(tmp_path: Path) -> None:
    manifest = written(tmp_path)
    graph = tmp_path / "shards" / manifest.sessions["reads"].graph
    graph.write_bytes(b"\0" * graph.stat().st_size)
    with pytest.raises(ShardCorrupt):
        await opened_graphs(manifest, tmp_path / "shards", threads=1)
    graph.unlink()
    with pytest.raises(ShardMissing):
        await opened_graphs(manifest, tmp_path / "shards", threads=1)


async def test_a_manifest_that_tells_other_inputs_than_the_graph_is_refused(
    folder: Path, manifest: GraphManifest
) -> None:
    other = manifest.sessions["doubles"].model_copy(update={"graph": manifest.sessions["appends"].graph})
    lying = manifest.model_copy(update={"sessions": {**manifest.sessions, "doubles": other}})
    with pytest.raises(RuntimeFailure, match="session doubles: the graph and the manifest differ in past"):
        await opened_graphs(lying, folder / "shards", threads=1)


async def test_every_golden_run_agrees_on_the_machine_that_made_it(model: LoadedGraphs, folder: Path) -> None:
    async def read(sha256: str) -> bytes:
        return read_verified(folder / "shards", sha256)

    assert await check_graphs(model, read) == {"doubles": None, "appends": None, "reads": None}
    assert (await model.graph("appends").run(tokens(1)))["length"].tolist() == [1]


async def test_a_session_that_computes_wrongly_is_told_and_the_others_are_right(
    folder: Path, manifest: GraphManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = await opened_graphs(manifest, folder / "shards", threads=1)
    right = NativeGraphRunner.run

    async def wrong(self: Any, session: str, inputs: Any, want: Any) -> Any:
        got = await right(self, session, inputs, want)
        return {name: value + np.float32(0.01) if name == "y" else value for name, value in got.items()}

    async def read(sha256: str) -> bytes:
        return read_verified(folder / "shards", sha256)

    monkeypatch.setattr(NativeGraphRunner, "run", wrong)
    verdicts = await check_graphs(model, read)
    assert [name for name, verdict in verdicts.items() if verdict is not None] == ["doubles"]
    said = verdicts["doubles"]
    assert said is not None
    assert said.message.startswith("tiny-graphs, doubles: y of golden run doubled is 0.01 off, and at most 1e-05")


@pytest.mark.parametrize(
    ("off", "right"), [([0.3, 0, 0, 0], True), ([0.3, 0.3, 0.3, 0.3], False), ([0.6, 0, 0, 0], False)]
)
def test_single_numbers_may_be_further_off_than_all_together(off: list[float], right: bool) -> None:
    golden = GraphGolden(name="g", session="s", tensors="0" * 64, tolerance={"y": 0.5}, tolerance_rms={"y": 0.2})
    expected = np.ones(4, np.float32)
    found = mismatch("model", golden, {"y": expected}, {"y": expected + np.array(off, np.float32)})
    assert (found is None) == right


@pytest.mark.parametrize(
    "tensors",
    [{"input.x": ONE}, {"output.y": ONE}, {"input.x": ONE, "output.z": ONE}, {"input.x": ONE[0], "output.y": ONE}],
)
async def test_a_golden_shard_that_is_not_the_sessions_is_an_invalid_manifest(
    model: LoadedGraphs, tensors: dict[str, Any]
) -> None:
    async def read(sha256: str) -> bytes:
        return tensor_file(tensors)

    with pytest.raises(InvalidManifest, match="golden doubled"):
        await check_graphs(model, read)
