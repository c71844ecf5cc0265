"""Lists the ways to run one model on one device, best first: the rungs that loading descends.

A GPU where it proved itself, our own kernel, onnxruntime on the processor; the last two with all threads, then with
one, and the kernel also with a narrower cache (``memory.cache_width``). Between them the kernel's build without
relaxed SIMD, which lies on the device (25 KB on the wire) where onnxruntime (14 MB, and a model's graphs) may not.
Wherever a rung's form isn't in the manifest, or the device can't, it is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orion_py.config import EngineConfig
from orion_py.errors import BackendUnavailable, DownloadFailed, GoldenMismatch, OrionError, OutOfMemory
from orion_py.manifest.kernel_variant import MOST_THREADS, kernel_variant, without_relaxed
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.variants import Engine, Variant
from orion_py.memory.cache_width import cache_widths
from orion_py.opening.backend_checks import BackendChecks
from orion_py.protocol import FallbackKind
from orion_py.runtime.base import Device
from orion_py.runtime.loaded_model import backend_label


@dataclass(frozen=True, slots=True)
class Attempt:
    """One rung of the ladder."""

    variant: Variant
    threads: int

    @property
    def label(self) -> str:
        backend = "kernel" if self.variant.engine == "kernel" else self.variant.backend
        variant = self.variant
        return backend_label(backend, self.threads, variant.exact, variant.cache_bits, variant.plain)

    @property
    def files(self) -> str:
        return self.variant.id

    def is_futile_after(self, failed: Attempt, error: OrionError) -> bool:
        """As ``is_futile``."""
        return is_futile(self, failed, error)

    @property
    def taken(self) -> tuple[str, int]:
        """What memory is taken by: either build of the kernel takes the same."""
        return taken_by(self.variant, self.threads)


def taken_by(variant: Variant, threads: int) -> tuple[str, int]:
    return (f"kernel-{variant.cache_bits}bit" if variant.engine == "kernel" else variant.id, threads)


async def ladder(manifest: Manifest, device: Device, config: EngineConfig, checks: BackendChecks) -> list[Attempt]:
    """What to try. WebGPU comes first when asked for, or when it has proved itself right and faster on this device
    than what would serve otherwise. A build of the kernel is left out where it is known to compute this model wrongly.
    Who asked for onnxruntime still gets the kernel where that isn't available, such as without a network."""
    threads = device.threads if config.threads is None else config.threads
    on_wasm = [v for v in manifest.variants if v.backend == "wasm" and v.engine == "onnxruntime"]
    # A model of another layout has one form alone.
    wasm = [v for v in on_wasm if v.exact == config.exact] or on_wasm
    kernel = await _kernel(manifest, device, config, checks, min(threads, MOST_THREADS))
    if config.exact and any(v.exact for v in on_wasm):
        kernel = []
    first = bool(kernel) and config.runner != "onnxruntime"
    gpu = await _gpu(manifest, device, config, checks, "kernel" if first else "onnxruntime")
    other = [Attempt(v, count) for count in dict.fromkeys((threads, 1)) for v in wasm]
    return [Attempt(v, 1) for v in gpu] + (kernel + other if first else other + kernel)


def wants_kernel(manifest: Manifest, device: Device, config: EngineConfig) -> bool:
    """Whether the configuration asks for the kernel, and the model and the device have it."""
    return config.runner != "onnxruntime" and bool(device.kernel) and kernel_variant(manifest) is not None


async def _kernel(
    manifest: Manifest, device: Device, config: EngineConfig, checks: BackendChecks, threads: int
) -> list[Attempt]:
    variant = kernel_variant(manifest)
    if variant is None or not device.kernel:
        return []
    widths = cache_widths(variant, manifest, config)
    plain = [without_relaxed(widths[0])] if has_relaxed(device) and not variant.plain else []
    if config.runner != "kernel":
        every = (variant, *widths, *plain)
        wrong = [v for v in every if (await checks.read(manifest, v)).get("right") is False]
        widths = [] if variant in wrong else [v for v in widths if v not in wrong]
        plain = [v for v in plain if v not in wrong]
    rungs = [Attempt(v, count) for v in widths for count in dict.fromkeys((threads, 1))]
    return rungs + [Attempt(v, threads) for v in plain]


def has_relaxed(device: Device) -> bool:
    """Whether its build of the kernel uses relaxed SIMD; builds are named by what they need (kernel/built)."""
    return device.kernel.startswith("relaxed")


async def _gpu(
    manifest: Manifest, device: Device, config: EngineConfig, checks: BackendChecks, other: Engine
) -> list[Variant]:
    gpu = [v for v in manifest.variants if v.backend == "webgpu"] if device.webgpu else []
    if config.backend == "webgpu":
        return gpu
    if config.backend == "wasm" or config.runner == "kernel":
        return []
    known = [(v, await checks.read(manifest, v)) for v in gpu]
    return [v for v, verdict in known if verdict.get("preferred") and measured_against(verdict) == other]


def measured_against(verdict: Mapping[str, object]) -> object:
    """The engine that a GPU's verdict compares it with; before there was a choice it was onnxruntime."""
    return verdict.get("against", "onnxruntime")


def kind_of_step(failed: Attempt, following: Attempt) -> FallbackKind:
    """What kind of step down it is from one rung to another: between engines, the one that is left."""
    if failed.variant.backend != following.variant.backend:
        return "backend"
    if failed.variant.engine != following.variant.engine:
        return failed.variant.engine
    if failed.variant.plain != following.variant.plain:
        return "simd"
    return "cache" if failed.variant.cache_bits > following.variant.cache_bits else "threads"


@dataclass(frozen=True, slots=True)
class Step:
    """A step down that was taken: what kind it is, and the label of what computes from now on."""

    kind: FallbackKind
    label: str


def is_futile(rung: Attempt, failed: Attempt, error: OrionError) -> bool:
    """Whether ``rung`` would end as ``failed`` did: the kernel computes the same with any number of threads, its
    builds take the same memory, a narrower cache takes less and changes nothing else, and what can't be fetched once
    can't be again."""
    rungs, faileds = rung.variant, failed.variant
    if rungs.engine != "kernel" or faileds.engine != "kernel":
        return isinstance(error, DownloadFailed) and rungs == faileds
    if isinstance(error, DownloadFailed):
        return rungs.plain == faileds.plain
    if rungs.plain != faileds.plain:
        return isinstance(error, OutOfMemory) and rungs.cache_bits >= faileds.cache_bits
    if rungs.cache_bits < faileds.cache_bits:
        return not isinstance(error, OutOfMemory)
    return rung.variant == failed.variant and isinstance(error, GoldenMismatch | BackendUnavailable)
