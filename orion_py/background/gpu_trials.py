"""Schedules the WebGPU trials of models in memory that haven't been tried yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orion_py.background.contest import Outcomes, TakeOver, decide
from orion_py.background.session_trial import SessionContest
from orion_py.background.updates import BetweenTurns
from orion_py.background.webgpu_trial import DecoderContest
from orion_py.cancellation import CancelToken
from orion_py.errors import OrionError
from orion_py.ports import Ports
from orion_py.registry.models import Registry
from orion_py.residency.manager import ModelManager
from orion_py.runtime.loaded_graphs import LoadedGraphs
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
        for model_id in [*self._manager.loaded, *self._manager.senses]:
            if not self._idle() or self._listens():
                return
            patience = self._patience.setdefault(model_id, _Patience())
            if patience.tries < TRIES and self._ports.clock() >= patience.not_before:
                await self.consider(model_id)

    def _listens(self) -> bool:
        """Whether somebody is heard or read to, which no queue knows of: a trial would take the time for it."""
        return any(row.busy and row.model in self._manager.senses for row in self._manager.memory().models)

    async def consider(self, model_id: str) -> Outcomes | None:
        """Lets WebGPU take over what it computes right and faster for this model here. None where
        there is nothing to find out, or not now. Never raises."""
        if self._cancel is not None:
            return None
        cancel = self._cancel = CancelToken()

        def decided() -> None:
            self._decided = True

        try:
            contest = await self._contest(model_id)
            if contest is None or not await contest.untried():
                return None
            if isinstance(contest, SessionContest):
                outcomes = await decide(
                    contest, self._manager, self._log, cancel, self._hand_over(model_id, cancel), decided
                )
            else:
                outcomes = await decide(
                    contest, self._manager, self._log, cancel, self._switch(model_id, cancel), decided
                )
            if outcomes is None and not cancel.cancelled:
                self._wait_longer(model_id)
            return outcomes
        except OrionError as error:
            self._log.info("webgpu trial put off", model=model_id, code=error.code)
            return None
        finally:
            self._cancel, self._decided = None, False

    async def _contest(self, model_id: str) -> DecoderContest | SessionContest | None:
        """None for a model that isn't in memory, or that a GPU isn't to be tried for."""
        manager, clock, device = self._manager, self._ports.clock, await self._ports.runtime.device()
        sense = next((e for e in self._registry.senses if e.id == model_id), None)
        graphs = manager.senses.get(model_id)
        if sense is not None and graphs is not None:
            return SessionContest(manager, sense, graphs, device, clock)
        config, entry = manager.config, next((e for e in self._registry.known if e.id == model_id), None)
        if config.backend != "auto" or config.runner == "kernel" or not device.webgpu or device.webgpu_software:
            return None
        model = manager.loaded.get(model_id)
        return None if entry is None or model is None else DecoderContest(manager, entry, model, device, clock)

    def _switch(self, model_id: str, cancel: CancelToken) -> TakeOver[LoadedModel]:
        async def take_over(old: LoadedModel, new: LoadedModel) -> bool:
            async with self._between_turns(cancel):
                if cancel.cancelled or self._manager.loaded.get(model_id) is not old:
                    return False  # it was unloaded meanwhile, or another version serves
                await self._manager.replace(model_id, new)
                return True

        return take_over

    def _hand_over(self, model_id: str, cancel: CancelToken) -> TakeOver[LoadedGraphs]:
        """A graph model holds no conversation: it changes as soon as nobody has it."""

        async def take_over(old: LoadedGraphs, new: LoadedGraphs) -> bool:
            async with self._manager.turn(model_id, cancel):
                if cancel.cancelled or self._manager.senses.get(model_id) is not old:
                    return False
                await self._manager.replace(model_id, new)
                return True

        return take_over

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
