"""Runs a graph model in an inference worker of its own, through ``web/bridge/worker/inference/client.js``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pyodide.ffi import to_js

from orion_py.browser.errors import translated
from orion_py.browser.store import BrowserShardStore
from orion_py.errors import OrionError, from_code
from orion_py.manifest.graph_manifest import GraphManifest
from orion_py.manifest.shards import Shard
from orion_py.runtime.bands import Given, Held, InBands
from orion_py.runtime.base import BuildReport
from orion_py.runtime.graphs import Backend, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray


def graphs_spec(manifest: GraphManifest, threads: int) -> str:
    """What a worker is opened with, as JSON."""
    sessions = {name: session.model_dump(mode="json") for name, session in manifest.sessions.items()}
    return json.dumps({"sessions": sessions, "threads": threads})


def read_report(text: str) -> BuildReport:
    """A worker's report of its build, from JSON."""
    report = json.loads(text)
    return BuildReport(
        backend=str(report["backend"]),
        threads=int(report["threads"]),
        create_ms=float(report["create_ms"]),
        warmup_ms=float(report["warmup_ms"]),
        memory_bytes=int(report["memory_bytes"]),
    )


class BrowserGraphRunner:
    """A ``runtime.graphs.GraphRunner``; ``client`` is an InferenceClient, which owns one worker."""

    def __init__(self, client: Any, store: BrowserShardStore) -> None:
        self._client, self._store = client, store
        self._fallen: dict[str, OrionError] = {}

    async def feed(self, shard: Shard) -> None:
        with translated():
            await self._client.feedGraphs(shard.sha256, shard.role, self._store.held_blob(shard.sha256))

    async def build(self) -> BuildReport:
        with translated():
            return read_report(await self._client.buildGraphs())

    async def run(self, session: str, inputs: Mapping[str, Given], want: Sequence[str]) -> dict[str, Tensor]:
        facts, tensors = await self._run(session, inputs, want)
        outputs: dict[str, Tensor] = {}
        for (name, dtype, shape), values in zip(facts, tensors, strict=True):
            outputs[name] = np.empty(shape, dtype)
            values.assign_to(_flat(outputs[name]))
        return outputs

    async def run_held(self, session: str, inputs: Mapping[str, Given], output: str) -> Held:
        ((_, _, shape),), (values,) = await self._run(session, inputs, [output])
        return _HeldBeside(values, tuple(shape))

    async def _run(
        self, session: str, inputs: Mapping[str, Given], want: Sequence[str]
    ) -> tuple[Sequence[tuple[str, str, list[int]]], Any]:
        """Name, type and shape of each output, and JavaScript's arrays of their values."""
        facts = [[name, _dtype(value), list(value.shape)] for name, value in inputs.items()]
        request = json.dumps({"session": session, "inputs": facts, "want": list(want)})
        given = [_in_bands(value) if isinstance(value, InBands) else to_js(_flat(value)) for value in inputs.values()]
        with translated():
            answer = await self._client.runGraph(request, *given)
        if (fell := json.loads(answer.fell)) is not None:
            self._fallen[session] = from_code(fell["code"], fell["message"])
        return json.loads(answer.facts), answer.tensors

    async def reset(self, session: str) -> None:
        with translated():
            await self._client.resetGraph(session)

    async def place(self, session: str, backend: Backend) -> None:
        with translated():
            await self._client.placeGraph(session, backend)

    def fallen(self) -> dict[str, OrionError]:
        found, self._fallen = self._fallen, {}
        return found

    async def memory_bytes(self) -> int:
        with translated():
            return int(await self._client.memoryBytes())

    async def ping(self) -> None:
        with translated():
            await self._client.ping()

    async def close(self) -> None:
        self._client.close()


@dataclass(frozen=True, slots=True)
class _HeldBeside:
    """A ``Held`` outside Python's memory: ``values`` is JavaScript's Float32Array."""

    values: Any
    shape: tuple[int, ...]

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        columns = self.shape[-1]
        out = np.empty((stop - start, columns), np.float32)
        self.values.subarray(start * columns, stop * columns).assign_to(out.reshape(-1))
        return out


def _in_bands(value: InBands) -> Any:
    """A Float32Array of JavaScript's, filled band by band."""
    from js import Float32Array  # at the module's import it might be a snapshot's stand-in

    _, planes, rows, columns = value.shape
    out = Float32Array.new(math.prod(value.shape))
    for row, values in value.bands():
        for plane in range(planes):
            start = (plane * rows + row) * columns
            part = np.ascontiguousarray(values[plane], np.float32).reshape(-1)
            out.subarray(start, start + part.size).assign(part)
    return out


def _dtype(value: Given) -> str:
    return "float32" if isinstance(value, InBands) else value.dtype.name


def _flat(value: Tensor) -> Any:
    """The same memory as one row; truth values as bytes, which JavaScript has a type for."""
    row = value.reshape(-1)
    return row.view(np.uint8) if row.dtype == np.bool_ else row
