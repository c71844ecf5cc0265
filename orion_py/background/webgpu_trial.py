"""Tries a decoder on WebGPU beside the session that answers: a ``Contest`` on its variant for a GPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from orion_py.background.contest import PATIENCE_S, Outcomes, TrialResult, known_to_fail, passes
from orion_py.cancellation import CancelToken, ended_by
from orion_py.errors import InferenceTimeout, OrionError, WorkerDied
from orion_py.manifest.variants import Engine, Variant
from orion_py.memory.needs import memory_needed
from orion_py.opening.ladder import Attempt, measured_against
from orion_py.registry.models import ModelEntry
from orion_py.residency.manager import ModelManager
from orion_py.runtime.base import Device, Logits
from orion_py.runtime.loaded_model import LoadedModel

TIMED_STEPS = 6


def judged(verdict: Mapping[str, Any], other: Engine) -> bool:
    """Whether a kept verdict is one, of a GPU beside the engine ``other``: it may have been measured beside a slower
    one."""
    if verdict.get("right") is not False and measured_against(verdict) != other:
        return False
    return "preferred" in verdict and known_to_fail(verdict)


async def _step(model: LoadedModel, tokens: list[int], position: int, cancel: CancelToken) -> Logits:
    try:
        return await ended_by(model.forward(tokens, position), cancel, PATIENCE_S)
    except TimeoutError:
        raise InferenceTimeout(f"{model.label}: no token for {PATIENCE_S:g} s.") from None


async def median_step(
    model: LoadedModel, clock: Callable[[], float], cancel: CancelToken, steps: int = TIMED_STEPS
) -> float:
    """Seconds per decode step after a golden prompt, the first step (compilation) left out. Raises
    Cancelled, and RuntimeFailure."""
    tokens = list(model.manifest.golden[0].tokens)
    await _step(model, tokens, 0, cancel)
    times = []
    for _ in range(steps + 1):
        started = clock()
        await _step(model, tokens[-1:], len(tokens) - 1, cancel)
        times.append(clock() - started)
    return sorted(times[1:])[len(times[1:]) // 2]


class DecoderContest:
    """A ``Contest`` for a decoder that the processor serves."""

    def __init__(
        self,
        manager: ModelManager,
        entry: ModelEntry,
        serves: LoadedModel,
        device: Device,
        clock: Callable[[], float],
    ) -> None:
        self._manager, self._entry, self._clock, self.serves = manager, entry, clock, serves
        self._checks = manager.opener.ladder.backend_checks(device)
        self._variant = next((v for v in serves.manifest.variants if v.backend == "webgpu"), None)

    @property
    def model_id(self) -> str:
        return self._entry.id

    @property
    def needed_bytes(self) -> int:
        return memory_needed(self._entry, self.serves.manifest, self._tried, self.serves.context)

    @property
    def _tried(self) -> Variant:
        assert self._variant is not None, "nothing was to try"
        return self._variant

    async def untried(self) -> Sequence[str]:
        wasm, variant = self.serves, self._variant
        if wasm.variant.backend != "wasm" or variant is None or not wasm.manifest.golden:
            return ()
        verdict = await self._checks.read(wasm.manifest, variant)
        return () if judged(verdict, wasm.variant.engine) else (variant.id,)

    async def run(self, tried: Sequence[str], cancel: CancelToken) -> tuple[LoadedModel | None, Outcomes]:
        wasm, attempt = self.serves, Attempt(self._tried, 1)
        gpu: LoadedModel | None = None
        try:
            gpu = await self._manager.opener.open_beside(self._entry, wasm.manifest, attempt, cancel)
            gpu_step = await median_step(gpu, self._clock, cancel)
            result = TrialResult(gpu_step, wasm_step=await median_step(wasm, self._clock, cancel))
        except OrionError as error:
            if gpu is not None:
                await gpu.close()
            if passes(error):
                raise
            if wasm.closed or self._manager.loaded.get(self.model_id) is not wasm:
                raise WorkerDied(f"What served {self._entry.title} is gone: {error.message}") from error
            return None, dict.fromkeys(tried, error)
        return gpu, dict.fromkeys(tried, result)

    async def keep(self, what: str, **facts: Any) -> None:
        against = self.serves.variant.engine
        await self._checks.keep(self.serves.manifest, self._tried, **facts, against=against)
