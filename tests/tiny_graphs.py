"""A small real graph model: three sessions, one with state and one that hands its outputs on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto

from model_foundry.graphs.builder import GraphBuilder
from model_foundry.sharding.graph_folder import GoldenRun, GraphModelDraft, SessionDraft, write_graph_model
from orion_py.manifest.graph_manifest import GraphManifest
from orion_py.manifest.manifest import Source
from orion_py.runtime.scripted_graphs import ScriptedGraphs
from tests.tiny import BASE, REGISTRY, World

LABELS = b'["cat","dog"]'
ONE = np.ones((1, 3), np.float32)


def doubles() -> bytes:
    """``y`` = 2 ``x`` + 1, and ``x`` as rows for another session."""
    graph = GraphBuilder()
    x = graph.input("x", TensorProto.FLOAT, [1, "n"])
    graph.node("Add", [graph.node("Mul", [x, graph.scalar(2)]), graph.scalar(1)], "y")
    graph.node("Identity", [x], "rows")
    graph.output("y", TensorProto.FLOAT, [1, "n"])
    graph.output("rows", TensorProto.FLOAT, [1, "n"])
    return graph.serialized("doubles")


def appends() -> bytes:
    """``all`` = ``past`` with ``token`` behind it: a cache that grows; ``length`` of it."""
    graph = GraphBuilder()
    token, past = graph.input("token", TensorProto.INT64, [1, "t"]), graph.input("past", TensorProto.INT64, [1, "p"])
    graph.node("Concat", [past, token], "all", axis=1)
    graph.node("Shape", ["all"], "length", start=1)
    graph.output("all", TensorProto.INT64, [1, "total"])
    graph.output("length", TensorProto.INT64, [1])
    return graph.serialized("appends")


def reads() -> bytes:
    """``sum`` of what another session handed on, where ``mask`` is true."""
    graph = GraphBuilder()
    rows, mask = graph.input("rows", TensorProto.FLOAT, [1, "n"]), graph.input("mask", TensorProto.BOOL, [1, "n"])
    graph.node("ReduceSum", [graph.node("Where", [mask, rows, graph.scalar(0)])], "sum", keepdims=0)
    graph.output("sum", TensorProto.FLOAT, [])
    return graph.serialized("reads")


def draft(**changes: Any) -> GraphModelDraft:
    sessions = {
        "doubles": SessionDraft(doubles(), hands_on={"rows": ("reads", "rows")}, threads=2),
        "appends": SessionDraft(appends(), keeps={"all": "past"}),
        "reads": SessionDraft(reads()),
    }
    golden = (
        GoldenRun("doubled", "doubles", {"x": 3 * ONE}, {"y": 1e-5}),
        GoldenRun("first", "appends", {"token": np.array([[7, 8]], np.int64)}, {"all": 0, "length": 0}),
        GoldenRun("second", "appends", {"token": np.array([[9]], np.int64)}, {"all": 0, "length": 0}),
        GoldenRun("masked", "reads", {"mask": np.array([[True, False, True]])}, {"sum": 1e-5}),
    )
    source = Source(name="tiny", file="tiny.onnx", sha256="0" * 64, revision="1")
    fields: dict[str, Any] = {"model": "tiny-graphs", "version": "1", "licence": "Apache-2.0", "sources": (source,)}
    fields |= {"recipe": "tiny", "sessions": sessions, "golden": golden, "files": {"labels.json": LABELS}}
    return GraphModelDraft(**(fields | changes))


def written(models: Path, **changes: Any) -> GraphManifest:
    return write_graph_model(draft(**changes), models)


def entry(**changes: Any) -> dict[str, Any]:
    """Of a list of models."""
    fields: dict[str, Any] = {"id": "tiny-graphs", "title": "Tiny graphs", "sense": "vision", "licence": "Apache-2.0"}
    fields |= {"manifest": "models/tiny-graphs/manifest.json", "download_bytes": 3000, "memory_bytes": 1_000_000}
    return fields | changes


def answers() -> dict[str, Any]:
    """What the sessions compute for the golden runs, without a graph."""
    past = {(7, 8): [[7, 8]], (9,): [[7, 8, 9]]}

    def appended(inputs: Any) -> dict[str, Any]:
        row = np.array(past[tuple(inputs["token"][0].tolist())], np.int64)
        return {"all": row, "length": np.array([row.shape[1]], np.int64)}

    return {
        "doubles": lambda inputs: {"y": 2 * inputs["x"] + 1, "rows": inputs["x"]},
        "appends": appended,
        "reads": lambda inputs: {"sum": np.array(6, np.float32)},
    }


def offer(world: World, models: Path, memory_bytes: int = 1_000_000, **changes: Any) -> GraphManifest:
    """Puts the model on the world's server and into its list."""
    manifest = written(models, **changes)
    for shard in manifest.shards:
        world.store.remote[f"{BASE}shards/{shard.sha256}"] = (models / "shards" / shard.sha256).read_bytes()
    world.texts["models/tiny-graphs/manifest.json"] = (models / "tiny-graphs" / "manifest.json").read_text()
    world.texts["models.json"] = json.dumps({**REGISTRY, "senses": [entry(memory_bytes=memory_bytes)]})
    world.runtime.graphs = ScriptedGraphs(answers())
    return manifest
