"""Sessions of tests that choose tokens themselves, as a browser's worker does, with the engine's own sampler."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence

from orion_py.errors import Cancelled, OrionError
from orion_py.generation.sampling import Penalised, Sampler, SamplingParams
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.variants import Variant
from orion_py.runtime.base import Logits
from orion_py.runtime.scripted import ScriptedRuntime, ScriptedSession
from orion_py.runtime.segments import Inputs
from orion_py.runtime.token_runs import RunRequest, RunTokens


class Draws(random.Random):
    """The random numbers that a run was given."""

    def __init__(self, numbers: Sequence[float]) -> None:
        super().__init__()
        self._numbers = list(numbers)

    def random(self) -> float:
        return self._numbers.pop(0)


class RunsByForward:
    """Makes a session one that takes runs. ``tells`` says after each token whether what came is told now; ``rests`` is
    awaited between two steps."""

    forward: Callable[[Inputs, int], object]
    stopped = False
    stops = 0
    runs = 0

    def tells(self) -> bool:
        return True

    async def rests(self) -> None:
        await asyncio.sleep(0)

    async def _step(self, token: int, position: int) -> Logits:
        return await self.forward([token], position)  # type: ignore[misc,no-any-return]

    async def run(self, request: RunRequest) -> AsyncIterator[RunTokens]:
        choice, token = request.choice, request.token
        params = SamplingParams(choice.temperature, choice.top_p, choice.top_k, choice.penalty)
        sampler = Sampler(params, 0, Penalised(never=frozenset(choice.never)))
        sampler._random = Draws(choice.draws)
        context, fresh = list(choice.seen), list[int]()
        self.stopped = False
        self.runs += 1
        for step in range(request.count):
            try:
                logits = await self._step(token, request.position + step)
            except Cancelled:
                break
            except OrionError:
                if fresh:
                    yield RunTokens(fresh, 0.0)
                raise
            token = sampler.sample(logits, context)
            context.append(token)
            fresh.append(token)
            if token in request.ends:
                break
            if self.tells():
                yield RunTokens(fresh, 0.0)
                fresh = []
            await self.rests()
            if self.stopped:
                break
        if fresh:
            yield RunTokens(fresh, 0.0)

    def stop(self) -> None:
        self.stopped = True
        self.stops += 1


class RunningSession(RunsByForward, ScriptedSession):
    """A scripted session that takes runs, and tells ``together`` tokens at a time."""

    together = 4
    _count = 0

    def tells(self) -> bool:
        self._count += 1
        return self._count % self.together == 1

    async def interrupt(self) -> None:
        self.stopped = True
        await super().interrupt()


class RunningRuntime(ScriptedRuntime):
    """Opens ``RunningSession``s."""

    async def open(self, manifest: Manifest, variant: Variant, threads: int, context: int) -> RunningSession:
        made = await super().open(manifest, variant, threads, context)
        session = RunningSession(made.script, made.vocab, made.report, made.failures, made.on_call)
        session.prefixes = made.prefixes
        self.sessions[-1] = session
        return session
