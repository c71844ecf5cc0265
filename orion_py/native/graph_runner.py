"""Computes a graph model's sessions on native onnxruntime."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
import onnxruntime as ort

from orion_py.errors import BackendUnavailable, Cancelled, OrionError, OutOfMemory, RuntimeFailure
from orion_py.manifest.graph_manifest import GraphManifest, GraphSession
from orion_py.manifest.shards import Shard
from orion_py.native.fed_graphs import FedGraphs
from orion_py.native.store import read_verified
from orion_py.runtime.bands import Given, Held
from orion_py.runtime.base import BuildReport
from orion_py.runtime.graphs import Backend, Tensor
from orion_py.runtime.whole import HeldArray, as_arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

T = TypeVar("T")


class NativeGraphRunner:
    """A ``runtime.graphs.GraphRunner`` over the shards in the folder ``shards``, with at most ``threads``."""

    def __init__(self, manifest: GraphManifest, threads: int, shards: Path) -> None:
        self._manifest, self._threads, self._shards = manifest, threads, shards
        self._fed = FedGraphs(threads)
        self._bytes = 0
        self._sessions: dict[str, Any] = {}
        self._state: dict[str, dict[str, Tensor]] = {name: {} for name in manifest.sessions}
        """By session, the inputs that were kept or handed on."""
        self._under_way: set[Any] = set()
        """The options of runs, through which they are ended."""
        self._closed = False

    async def feed(self, shard: Shard) -> None:
        await self._guarded(lambda: self._feed(shard))

    async def build(self) -> BuildReport:
        return await self._guarded(self._build)

    async def run(self, session: str, inputs: Mapping[str, Given], want: Sequence[str]) -> dict[str, Tensor]:
        return await self._guarded(lambda: self._run(session, as_arrays(inputs), want))

    async def run_held(self, session: str, inputs: Mapping[str, Given], output: str) -> Held:
        found = (await self.run(session, inputs, [output]))[output]
        return HeldArray(cast("NDArray[np.float32]", found))

    async def reset(self, session: str) -> None:
        for name in self._manifest.sessions[session].keeps.values():
            self._state[session].pop(name, None)

    async def place(self, session: str, backend: Backend) -> None:
        """Raises BackendUnavailable for a GPU: onnxruntime computes on the processor here."""
        if backend == "webgpu":
            raise BackendUnavailable("There is no WebGPU outside a browser.")

    def fallen(self) -> dict[str, OrionError]:
        return {}

    async def memory_bytes(self) -> int:
        """Of its graphs and weights: what runs take, this process gets back."""
        return self._bytes

    async def ping(self) -> None:
        """Returns at once: the model is in this process."""

    async def close(self) -> None:
        """A run under way ends after the node that it computes, with Cancelled; the memory goes with it."""
        self._closed = True
        for options in list(self._under_way):
            options.terminate = True
        self._sessions, self._state = {}, {}
        self._fed.drop()

    async def _guarded(self, call: Callable[[], T]) -> T:
        """Runs ``call`` in a thread; what a closed or failing model raises becomes one of our errors."""
        if self._closed:
            raise Cancelled
        try:
            return await asyncio.to_thread(call)
        except OrionError:
            raise
        except MemoryError as error:
            raise OutOfMemory from error
        except Exception as error:  # onnxruntime's own exceptions share no base but this
            if self._closed:
                raise Cancelled from error
            raise RuntimeFailure(f"onnxruntime: {error}") from error

    def _feed(self, shard: Shard) -> None:
        data = read_verified(self._shards, shard.sha256)
        self._fed.feed(shard, data)
        self._bytes += len(data)

    def _build(self) -> BuildReport:
        started = time.perf_counter()
        for name, session in self._manifest.sessions.items():
            self._fed.check_names(session.graph, name)
            self._sessions[name] = self._fed.session(session.graph, session.threads)
            _require_names(name, session, self._sessions[name])
        self._fed.drop()
        threads = min(self._threads, max(session.threads for session in self._manifest.sessions.values()))
        return BuildReport("native", threads, (time.perf_counter() - started) * 1e3, 0.0, self._bytes)

    def _run(self, session: str, inputs: Mapping[str, Tensor], want: Sequence[str]) -> dict[str, Tensor]:
        spec, state = self._manifest.sessions[session], self._state[session]
        fed = {name: inputs[name] if name in inputs else state.get(name) for name in spec.inputs}
        filled = {name: _nothing_yet(spec, name) if value is None else value for name, value in fed.items()}
        names = list(dict.fromkeys([*want, *spec.keeps, *spec.hands_on]))
        options = ort.RunOptions()
        self._under_way.add(options)
        try:
            outputs = dict(zip(names, self._sessions[session].run(names, filled, options), strict=True))
        finally:
            self._under_way.discard(options)
        for output, kept in spec.keeps.items():
            state[kept] = outputs[output]
        for output, into in spec.hands_on.items():
            self._state[into.session][into.input] = outputs[output]
        return {name: np.array(outputs[name]) for name in want}


def _nothing_yet(spec: GraphSession, name: str) -> Tensor:
    """State that a session keeps, before its first run."""
    tensor = spec.inputs[name]
    return np.zeros([0 if isinstance(size, str) else size for size in tensor.shape], tensor.dtype)


def _require_names(name: str, spec: GraphSession, session: Any) -> None:
    """Raises RuntimeFailure where the graph has other inputs than the manifest, or lacks one of its outputs."""
    inputs, outputs = ({value.name for value in values} for values in (session.get_inputs(), session.get_outputs()))
    if inputs != spec.inputs.keys() or not spec.outputs.keys() <= outputs:
        wrong = (inputs ^ spec.inputs.keys()) | (spec.outputs.keys() - outputs)
        raise RuntimeFailure(f"session {name}: the graph and the manifest differ in {min(wrong)}", session=name)
