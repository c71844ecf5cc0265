"""The ways to run one model on one device, best first: the rungs that loading descends.

A GPU where it proved itself, our own kernel, onnxruntime on the processor; the last two with all threads, then with
one, and the kernel also with a narrower cache (``loading.cache_width``). Wherever a rung's form isn't in the
manifest, or the device can't, it is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

from orion_py.config import EngineConfig
from orion_py.errors import BackendUnavailable, GoldenMismatch, OrionError, OutOfMemory
from orion_py.loading.cache_width import cache_widths
from orion_py.loading.loaded_model import backend_label
from orion_py.loading.manifest import Engine, Manifest, Variant
from orion_py.loading.verdicts import Verdicts
from orion_py.protocol import FallbackKind
from orion_py.runtime.base import Device
from orion_py.runtime.kernel_variant import kernel_variant


@dataclass(frozen=True, slots=True)
class Attempt:
    """One rung of the ladder."""

    variant: Variant
    threads: int

    @property
    def label(self) -> str:
        backend = "kernel" if self.variant.engine == "kernel" else self.variant.backend
        return backend_label(backend, self.threads, self.variant.exact, self.variant.cache_bits)


async def ladder(manifest: Manifest, device: Device, config: EngineConfig, verdicts: Verdicts) -> list[Attempt]:
    """What to try. WebGPU comes first when asked for, or when it has proved itself right and faster on this device
    than what would serve otherwise. The kernel is left out where it is known to compute this model wrongly."""
    threads = device.threads if config.threads is None else config.threads
    on_wasm = [v for v in manifest.variants if v.backend == "wasm" and v.engine == "onnxruntime"]
    # A model of another layout has one form alone.
    wasm = [v for v in on_wasm if v.exact == config.exact] or on_wasm
    kernel = await _kernel(manifest, device, config, verdicts)
    if config.exact and any(v.exact for v in on_wasm):
        kernel = []
    gpu = await _gpu(manifest, device, config, verdicts, "kernel" if kernel else "onnxruntime")
    rungs = [Attempt(v, 1) for v in gpu]
    for variants in (*([variant] for variant in kernel), wasm):
        for count in dict.fromkeys((threads, 1)):
            rungs.extend(Attempt(v, count) for v in variants)
    return rungs


def wants_kernel(manifest: Manifest, device: Device, config: EngineConfig) -> bool:
    """Whether the configuration asks for the kernel, and the model and the device have it."""
    return config.runner != "onnxruntime" and bool(device.kernel) and kernel_variant(manifest) is not None


async def _kernel(manifest: Manifest, device: Device, config: EngineConfig, verdicts: Verdicts) -> list[Variant]:
    variant = kernel_variant(manifest)
    if variant is None or not device.kernel or config.runner == "onnxruntime":
        return []
    widths = cache_widths(variant, manifest, config)
    if config.runner == "kernel":
        return widths
    wrong = [v for v in (variant, *widths) if (await verdicts.read(manifest, v)).get("right") is False]
    return [] if variant in wrong else [v for v in widths if v not in wrong]


async def _gpu(
    manifest: Manifest, device: Device, config: EngineConfig, verdicts: Verdicts, other: Engine
) -> list[Variant]:
    gpu = [v for v in manifest.variants if v.backend == "webgpu"] if device.webgpu else []
    if config.backend == "webgpu":
        return gpu
    if config.backend == "wasm" or config.runner == "kernel":
        return []
    known = [(v, await verdicts.read(manifest, v)) for v in gpu]
    return [v for v, verdict in known if verdict.get("preferred") and measured_against(verdict) == other]


def measured_against(verdict: dict[str, object]) -> object:
    """The engine that a GPU's verdict compares it with; before there was a choice it was onnxruntime."""
    return verdict.get("against", "onnxruntime")


def kind_of_step(failed: Attempt, following: Attempt) -> FallbackKind:
    """What kind of step down it is from one rung to another."""
    if failed.variant.backend != following.variant.backend:
        return "backend"
    if failed.variant.cache_bits > following.variant.cache_bits:
        return "cache"
    return "kernel" if failed.variant.engine != following.variant.engine else "threads"


def is_futile(rung: Attempt, failed: Attempt, error: OrionError) -> bool:
    """Whether ``rung`` would end as ``failed`` did: the kernel computes the same with any number of threads, and a
    narrower cache takes less memory and changes nothing else."""
    if rung.variant.engine != "kernel" or failed.variant.engine != "kernel":
        return False
    if rung.variant.cache_bits < failed.variant.cache_bits:
        return not isinstance(error, OutOfMemory)
    return rung.variant == failed.variant and isinstance(error, GoldenMismatch | BackendUnavailable)
