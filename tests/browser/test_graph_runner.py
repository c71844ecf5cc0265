"""The bridge's runner of graph models hands tensors over as flat arrays, and makes arrays of those that come back."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from orion_py.errors import WorkerDied
from orion_py.manifest.graph_manifest import GraphManifest
from orion_py.native.graph_runner import NativeGraphRunner
from orion_py.runtime.bands import InBands
from tests.played_pyodide import played
from tests.tiny_graphs import ONE, written


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """``orion_py.browser.graph_runner``, with what it uses of Pyodide played."""
    with played(monkeypatch, "graph_runner", np.array) as module:
        yield module


class Values:
    """A typed array of JavaScript's, as Pyodide hands it over."""

    def __init__(self, values: Any) -> None:
        self._values = values.reshape(-1).view(np.uint8) if values.dtype == np.bool_ else values.reshape(-1)

    def assign_to(self, target: Any) -> None:
        assert target.dtype == self._values.dtype
        target[:] = self._values


class Client:
    """An InferenceClient over native sessions, which checks that it gets what a worker would."""

    def __init__(self, manifest: GraphManifest, shards: Path) -> None:
        self.manifest, self.runner = manifest, NativeGraphRunner(manifest, 1, shards)
        self.closed = False
        self.on_gpu: set[str] = set()
        self.fails: str | None = None
        """The session that the GPU fails at its next run."""

    async def feedGraphs(self, sha256: str, role: str, blob: Any) -> None:
        shard = self.manifest.shard(sha256)
        assert (shard.role, blob) == (role, None)
        await self.runner.feed(shard)

    async def buildGraphs(self) -> str:
        await self.runner.build()
        report = {"backend": "wasm", "threads": 2, "create_ms": 1, "warmup_ms": 0, "memory_bytes": 7}
        return json.dumps(report)

    async def runGraph(self, facts: str, *values: Any) -> Any:
        asked = json.loads(facts)
        assert all(value.ndim == 1 for value in values)
        inputs = {}
        for (name, dtype, shape), value in zip(asked["inputs"], values, strict=True):
            assert value.dtype == (np.uint8 if dtype == "bool" else np.dtype(dtype))
            inputs[name] = value.view(dtype).reshape(shape)
        got = await self.runner.run(asked["session"], inputs, asked["want"])
        told = [[name, value.dtype.name, list(value.shape)] for name, value in got.items()]
        fell = None
        if self.fails == asked["session"] in self.on_gpu:
            self.fails, fell = None, {"code": "device_lost", "message": "gone"}
        tensors = [Values(value) for value in got.values()]
        return SimpleNamespace(facts=json.dumps(told), fell=json.dumps(fell), tensors=tensors)

    async def placeGraph(self, session: str, backend: str) -> None:
        (self.on_gpu.add if backend == "webgpu" else self.on_gpu.discard)(session)

    async def resetGraph(self, session: str) -> None:
        await self.runner.reset(session)

    async def memoryBytes(self) -> int:
        return 9

    async def ping(self) -> None:
        if self.closed:
            raise WorkerDied

    def close(self) -> None:
        self.closed = True


async def test_what_a_worker_computes_is_what_native_sessions_do(browser: Any, tmp_path: Path) -> None:
    manifest = written(tmp_path)
    client = Client(manifest, tmp_path / "shards")
    runner = browser.BrowserGraphRunner(client, SimpleNamespace(held_blob=lambda sha256: None))
    for shard in manifest.shards:
        if shard.role == "graph":
            await runner.feed(shard)
    report = await runner.build()
    assert (report.threads, report.memory_bytes) == (2, 7)
    assert (await runner.run("doubles", {"x": ONE}, ["y"]))["y"].tolist() == [[3, 3, 3]]
    got = await runner.run("reads", {"mask": np.array([[True, False, False]])}, ["sum"])
    assert got["sum"].shape == ()
    assert got["sum"] == 1
    for token in (4, 5):
        got = await runner.run("appends", {"token": np.array([[token]], np.int64)}, ["all"])
    assert got["all"].tolist() == [[4, 5]]
    await runner.reset("appends")
    got = await runner.run("appends", {"token": np.array([[6]], np.int64)}, ["all", "length"])
    assert (got["all"].tolist(), got["length"].tolist()) == ([[6]], [1])
    assert await runner.memory_bytes() == 9
    await runner.ping()
    await runner.close()
    assert client.closed


async def test_a_session_that_the_gpu_failed_is_told_once_with_the_answer(browser: Any, tmp_path: Path) -> None:
    manifest = written(tmp_path)
    client = Client(manifest, tmp_path / "shards")
    runner = browser.BrowserGraphRunner(client, SimpleNamespace(held_blob=lambda sha256: None))
    for session in manifest.sessions.values():
        await runner.feed(manifest.shard(session.graph))
    await runner.build()
    await runner.place("doubles", "webgpu")
    assert client.on_gpu == {"doubles"}
    client.fails = "doubles"
    assert (await runner.run("doubles", {"x": ONE}, ["y"]))["y"].tolist() == [[3, 3, 3]]
    (fallen,) = runner.fallen().items()
    assert (fallen[0], fallen[1].code, fallen[1].message) == ("doubles", "device_lost", "gone")
    assert runner.fallen() == {}


class Floats:
    """A Float32Array of JavaScript's."""

    def __init__(self, values: Any) -> None:
        self.values = values

    @staticmethod
    def new(count: int) -> Floats:
        return Floats(np.full(count, np.nan, np.float32))

    def subarray(self, start: int, stop: int) -> Floats:
        return Floats(self.values[start:stop])

    def assign(self, values: Any) -> None:
        assert values.flags.c_contiguous
        self.values[:] = values

    def assign_to(self, target: Any) -> None:
        target[:] = self.values


async def test_a_large_input_and_a_large_output_are_never_whole_in_python(
    browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.arange(3 * 5 * 4, dtype=np.float32).reshape(1, 3, 5, 4)

    def bands() -> Iterator[tuple[int, Any]]:
        for row in range(0, 5, 2):
            yield row, pixels[0, :, row : row + 2]

    async def run_graph(facts: str, given: Floats) -> Any:
        asked = json.loads(facts)
        assert asked["inputs"] == [["x", "float32", [1, 3, 5, 4]]]
        assert (given.values.reshape(pixels.shape) == pixels).all()
        told = [["y", "float32", [1, 1, 15, 4]]]
        return SimpleNamespace(facts=json.dumps(told), fell="null", tensors=[given])

    monkeypatch.setattr(sys.modules["js"], "Float32Array", Floats, raising=False)
    runner = browser.BrowserGraphRunner(SimpleNamespace(runGraph=run_graph), None)
    held = await runner.run_held("any", {"x": InBands((1, 3, 5, 4), bands)}, "y")
    assert held.shape == (1, 1, 15, 4)
    assert held.rows(3, 8).tolist() == pixels.reshape(15, 4)[3:8].tolist()


def test_a_worker_is_told_the_sessions_and_nothing_else(browser: Any, tmp_path: Path) -> None:
    told = json.loads(browser.graphs_spec(written(tmp_path), 2))
    assert told["threads"] == 2
    assert told["sessions"]["appends"]["keeps"] == {"all": "past"}
    assert told["sessions"]["doubles"]["hands_on"] == {"rows": {"session": "reads", "input": "rows"}}
    assert told["sessions"]["appends"]["inputs"]["past"] == {"dtype": "int64", "shape": [1, "p"]}
