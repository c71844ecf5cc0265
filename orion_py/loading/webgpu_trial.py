"""WebGPU is believed, not assumed: it has to be right and faster before it takes over.

The trial runs while nothing else does, beside the WASM session that already answers, and keeps
its verdict, so that a later visit starts on the winner at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orion_py.errors import OrionError
from orion_py.loading.loaded_model import LoadedModel
from orion_py.loading.manager import ModelManager
from orion_py.loading.opener import Attempt
from orion_py.registry.models import ModelEntry
from orion_py.runtime.base import Device
from orion_py.telemetry.log import Logger

TIMED_STEPS = 6
CLEARLY_FASTER = 1.15
"""Switching has a cost and timings are noisy: a tie stays where it is."""


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


async def median_step(model: LoadedModel, clock: Callable[[], float], steps: int = TIMED_STEPS) -> float:
    """Seconds per decode step after a golden prompt, the first step (compilation) left out."""
    tokens = list(model.manifest.golden[0].tokens)
    await model.forward(tokens, 0)
    times = []
    for _ in range(steps + 1):
        started = clock()
        await model.forward(tokens[-1:], len(tokens) - 1)
        times.append(clock() - started)
    return sorted(times[1:])[len(times[1:]) // 2]


async def consider_webgpu(
    manager: ModelManager, entry: ModelEntry, device: Device, clock: Callable[[], float], log: Logger
) -> TrialResult | None:
    """Tries WebGPU for a model that WASM serves, and lets the winner serve it from now on.

    None when there is nothing to try, when a verdict is known, or when the trial failed, which is
    a log line and never an error: the page works as it did.
    """
    wasm = manager.loaded.get(entry.id)
    if wasm is None or wasm.variant.backend != "wasm":
        return None
    variant = next((v for v in wasm.manifest.variants if v.backend == "webgpu"), None)
    verdicts = manager.opener.verdicts(device)
    if variant is None or "preferred" in await verdicts.read(wasm.manifest, variant):
        return None
    memory = manager.memory()
    if memory.used_bytes + entry.memory_bytes > memory.budget_bytes:
        log.info("webgpu trial put off", code="out_of_memory")
        return None
    try:
        gpu = await manager.opener.open_beside(entry, Attempt(variant, 1))
    except OrionError as error:
        log.warn("webgpu trial failed", code=error.code, message=error.message)
        await verdicts.keep(wasm.manifest, variant, preferred=False, reason=error.code)
        return None
    try:
        result = TrialResult(gpu_step=await median_step(gpu, clock), wasm_step=await median_step(wasm, clock))
    except OrionError as error:
        log.warn("webgpu trial failed", code=error.code, message=error.message)
        await verdicts.keep(wasm.manifest, variant, preferred=False, reason=error.code)
        await gpu.close()
        return None
    log.info("webgpu trial", speedup=round(result.speedup, 2), preferred=result.preferred)
    await verdicts.keep(wasm.manifest, variant, preferred=result.preferred, speedup=result.speedup)
    if result.preferred:
        await manager.replace(entry.id, gpu)
    else:
        await gpu.close()
    return result
