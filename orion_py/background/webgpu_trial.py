"""Tries a model on WebGPU beside WASM: it takes over only if it is right and faster.

The trial runs while nothing is asked, beside the WASM session that already answers, and keeps its
verdict, so that a later visit starts on the winner at once. It ends as soon as something is asked.
Only what the GPU itself did wrong is a verdict: after a failed download, a full disk or a question
that came in between, the trial is made again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from orion_py.cancellation import CancelToken, ended_by
from orion_py.errors import Cancelled, InferenceTimeout, LoadError, OrionError, Unavailable, WorkerDied, from_code
from orion_py.manifest.variants import Engine, Variant
from orion_py.memory.needs import memory_needed
from orion_py.opening.ladder import Attempt, measured_against
from orion_py.registry.models import ModelEntry
from orion_py.residency.manager import ModelManager
from orion_py.runtime.base import Device, Logits
from orion_py.runtime.loaded_model import LoadedModel
from orion_py.telemetry.log import Logger

TIMED_STEPS = 6
CLEARLY_FASTER = 1.15
"""Switching has a cost and timings are noisy: a tie stays where it is."""
STEP_PATIENCE_S = 20.0
"""A GPU that takes so long for one step, the compilation of its pipelines included, isn't faster."""
_PASSING = (LoadError, Unavailable, WorkerDied, Cancelled)
"""What says nothing of the GPU: another time it may go well."""

TakeOver = Callable[[LoadedModel, LoadedModel], Awaitable[bool]]
"""``take_over(old, new)``: whether ``new`` serves in place of ``old`` from now on."""


@dataclass(frozen=True, slots=True)
class TrialResult:
    """Seconds per decode step (median) on either backend."""

    gpu_step: float
    wasm_step: float

    @property
    def speedup(self) -> float:
        return self.wasm_step / self.gpu_step

    @property
    def preferred(self) -> bool:
        return self.speedup >= CLEARLY_FASTER


def passes(error: OrionError) -> bool:
    """Whether a trial that ended in ``error`` is worth another."""
    return isinstance(error, _PASSING)


def judged(verdict: dict[str, Any], other: Engine) -> bool:
    """Whether a kept verdict is one, of a GPU beside the engine ``other``: it may have been measured beside a slower
    one, and earlier versions kept passing errors as if they were the GPU's."""
    reason = verdict.get("reason")
    if verdict.get("right") is not False and measured_against(verdict) != other:
        return False
    return "preferred" in verdict and not (isinstance(reason, str) and passes(from_code(reason)))


async def variant_to_try(manager: ModelManager, model_id: str, device: Device) -> Variant | None:
    """The variant for WebGPU of a model that WASM serves, where nothing is known of it here yet."""
    wasm = manager.loaded.get(model_id)
    if wasm is None or wasm.variant.backend != "wasm":
        return None
    variant = next((v for v in wasm.manifest.variants if v.backend == "webgpu"), None)
    if variant is None:
        return None
    verdict = await manager.opener.ladder.backend_checks(device).read(wasm.manifest, variant)
    return None if judged(verdict, wasm.variant.engine) else variant


async def _step(model: LoadedModel, tokens: list[int], position: int, cancel: CancelToken) -> Logits:
    try:
        return await ended_by(model.forward(tokens, position), cancel, STEP_PATIENCE_S)
    except TimeoutError:
        raise InferenceTimeout(f"{model.label}: no token for {STEP_PATIENCE_S:g} s.") from None


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


async def consider_webgpu(
    manager: ModelManager,
    entry: ModelEntry,
    device: Device,
    clock: Callable[[], float],
    log: Logger,
    cancel: CancelToken | None = None,
    take_over: TakeOver | None = None,
    on_decided: Callable[[], None] = lambda: None,
) -> TrialResult | None:
    """Tries WebGPU for a model that WASM serves, and lets the winner serve it from now on.

    None when there is nothing to try, when a verdict is known, when the trial was called off
    (``cancel``), or when it failed, which is a log line and never an error: the page works as it did.
    ``on_decided`` is called when all is measured, so that calling off would only lose what is known.
    """
    cancel = cancel or CancelToken()
    variant, wasm = await variant_to_try(manager, entry.id, device), manager.loaded.get(entry.id)
    if variant is None or wasm is None or not wasm.manifest.golden:
        return None
    memory = manager.memory()
    needed = memory_needed(entry, wasm.manifest, variant, wasm.context)
    if memory.used_bytes + needed > memory.budget_bytes:
        log.info("webgpu trial put off", code="out_of_memory")
        return None
    checks = manager.opener.ladder.backend_checks(device)
    gpu: LoadedModel | None = None
    try:
        gpu = await manager.opener.open_beside(entry, wasm.manifest, Attempt(variant, 1), cancel)
        gpu_step = await median_step(gpu, clock, cancel)
        result = TrialResult(gpu_step, wasm_step=await median_step(wasm, clock, cancel))
    except OrionError as error:
        if gpu is not None:
            await gpu.close()
        if passes(error):
            log.info("webgpu trial put off", model=entry.id, code=error.code, message=error.message)
        elif wasm.closed or manager.loaded.get(entry.id) is not wasm:
            log.info("webgpu trial put off", model=entry.id, code="worker_died")
        else:
            log.warn("webgpu trial failed", model=entry.id, code=error.code, message=error.message)
            await checks.keep(wasm.manifest, variant, preferred=False, reason=error.code, against=wasm.variant.engine)
        return None
    on_decided()
    log.info("webgpu trial", model=entry.id, speedup=round(result.speedup, 2), preferred=result.preferred)
    facts: dict[str, Any] = {"preferred": result.preferred, "speedup": result.speedup, "against": wasm.variant.engine}
    await checks.keep(wasm.manifest, variant, **facts, reason="")
    serves = False
    try:
        serves = result.preferred and await (take_over or _at_once(manager, entry.id))(wasm, gpu)
    except OrionError as error:  # such as the engine's end before the winner's turn came
        log.info("webgpu trial put off", model=entry.id, code=error.code)
    finally:
        if not serves:
            await gpu.close()
    return result


def _at_once(manager: ModelManager, model_id: str) -> TakeOver:
    async def take_over(old: LoadedModel, new: LoadedModel) -> bool:
        if manager.loaded.get(model_id) is not old:
            return False  # it was unloaded meanwhile, or another version serves
        await manager.replace(model_id, new)
        return True

    return take_over
