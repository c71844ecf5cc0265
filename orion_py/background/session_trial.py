"""Tries the sessions of a graph model on WebGPU: a ``Contest`` in which each of them wins or loses for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from orion_py.background.contest import PATIENCE_S, Outcomes, TrialResult, passes
from orion_py.cancellation import CancelToken, ended_by
from orion_py.errors import InferenceTimeout, OrionError
from orion_py.opening.backend_checks import SessionOn
from orion_py.opening.session_backends import Read
from orion_py.registry.models import SenseEntry
from orion_py.residency.manager import ModelManager
from orion_py.runtime.base import Device
from orion_py.runtime.graph_golden import golden_tensors
from orion_py.runtime.graphs import Tensor
from orion_py.runtime.loaded_graphs import LoadedGraphs

TIMED_PASSES = 4
"""Over all golden runs, after one that isn't timed."""
_Run: TypeAlias = tuple[str, Mapping[str, Tensor], Sequence[str]]
"""A golden run: session, inputs, and the outputs that are wanted."""


class SessionContest:
    """A ``Contest`` for a graph model. Both backends are timed in the copy: what serves may be lent meanwhile."""

    def __init__(
        self,
        manager: ModelManager,
        entry: SenseEntry,
        serves: LoadedGraphs,
        device: Device,
        clock: Callable[[], float],
    ) -> None:
        self._manager, self._entry, self._device, self._clock = manager, entry, device, clock
        self._backends, self.serves = manager.graphs.backends, serves

    @property
    def model_id(self) -> str:
        return self._entry.id

    @property
    def needed_bytes(self) -> int:
        """The copy has both: the processor's sessions and the GPU's."""
        return 2 * self._entry.memory_bytes

    async def untried(self) -> Sequence[str]:
        return await self._backends.untried(self.serves.manifest, self._manager.config, self._device)

    async def run(self, tried: Sequence[str], cancel: CancelToken) -> tuple[LoadedGraphs | None, Outcomes]:
        config, outcomes = self._manager.config, dict[str, TrialResult | OrionError]()
        copy, read = await self._manager.graphs.open_beside(self._entry, self.serves, config, cancel)
        try:
            runs = await self._golden(copy, read)
            wasm = await self._seconds(copy, runs, cancel)
            outcomes |= await self._backends.place(copy, tried, read, config, cancel)
            try:
                gpu = await self._seconds(copy, runs, cancel) if copy.on_gpu else {}
            except InferenceTimeout as error:  # the copy still waits for it: the others are tried another time
                await copy.close()
                return None, {str(error.detail["session"]): error}
            outcomes |= copy.falls
            for session in sorted(copy.on_gpu):
                outcomes[session] = result = TrialResult(gpu[session], wasm[session])
                if not result.preferred:
                    await copy.place(session, "wasm")
            for session in await self._backends.chosen(copy.manifest, config):
                if session not in outcomes and session in self.serves.on_gpu:
                    await copy.place(session, "webgpu")  # it has won before
        except BaseException:
            await copy.close()
            raise
        self._backends.watch(copy, self._entry.title)
        return copy, {name: outcome for name, outcome in outcomes.items() if not _says_nothing(outcome)}

    async def keep(self, what: str, **facts: Any) -> None:
        await (await self._backends.checks()).keep(self.serves.manifest, SessionOn(what, "webgpu"), **facts)

    async def _golden(self, copy: LoadedGraphs, read: Read) -> list[_Run]:
        """In their order."""
        runs: list[_Run] = []
        for golden in copy.manifest.golden:
            inputs, expected = golden_tensors(golden, await read(golden.tensors))
            runs.append((golden.session, inputs, tuple(expected)))
        return runs

    async def _seconds(
        self,
        copy: LoadedGraphs,
        runs: Iterable[_Run],
        cancel: CancelToken,
    ) -> dict[str, float]:
        """By session, of all its golden runs together: the median of several passes, after one that isn't timed (it
        compiles). Raises Cancelled, and RuntimeFailure."""
        passes_of: dict[str, list[float]] = {name: [] for name in copy.manifest.sessions}
        for number in range(TIMED_PASSES + 1):
            for session in copy.manifest.sessions:
                await copy.graph(session).reset()
            taken = dict.fromkeys(copy.manifest.sessions, 0.0)
            for session, inputs, want in runs:
                cancel.raise_if_cancelled()
                started = self._clock()
                try:
                    await ended_by(copy.graph(session).run(inputs, want), cancel, PATIENCE_S)
                except TimeoutError:
                    what = f"{self.model_id}, {session}: nothing for {PATIENCE_S:g} s."
                    raise InferenceTimeout(what, session=session) from None
                taken[session] += self._clock() - started
            for session, seconds in taken.items():
                if number:
                    passes_of[session].append(seconds)
        return {session: sorted(found)[len(found) // 2] for session, found in passes_of.items()}


def _says_nothing(outcome: TrialResult | OrionError) -> bool:
    return isinstance(outcome, OrionError) and passes(outcome)
