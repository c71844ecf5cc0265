"""Schedules the WebGPU trials of models in memory that haven't been tried yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orion_py.background.updates import BetweenTurns
from orion_py.background.webgpu_trial import TrialResult, consider_webgpu, variant_to_try
from orion_py.cancellation import CancelToken
from orion_py.errors import OrionError
from orion_py.ports import Ports
from orion_py.registry.models import Registry
from orion_py.residency.manager import ModelManager
from orion_py.runtime.loaded_model import LoadedModel
from orion_py.telemetry.log import Logger

QUIET_S = 0.5
"""Between looks whether models still load."""
TRIES = 3
"""Failed trials of one model a visit: each builds a second session."""
AGAIN_S = 60.0
"""After a failed trial, doubled each time."""


@dataclass(slots=True)
class _Patience:
    tries: int = 0
    not_before: float = 0.0


class GpuTrials:
    """Call ``poll`` when no request came for a moment, and ``give_way`` as soon as one comes.
    ``between_turns`` gives the moment in which the winner takes over. ``idle``: nothing runs or waits."""

    def __init__(
        self,
        manager: ModelManager,
        registry: Registry,
        ports: Ports,
        log: Logger,
        between_turns: BetweenTurns,
        idle: Callable[[], bool],
    ) -> None:
        self._manager, self._registry, self._ports, self._log = manager, registry, ports, log
        self._between_turns, self._idle = between_turns, idle
        self._patience: dict[str, _Patience] = {}
        self._cancel: CancelToken | None = None
        """Of the trial under way."""
        self._decided = False
        """The trial under way is over but for the change of who serves, which is for its turn to come."""

    async def poll(self) -> None:
        """Tries the models that are due, one after the other, while nothing is asked and the connection costs
        nothing by the byte: a trial fetches what WebGPU needs. Never raises: a GPU that fails is a log line,
        not a problem."""
        if self._cancel is not None or self._ports.metered():
            return
        while self._manager.loading:
            await self._ports.sleep(QUIET_S)
        for model_id in list(self._manager.loaded):
            if not self._idle():
                return
            patience = self._patience.setdefault(model_id, _Patience())
            if patience.tries < TRIES and self._ports.clock() >= patience.not_before:
                await self.consider(model_id)

    async def consider(self, model_id: str) -> TrialResult | None:
        """Lets WebGPU take over if it is right and faster for this model here. None where
        there is nothing to find out, or not now. Never raises."""
        device = await self._ports.runtime.device()
        config = self._manager.config
        if config.backend != "auto" or config.runner == "kernel" or not device.webgpu or device.webgpu_software:
            return None
        entry = next((e for e in self._registry.known if e.id == model_id), None)
        if entry is None or self._cancel is not None:
            return None
        cancel = self._cancel = CancelToken()

        def decided() -> None:
            self._decided = True

        async def take_over(old: LoadedModel, new: LoadedModel) -> bool:
            async with self._between_turns(cancel):
                if cancel.cancelled or self._manager.loaded.get(model_id) is not old:
                    return False
                await self._manager.replace(model_id, new)
                return True

        try:
            if await variant_to_try(self._manager, model_id, device) is None:
                return None
            result = await consider_webgpu(
                self._manager, entry, device, self._ports.clock, self._log, cancel, take_over, decided
            )
            if result is None and not cancel.cancelled:
                self._wait_longer(model_id)
            return result
        except OrionError as error:
            self._log.info("webgpu trial put off", model=model_id, code=error.code)
            return None
        finally:
            self._cancel, self._decided = None, False

    def _wait_longer(self, model_id: str) -> None:
        patience = self._patience.setdefault(model_id, _Patience())
        patience.not_before = self._ports.clock() + AGAIN_S * 2**patience.tries
        patience.tries += 1

    def give_way(self) -> None:
        """Ends the running trial at once, because a request came; it is repeated later."""
        if self._cancel is not None and not self._decided:
            self._cancel.cancel()

    def stop(self) -> None:
        """As ``give_way``; a winner that waits for its turn doesn't take over either."""
        if self._cancel is not None:
            self._cancel.cancel()
