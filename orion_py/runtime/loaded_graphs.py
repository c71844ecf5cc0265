"""Holds one graph model in memory: checks each run, and has runs wait for each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from orion_py.errors import Cancelled, InvalidInput, OrionError
from orion_py.manifest.graph_manifest import GraphManifest
from orion_py.runtime.bands import Given, Held
from orion_py.runtime.base import BuildReport
from orion_py.runtime.graph_inputs import checked, told_alone, wanted
from orion_py.runtime.graphs import Backend, Graph, GraphRunner, Tensor

PATIENCE_S = 5.0
"""So long a worker may take to say how large it is."""


class LoadedGraphs:
    """A ``GraphModel`` over a built runner. ``files``: the content of the manifest's files, by name. ``on_fall`` is
    awaited with a session that a GPU failed, and why; the run's answer is the processor's."""

    def __init__(
        self, manifest: GraphManifest, runner: GraphRunner, files: Mapping[str, bytes], report: BuildReport
    ) -> None:
        self.manifest, self.report = manifest, report
        self._runner, self._files = runner, files
        self._turn = asyncio.Lock()
        self._ran: set[str] = set()
        self._on_gpu: set[str] = set()
        self.falls: dict[str, OrionError] = {}
        """The sessions that failed on a GPU, and why."""
        self.on_fall: Callable[[str, OrionError], Awaitable[None]] | None = None
        self.closed = False
        self.running = False
        """Whether a run is under way: also one that nobody waits for any more."""

    @property
    def on_gpu(self) -> frozenset[str]:
        """The sessions that a GPU computes."""
        return frozenset(self._on_gpu)

    @property
    def memory_bytes(self) -> int:
        return self.report.memory_bytes + sum(map(len, self._files.values()))

    def graph(self, session: str) -> Graph:
        if session not in self.manifest.sessions:
            raise InvalidInput(f"{self.manifest.model} has no session {session}")
        return _Session(self, session)

    async def file(self, name: str) -> bytes:
        if name not in self._files:
            raise InvalidInput(f"{self.manifest.model} has no file {name}")
        return self._files[name]

    async def run(self, session: str, inputs: Mapping[str, Given], want: Sequence[str] | None) -> dict[str, Tensor]:
        """As ``Graph.run``."""
        given, asked = checked(self.manifest, session, inputs), wanted(self.manifest, session, want)
        async with self._turn_of(session, given):
            return await self._runner.run(session, given, asked)

    async def run_held(self, session: str, inputs: Mapping[str, Given]) -> Held:
        """As ``Graph.run_held``."""
        given, asked = checked(self.manifest, session, inputs), told_alone(self.manifest, session)
        async with self._turn_of(session, given):
            return await self._runner.run_held(session, given, asked)

    @asynccontextmanager
    async def _turn_of(self, session: str, given: Mapping[str, Given]) -> AsyncIterator[None]:
        async with self._turn:
            self._require_open()
            self._require_handed(session, given)
            self.running = True
            try:
                yield
            except OrionError:
                self.running = False
                raise
            self.running = False
            self._ran.add(session)
            for fallen, error in self._runner.fallen().items():
                self._on_gpu.discard(fallen)
                self.falls[fallen] = error
                if self.on_fall is not None:
                    await self.on_fall(fallen, error)

    async def place(self, session: str, backend: Backend) -> None:
        """As ``GraphRunner.place``; the report says what it takes then."""
        async with self._turn:
            self._require_open()
            self._on_gpu.discard(session)
            await self._runner.place(session, backend)
            if backend == "webgpu":
                self._on_gpu.add(session)
        await self.measure_memory()

    async def reset(self, session: str) -> None:
        """As ``Graph.reset``."""
        async with self._turn:
            self._require_open()
            await self._runner.reset(session)

    async def measure_memory(self) -> None:
        """Brings the report's ``memory_bytes`` up to date. One that can't report it soon keeps its last figure."""
        if self.closed or self._turn.locked():
            return
        with suppress(OrionError, TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                self.report = replace(self.report, memory_bytes=await self._runner.memory_bytes())

    async def ping(self) -> None:
        """Raises WorkerDied where what computes is gone."""
        await self._runner.ping()

    async def close(self) -> None:
        self.closed = True
        await self._runner.close()

    def _require_handed(self, session: str, given: Mapping[str, Given]) -> None:
        for name, giver in self.manifest.sessions.items():
            waiting = {into.input for into in giver.hands_on.values() if into.session == session} - given.keys()
            if waiting and name not in self._ran:
                raise InvalidInput(f"{self.manifest.model}, {session}: {name} has to run first, for {min(waiting)}")

    def _require_open(self) -> None:
        if self.closed:
            raise Cancelled


class _Session:
    def __init__(self, model: LoadedGraphs, name: str) -> None:
        self._model, self._name = model, name

    async def run(self, inputs: Mapping[str, Given], want: Sequence[str] | None = None) -> dict[str, Tensor]:
        return await self._model.run(self._name, inputs, want)

    async def run_held(self, inputs: Mapping[str, Given]) -> Held:
        return await self._model.run_held(self._name, inputs)

    async def reset(self) -> None:
        await self._model.reset(self._name)
