"""Says which sessions of a graph model a GPU computes on this device, and has them computed there.

Each session has a verdict of its own: a recognizer may be wrong on a GPU where its detector is right, or slower. The
processor's sessions stay beside, so that one that fails on the GPU goes on at once, in the same run.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from orion_py.cancellation import CancelToken, ended_by
from orion_py.config import EngineConfig
from orion_py.errors import Cancelled, GoldenMismatch, InferenceTimeout, OrionError, OutOfMemory, WorkerDied
from orion_py.manifest.graph_manifest import GraphManifest
from orion_py.memory.budget import MB
from orion_py.opening.applying import Say
from orion_py.opening.backend_checks import BackendChecks, SessionOn
from orion_py.ports import Ports
from orion_py.runtime.base import Device
from orion_py.runtime.graph_golden import check_graphs
from orion_py.runtime.graphs import Backend
from orion_py.runtime.loaded_graphs import LoadedGraphs

Read = Callable[[str], Awaitable[bytes]]
"""A golden shard by its sha256."""


class SessionBackends:
    """``say`` tells of a session that steps back."""

    def __init__(self, ports: Ports, say: Say) -> None:
        self._ports, self._say = ports, say
        self._fallen: dict[tuple[str, str], str] = {}
        """By model and session, the code of what failed on the GPU while it was in use: this visit it isn't tried
        again."""

    async def checks(self) -> BackendChecks:
        return BackendChecks(self._ports.settings, await self._ports.runtime.device())

    async def known(
        self, manifest: GraphManifest, sessions: Iterable[str], backend: Backend
    ) -> dict[str, dict[str, Any]]:
        """By session, what is known of it on ``backend``."""
        checks = await self.checks()
        return {name: await checks.read(manifest, SessionOn(name, backend)) for name in sessions}

    def fall_of(self, model: str, session: str) -> str:
        """The code of what failed while the session was in use in this visit; "": nothing did."""
        return self._fallen.get((model, session), "")

    async def chosen(self, manifest: GraphManifest, config: EngineConfig) -> tuple[str, ...]:
        """The sessions that a GPU computes once the model is loaded: those that proved right and faster; where the
        configuration asks for WebGPU, all but those that are known to be wrong there."""
        device = await self._ports.runtime.device()
        if not device.webgpu or config.backend == "wasm":
            return ()
        known = await self.known(manifest, self._fit(manifest), "webgpu")
        if config.backend == "webgpu":
            return tuple(name for name, verdict in known.items() if verdict.get("right") is not False)
        return tuple(name for name, verdict in known.items() if verdict.get("right") and verdict.get("preferred"))

    async def unchecked(self, manifest: GraphManifest, sessions: Iterable[str]) -> tuple[str, ...]:
        """Those that aren't known to be right on the GPU."""
        known = await self.known(manifest, sessions, "webgpu")
        return tuple(name for name, verdict in known.items() if not verdict.get("right"))

    async def untried(self, manifest: GraphManifest, config: EngineConfig, device: Device) -> tuple[str, ...]:
        """The sessions that a trial would find something out about."""
        if config.backend != "auto" or not device.webgpu or device.webgpu_software:
            return ()
        known = await self.known(manifest, self._fit(manifest), "webgpu")
        return tuple(
            name for name, verdict in known.items() if "preferred" not in verdict and verdict.get("right") is not False
        )

    async def place(
        self,
        model: LoadedGraphs,
        sessions: Iterable[str],
        read: Read | None,
        config: EngineConfig,
        cancel: CancelToken,
    ) -> dict[str, OrionError]:
        """Has a GPU compute these sessions, and with ``read`` makes their golden runs there, one session after the
        other, so that one that is wrong spoils no other's. By name, why one of them is the processor's after all.

        Raises WorkerDied and Cancelled, which are the whole model's."""
        failed, model.falls = dict[str, OrionError](), {}
        for session in sessions:
            cancel.raise_if_cancelled()
            try:
                await self._placed(model, session, read, config, cancel)
            except (WorkerDied, Cancelled):
                raise
            except OrionError as error:
                failed[session] = error
                await model.place(session, "wasm")
        return model.falls | failed

    async def _placed(
        self, model: LoadedGraphs, session: str, read: Read | None, config: EngineConfig, cancel: CancelToken
    ) -> None:
        """Raises what says that this session isn't the GPU's."""
        limit = config.inference_timeout_s * len(model.manifest.golden)
        try:
            await ended_by(model.place(session, "webgpu"), cancel, config.inference_timeout_s)
            if model.memory_bytes > config.max_memory_mb * MB:
                raise OutOfMemory(f"{model.manifest.model}: {session} doesn't fit the memory on the GPU.")
            if read is None:
                return
            verdicts = await ended_by(check_graphs(model, read), cancel, limit)
        except TimeoutError:
            raise InferenceTimeout(f"{model.manifest.model}, {session}: the GPU didn't answer.") from None
        if session in model.falls:  # then the processor made its golden runs
            raise model.falls[session]
        wrong = verdicts[session]
        await (await self.checks()).keep(model.manifest, SessionOn(session, "webgpu"), right=wrong is None)
        if wrong is not None:
            raise wrong

    def watch(self, model: LoadedGraphs, title: str) -> None:
        """From now on a session that fails there goes on here: this is told, and what was found out about it goes."""

        async def fell(session: str, error: OrionError) -> None:
            await self.give_up(model.manifest, session, title, error)

        model.on_fall = fell

    async def give_up(self, manifest: GraphManifest, session: str, title: str, error: OrionError) -> None:
        """Tells that the session goes on here. One that computes wrongly there has its verdict; of one that fails
        otherwise what is known is forgotten, so that another visit finds out anew, and this one leaves it."""
        self._say("session", f"{title}, {session}: WebGPU", f"{title}, {session}: WASM", error)
        if not isinstance(error, GoldenMismatch):
            self._fallen[manifest.model, session] = error.code
            await (await self.checks()).drop(manifest, SessionOn(session, "webgpu"))

    async def blame(self, model: LoadedGraphs, title: str, error: WorkerDied) -> None:
        """The model's worker died: what a GPU computed there may be why."""
        for session in sorted(model.on_gpu):
            await self.give_up(model.manifest, session, title, error)

    def _fit(self, manifest: GraphManifest) -> list[str]:
        return [
            name
            for name, session in manifest.sessions.items()
            if not session.unfit_for_gpu and not self.fall_of(manifest.model, name)
        ]
