"""Answers for a graph model from functions, for tests: no graphs, no weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from orion_py.errors import OrionError
from orion_py.manifest.graph_manifest import GraphManifest
from orion_py.manifest.shards import Shard
from orion_py.runtime.bands import Given, Held
from orion_py.runtime.base import BuildReport
from orion_py.runtime.graphs import Backend, Tensor
from orion_py.runtime.whole import HeldArray, as_arrays

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Answer = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]
"""From a run's inputs to its outputs."""


@dataclass
class ScriptedGraphRunner:
    """``answers`` by session. ``failures`` by method are raised in turn, first. State isn't kept: an answer may.

    ``on_gpu``: the sessions that the GPU computes, with ``gpu_answers`` where there is one. ``gpu_failures`` by session
    are what it fails with in a run, in turn. ``on_run`` hears of each run, its session and its backend."""

    answers: Mapping[str, Answer]
    threads: int = 1
    memory: int = 1_000_000
    failures: dict[str, list[OrionError]] = field(default_factory=dict)
    fed: list[str] = field(default_factory=list)
    resets: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    closed: bool = False
    gpu_answers: Mapping[str, Answer] = field(default_factory=dict)
    gpu_failures: dict[str, list[OrionError]] = field(default_factory=dict)
    on_run: Callable[[str, Backend], None] = lambda session, backend: None
    on_gpu: set[str] = field(default_factory=set)
    _fallen: dict[str, OrionError] = field(default_factory=dict)

    def _fail(self, name: str) -> None:
        if self.failures.get(name):
            raise self.failures[name].pop(0)

    async def feed(self, shard: Shard) -> None:
        self._fail("feed")
        self.fed.append(shard.sha256)

    async def build(self) -> BuildReport:
        self._fail("build")
        return BuildReport("scripted", self.threads, create_ms=0.0, warmup_ms=0.0, memory_bytes=self.memory)

    async def run(self, session: str, inputs: Mapping[str, Given], want: Sequence[str]) -> dict[str, Tensor]:
        self._fail("run")
        self.runs.append(session)
        if session in self.on_gpu and self.gpu_failures.get(session):
            self._fallen[session] = self.gpu_failures[session].pop(0)
            self.on_gpu.discard(session)
        on_gpu = session in self.on_gpu
        self.on_run(session, "webgpu" if on_gpu else "wasm")
        answer = self.gpu_answers.get(session, self.answers[session]) if on_gpu else self.answers[session]
        outputs = answer(as_arrays(inputs))
        return {name: outputs[name] for name in want}

    async def run_held(self, session: str, inputs: Mapping[str, Given], output: str) -> Held:
        found = (await self.run(session, inputs, [output]))[output]
        return HeldArray(cast("NDArray[np.float32]", found))

    async def reset(self, session: str) -> None:
        self._fail("reset")
        self.resets.append(session)

    async def place(self, session: str, backend: Backend) -> None:
        self.on_gpu.discard(session)
        self._fail("place")
        self._fail(f"place {session}")
        if backend == "webgpu":
            self.on_gpu.add(session)

    def fallen(self) -> dict[str, OrionError]:
        found, self._fallen = self._fallen, {}
        return found

    async def memory_bytes(self) -> int:
        self._fail("memory_bytes")
        return self.memory

    async def ping(self) -> None:
        self._fail("ping")

    async def close(self) -> None:
        self.closed = True


@dataclass
class ScriptedGraphs:
    """Opens scripted runners and keeps them for a test to look at."""

    answers: Mapping[str, Answer]
    failures: dict[str, list[OrionError]] = field(default_factory=dict)
    memory: int = 1_000_000
    runners: list[ScriptedGraphRunner] = field(default_factory=list)
    gpu_answers: Mapping[str, Answer] = field(default_factory=dict)
    gpu_failures: dict[str, list[OrionError]] = field(default_factory=dict)
    on_run: Callable[[str, Backend], None] = lambda session, backend: None

    async def open_graphs(self, manifest: GraphManifest, threads: int) -> ScriptedGraphRunner:
        if self.failures.get("open"):
            raise self.failures["open"].pop(0)
        runner = ScriptedGraphRunner(self.answers, threads, self.memory, self.failures)
        runner.gpu_answers, runner.gpu_failures, runner.on_run = self.gpu_answers, self.gpu_failures, self.on_run
        self.runners.append(runner)
        return runner
