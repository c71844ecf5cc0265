"""A small real graph model in a real inference worker, from IndexedDB: the outputs that CPython computes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from build_support.server import StaticServer
from e2e.bridge.conftest import MODELS, Lab
from orion_py.manifest.graph_manifest import GraphManifest
from orion_py.manifest.tensor_file import read_tensors
from tests.tiny_graphs import written

OPEN = """
    const shards = await lab.openShards();
    const fetched = ({ sha256, size }) => shards.fetchShard(`models/shards/${sha256}`, sha256, size, () => {});
    for (const shard of manifest.shards) await fetched(shard);
    const client = globalThis.client = new lab.InferenceClient(lab.workerUrl);
    await client.openGraphs(JSON.stringify({ sessions: manifest.sessions, threads: 2 }));
    for (const { sha256, role } of manifest.shards) if (role === "graph") await client.feedGraphs(sha256, role);
    return JSON.parse(await client.buildGraphs());
"""
RUN = """
    const arrays = { float32: Float32Array, int64: BigInt64Array, bool: Uint8Array };
    const as = { float32: Number, int64: BigInt, bool: Number };
    const made = inputs.map(([, dtype, , values]) => arrays[dtype].from(values, as[dtype]));
    const facts_in = JSON.stringify({ session, inputs: inputs.map((input) => input.slice(0, 3)), want });
    const answer = await lab.attempt(globalThis.client.runGraph(facts_in, ...made));
    if (answer.code) return answer;
    const { facts, tensors, fell } = answer.value;
    (globalThis.fell ??= []).push(JSON.parse(fell));
    return JSON.parse(facts).map((fact, index) => [...fact, Array.from(tensors[index], Number)]);
"""


@pytest.fixture
def tiny(site: Path) -> GraphManifest:
    return written(site / "models")


@pytest.fixture
def opened(lab: Lab, tiny: GraphManifest) -> Iterator[Lab]:
    report = lab.run(OPEN, manifest=json.loads(tiny.model_dump_json()))
    assert (report["backend"], report["threads"]) == ("wasm", 2)
    assert report["memory_bytes"] > 1e6
    yield lab
    lab.run("globalThis.client.close();")


def run(lab: Lab, session: str, want: list[str], **inputs: Any) -> Any:
    facts = [[name, value.dtype.name, list(value.shape), value.reshape(-1).tolist()] for name, value in inputs.items()]
    return lab.run(RUN, session=session, want=want, inputs=facts)


def golden_runs_come_out(lab: Lab, tiny: GraphManifest, site: Path) -> None:
    for golden in tiny.golden:
        tensors = read_tensors((site / "models" / "shards" / golden.tensors).read_bytes(), golden.name)
        inputs = {name.removeprefix("input."): v for name, v in tensors.items() if name.startswith("input.")}
        for name, dtype, shape, values in run(lab, golden.session, list(golden.tolerance), **inputs):
            expected = tensors[f"output.{name}"]
            assert (dtype, tuple(shape)) == (expected.dtype.name, expected.shape)
            assert values == pytest.approx(expected.reshape(-1).tolist(), abs=max(golden.tolerance[name], 1e-12))


def test_the_golden_runs_come_out_as_in_cpython_state_and_what_is_handed_on_included(
    opened: Lab, tiny: GraphManifest, site: Path
) -> None:
    golden_runs_come_out(opened, tiny, site)
    opened.run("await globalThis.client.resetGraph('appends');")
    first = next(golden for golden in tiny.golden if golden.session == "appends")
    tensors = read_tensors((site / "models" / "shards" / first.tensors).read_bytes(), first.name)
    ((_, _, shape, values),) = run(opened, "appends", ["all"], token=tensors["input.token"])
    assert (shape, values) == ([1, 2], [7, 8])


def test_state_grows_over_many_runs_and_the_memory_does_not(opened: Lab) -> None:
    grown = opened.run(
        """
        const token = () => BigInt64Array.of(3n);
        const facts = JSON.stringify({ session: "appends", inputs: [["token", "int64", [1, 1]]], want: ["length"] });
        let last;
        for (let index = 0; index < 300; index += 1) last = await globalThis.client.runGraph(facts, token());
        const large = () => new Float32Array(1000000);
        const many = JSON.stringify({ session: "doubles", inputs: [["x", "float32", [1, 1000000]]], want: ["y"] });
        // 4 MB in and 12 out, some of it kept and handed on: 600 times as much doesn't fit WebAssembly's memory.
        for (let index = 0; index < 600; index += 1) await globalThis.client.runGraph(many, large());
        return Number(last.tensors[0][0]);
        """
    )
    assert grown == 300


def test_its_memory_is_measured_and_what_a_large_input_made_it_take_counts(opened: Lab) -> None:
    before, after = opened.run(
        """
        const before = await globalThis.client.memoryBytes();
        const facts = JSON.stringify({ session: "doubles", inputs: [["x", "float32", [1, 10000000]]], want: ["y"] });
        await globalThis.client.runGraph(facts, new Float32Array(10000000));
        return [before, await globalThis.client.memoryBytes()];
        """
    )
    assert after > before + 60e6, "40 MB in, and as much out"


def test_inputs_are_transferred_and_what_makes_no_sense_is_an_error_that_ends_nothing(opened: Lab) -> None:
    answer = opened.run(
        """
        const x = Float32Array.of(1, 2, 3);
        const facts = (session, shape) => JSON.stringify({ session, inputs: [["x", "float32", shape]], want: ["y"] });
        const wrong = await lab.attempt(globalThis.client.runGraph(facts("sings", [1, 3]), Float32Array.of(1, 2, 3)));
        const shape = await lab.attempt(globalThis.client.runGraph(facts("doubles", [1, 9]), Float32Array.of(1, 2, 3)));
        const reset = await lab.attempt(globalThis.client.resetGraph("sings"));
        const { tensors } = await globalThis.client.runGraph(facts("doubles", [1, 3]), x);
        return { wrong: wrong.code, shape: shape.code, reset: reset.code, y: Array.from(tensors[0]), left: x.length };
        """
    )
    expected = {"wrong": "protocol", "shape": "runtime_failure", "reset": "protocol", "y": [3, 5, 7], "left": 0}
    assert answer == expected


def test_a_damaged_shard_is_told_before_it_is_parsed(lab: Lab, tiny: GraphManifest, server: StaticServer) -> None:
    graph = tiny.sessions["reads"].graph
    answer = lab.run(
        """
        const client = new lab.InferenceClient(lab.workerUrl);
        await client.openGraphs(JSON.stringify({ sessions: manifest.sessions, threads: 1 }));
        const damaged = await lab.attempt(client.feedGraphs(graph, "graph", new Blob([new Uint8Array(100)])));
        const missing = await lab.attempt(client.feedGraphs(graph, "graph"));
        const unfed = await lab.attempt(client.buildGraphs());
        client.close();
        return [damaged.code, missing.code, unfed.code];
        """,
        manifest=json.loads(tiny.model_dump_json()),
        graph=graph,
    )
    assert answer == ["shard_corrupt", "shard_missing", "shard_missing"]


GOLDEN = """
    const manifest = await (await fetch(`models/${model}/manifest.json`)).json();
    const shards = await lab.openShards();
    for (const { sha256, size } of manifest.shards) {
      await shards.fetchShard(`models/shards/${sha256}`, sha256, size, () => {});
    }
    const client = new lab.InferenceClient(lab.workerUrl);
    await client.openGraphs(JSON.stringify({ sessions: manifest.sessions, threads: 2 }));
    for (const { sha256, role } of manifest.shards) {
      if (role === "graph" || role === "weights") await client.feedGraphs(sha256, role);
    }
    const { memory_bytes } = JSON.parse(await client.buildGraphs());
    for (const session of gpu) await client.placeGraph(session, "webgpu");
    const failures = [];
    const types = { F32: Float32Array, I64: BigInt64Array, I32: Int32Array, U8: Uint8Array, BOOL: Uint8Array };
    const names = { F32: "float32", I64: "int64", I32: "int32", U8: "uint8", BOOL: "bool" };
    const off = {};
    for (const { name, session, tensors: sha256, tolerance, tolerance_rms } of manifest.golden) {
      const file = await (await fetch(`models/shards/${sha256}`)).arrayBuffer();
      const length = Number(new DataView(file).getBigUint64(0, true));
      const header = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 8, length)));
      const read = (name) => {
        const { dtype, data_offsets: [begin, end] } = header[name];
        return new types[dtype](file.slice(8 + length + begin, 8 + length + end));
      };
      const given = Object.keys(header).filter((name) => name.startsWith("input."));
      const inputs = given.map((name) => [name.slice(6), names[header[name].dtype], header[name].shape]);
      const want = Object.keys(tolerance);
      const run = JSON.stringify({ session, inputs, want });
      const { facts, tensors, fell } = await client.runGraph(run, ...given.map(read));
      failures.push(...[JSON.parse(fell)].filter(Boolean));
      JSON.parse(facts).forEach(([output], index) => {
        const expected = read(`output.${output}`);
        const got = tensors[index];
        let worst = expected.length === got.length ? 0 : Infinity;
        let squares = 0;
        expected.forEach((value, at) => {
          const difference = Math.abs(Number(value) - Number(got[at]));
          worst = Math.max(worst, difference);
          squares += difference ** 2;
        });
        const typical = tolerance_rms?.[output] ?? tolerance[output];
        off[`${name} ${output}`] = [worst, tolerance[output], Math.sqrt(squares / expected.length), typical];
      });
    }
    client.close();
    return { off, memory_bytes, failures };
"""


def graph_models() -> list[str]:
    """The graph models that were built here."""
    texts = {path.parent.name: path.read_text() for path in sorted(MODELS.glob("*/manifest.json"))}
    return [model for model, text in texts.items() if json.loads(text).get("kind") == "graphs"]


@pytest.mark.parametrize("model", graph_models())
def test_each_model_that_was_built_computes_here_as_in_cpython(lab: Lab, model: str) -> None:
    """The real ones, such as a text reader's, where ``build.py models vision speech`` has made them."""
    found = lab.run(GOLDEN, model=model, gpu=[])
    print(found["off"])
    assert {name: off for name, off in found["off"].items() if not (off[0] <= off[1] and off[2] <= off[3])} == {}
    assert found["memory_bytes"] < 2e9
