"""Writes a graph model: its graphs and files as shards, its manifest, and golden runs that native onnxruntime computes.

<models>/<model>/manifest.json
<models>/shards/<sha256>              shared by all models
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from model_foundry.errors import FoundryError, MalformedOnnx
from model_foundry.formats.safetensors_header import header_bytes
from model_foundry.sharding.content_folder import ContentFolder, write_atomically
from model_foundry.sharding.gpu_operators import unfit_for_gpu
from orion_py.errors import OrionError
from orion_py.manifest.graph_manifest import (
    Destination,
    GraphGolden,
    GraphManifest,
    GraphSession,
    TensorSpec,
    parse_graph_manifest,
)
from orion_py.manifest.manifest import Recipe, Source
from orion_py.manifest.shards import Shard
from orion_py.manifest.tensor_file import TYPE_NAMES

Array = NDArray[Any]
_FILES, _GOLDEN, _GRAPH, _WEIGHTS = 0, 5, 10, 20
"""Fetch priorities: small files first."""


@dataclass(frozen=True)
class SessionDraft:
    """``graph``: an ONNX file. ``keeps``, ``hands_on`` and ``threads`` as in ``GraphSession``. ``shapes``: of inputs or
    outputs whose shape the graph itself doesn't tell, or tells too freely."""

    graph: bytes
    keeps: Mapping[str, str] = field(default_factory=dict)
    hands_on: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Output to (session, input)."""
    threads: int = 1
    shapes: Mapping[str, tuple[int | str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class GoldenRun:
    """A run to compute and keep. ``inputs``: of those that aren't kept or handed on. ``tolerance``, ``tolerance_rms``:
    by output, as in ``GraphGolden``; outputs that the first doesn't name aren't compared. Runs are made in their order,
    after one reset."""

    name: str
    session: str
    inputs: Mapping[str, Array]
    tolerance: Mapping[str, float]
    tolerance_rms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class GraphModelDraft:
    """What a graph model is made of. ``weights``: files that the graphs' external data names by their sha256."""

    model: str
    version: str
    licence: str
    sources: tuple[Source, ...]
    recipe: str
    sessions: Mapping[str, SessionDraft]
    golden: Sequence[GoldenRun]
    files: Mapping[str, bytes] = field(default_factory=dict)
    weights: Sequence[bytes] = ()
    options: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    """Of the recipe."""


def write_graph_model(draft: GraphModelDraft, models: Path) -> GraphManifest:
    """Writes the shards, computes the golden runs, and writes the manifest last. Raises MalformedOnnx for a graph that
    can't be read or run, and FoundryError for anything else that a manifest can't have; both say what."""
    folder, shards = ContentFolder(models / "shards"), dict[str, Shard]()

    def put(data: bytes, role: str, priority: int) -> str:
        sha256 = folder.put(data)
        if sha256 not in shards:
            shard = {"sha256": sha256, "size": len(data), "role": role, "priority": priority}
            shards[sha256] = Shard.model_validate(shard)
        return sha256

    def described(golden: tuple[GraphGolden, ...]) -> dict[str, Any]:
        recipe = Recipe(name=draft.recipe, tool=_tool(), options=dict(draft.options))
        fields: dict[str, Any] = {"kind": "graphs", "format": 1, "model": draft.model, "version": draft.version}
        fields |= {"licence": draft.licence, "sources": draft.sources, "recipe": recipe, "sessions": sessions}
        return fields | {"shards": tuple(shards.values()), "files": files, "golden": golden}

    try:
        files = {name: put(data, "file", _FILES) for name, data in draft.files.items()}
        for data in draft.weights:
            put(data, "weights", _WEIGHTS)
        sessions = {
            name: _session(name, each, put(each.graph, "graph", _GRAPH)) for name, each in draft.sessions.items()
        }
        # Not checked yet: a manifest is whole with its golden runs, and they are computed with this one.
        computed = _computed(GraphManifest.model_construct(**described(())), draft.golden, folder.folder)
        golden = tuple(
            GraphGolden(
                name=run.name,
                session=run.session,
                tensors=put(tensors, "golden", _GOLDEN),
                tolerance=dict(run.tolerance),
                tolerance_rms=dict(run.tolerance_rms),
            )
            for run, tensors in zip(draft.golden, computed, strict=True)
        )
        text = GraphManifest.model_construct(**described(golden)).model_dump_json(indent=1)
        manifest = parse_graph_manifest(text)
    except (OrionError, ValueError) as error:
        raise FoundryError(f"{draft.model} can't be written: {error}") from error
    target = models / draft.model / "manifest.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, text.encode())
    return manifest


def tensor_file(arrays: Mapping[str, Array]) -> bytes:
    """A safetensors file of ``arrays``, the same bytes for the same arrays; ``orion_py.manifest.tensor_file`` reads it.
    Raises ValueError for a type that no graph's tensor has."""
    wrong = [name for name, array in arrays.items() if array.dtype.name not in TYPE_NAMES]
    if wrong:
        raise ValueError(f"{wrong[0]} is {arrays[wrong[0]].dtype}; use one of {', '.join(TYPE_NAMES)}")
    order = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))  # each aligned to its own width
    rows = [(name, TYPE_NAMES[arrays[name].dtype.name], arrays[name].shape, arrays[name].nbytes) for name in order]
    return header_bytes(rows, "orion") + b"".join(np.ascontiguousarray(arrays[name]).tobytes() for name in order)


def _computed(manifest: GraphManifest, golden: Sequence[GoldenRun], shards: Path) -> list[bytes]:
    """The golden shards, computed with one thread each."""
    with ThreadPoolExecutor(1) as pool:  # the caller may have an event loop of its own
        return pool.submit(lambda: asyncio.run(_runs(manifest, golden, shards))).result()


async def _runs(manifest: GraphManifest, golden: Sequence[GoldenRun], shards: Path) -> list[bytes]:
    from orion_py.native.graph_model import opened_graphs

    model = await opened_graphs(manifest, shards, threads=1)
    found = []
    try:
        for run in golden:
            outputs = await model.graph(run.session).run(run.inputs, tuple(run.tolerance))
            tensors = {f"input.{name}": value for name, value in run.inputs.items()}
            found.append(tensor_file(tensors | {f"output.{name}": value for name, value in outputs.items()}))
    finally:
        await model.close()
    return found


def _tool() -> str:
    return f"orion-foundry, onnx {metadata.version('onnx')}, onnxruntime {metadata.version('onnxruntime')}"


def _session(name: str, draft: SessionDraft, sha256: str) -> GraphSession:
    try:
        graph = onnx.load_model_from_string(draft.graph).graph
    except Exception as error:  # protobuf's own, whose base isn't public
        raise MalformedOnnx(f"session {name}: the graph can't be read: {error}") from error
    inner = {initializer.name for initializer in graph.initializer}
    return GraphSession(
        graph=sha256,
        inputs={value.name: _spec(value, draft.shapes) for value in graph.input if value.name not in inner},
        outputs={value.name: _spec(value, draft.shapes) for value in graph.output},
        keeps=dict(draft.keeps),
        hands_on={out: Destination(session=into[0], input=into[1]) for out, into in draft.hands_on.items()},
        threads=draft.threads,
        unfit_for_gpu=unfit_for_gpu(graph),
    )


def _spec(value: Any, shapes: Mapping[str, tuple[int | str, ...]]) -> TensorSpec:
    tensor = value.type.tensor_type
    dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)).name
    if dtype not in TYPE_NAMES:
        raise MalformedOnnx(f"{value.name} is {dtype}; a session's tensors are {', '.join(TYPE_NAMES)}")
    told = [_size(value.name, axis, dim) for axis, dim in enumerate(tensor.shape.dim)]
    shape = shapes.get(value.name, tuple(told))
    return TensorSpec.model_validate({"dtype": dtype, "shape": shape})


def _size(name: str, axis: int, dim: Any) -> int | str:
    """A fixed size, or the name of a free one: the graph's own as far as it has one that names can be."""
    if dim.HasField("dim_value") and dim.dim_value > 0:
        return int(dim.dim_value)
    text = dim.dim_param if dim.HasField("dim_param") and dim.dim_param else f"{name}_{axis}"
    return re.sub(r"[^a-z0-9]+", "_", f"s_{text}" if not text[0].isalpha() else text, flags=re.IGNORECASE).lower()[:40]
