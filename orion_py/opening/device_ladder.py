"""Keeps what this device can still try for each model: its ladder, without what failed here during this visit."""

from __future__ import annotations

from orion_py.config import EngineConfig
from orion_py.manifest.kernel_variant import kernel_variant
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.variants import Variant
from orion_py.memory.cache_width import cache_widths
from orion_py.memory.needs import on_kernel
from orion_py.opening.backend_checks import BackendChecks
from orion_py.opening.ladder import Attempt, Step, kind_of_step, ladder, taken_by, wants_kernel
from orion_py.ports import Ports
from orion_py.registry.models import ModelEntry
from orion_py.runtime.base import Device
from orion_py.runtime.loaded_model import LoadedModel


class DeviceLadder:
    """Its answers follow ``config``, which may change at any time."""

    def __init__(self, config: EngineConfig, ports: Ports) -> None:
        self.config = config
        self._ports = ports
        self._exhausted: dict[str, set[tuple[str, int]]] = {}
        """The steps (``Attempt.taken``) on which a model ran out of memory while it answered, this visit."""
        self._faulty: dict[str, set[str]] = {}
        """The variants whose kernel failed while a model answered, this visit."""
        self._has_kernel = True
        """What the device said last; until it has, what most have."""

    async def device(self) -> Device:
        found = await self._ports.runtime.device()
        self._has_kernel = bool(found.kernel)
        return found

    async def attempts(self, manifest: Manifest, device: Device) -> list[Attempt]:
        """What to try, best first, but for the steps on which the model ran out of memory or failed as it answered."""
        rungs = await ladder(manifest, device, self.config, self.backend_checks(device))
        faulty = self._faulty.get(manifest.model, set())
        rungs = [r for r in rungs if r.variant.id not in faulty] or rungs
        exhausted = self._exhausted.get(manifest.model, set())
        return [r for r in rungs if r.taken not in exhausted] or rungs[-1:]

    async def first_variant(self, manifest: Manifest) -> Variant | None:
        """The variant of that version that this device would try first; None where none runs here."""
        rungs = await self.attempts(manifest, await self.device())
        return rungs[0].variant if rungs else None

    def expected_bytes(self, entry: ModelEntry) -> int:
        """What the model will take in memory, by what would compute it here; each rung is weighed anew."""
        return entry.memory_on(on_kernel(self._has_kernel, self.config))

    def backend_checks(self, device: Device) -> BackendChecks:
        """What is known of backends on this device."""
        return BackendChecks(self._ports.settings, device)

    async def complete(self, manifest: Manifest) -> bool:
        """Whether all that the first rung of this version needs lies on the device."""
        variant = await self.first_variant(manifest)
        if variant is None:
            return False
        return await self.here(manifest, variant)

    async def here(self, manifest: Manifest, variant: Variant) -> bool:
        """Whether all of the model that ``variant`` needs lies on the device."""
        sizes = await self._ports.store.sizes()
        return all(sizes.get(s.sha256) == s.size for s in manifest.shards_for(variant))

    async def has_weights(self, manifest: Manifest) -> bool:
        """Whether all but the graphs lies on the device."""
        sizes = await self._ports.store.sizes()
        return all(sizes.get(s.sha256) == s.size for s in manifest.shards if s.role != "graph")

    async def step_past(self, model: LoadedModel) -> Step | None:
        """Our kernel failed in the midst of an answer, and would again at the same place: from now on ``model`` is
        opened by the next variant. None where it is opened as it was: onnxruntime's sessions are made anew, and below
        the last rung there is nothing."""
        if model.variant.engine != "kernel":
            return None
        faulty = self._faulty.setdefault(model.manifest.model, set())
        faulty.add(model.variant.id)
        rungs = await self.attempts(model.manifest, await self.device())
        if not rungs or rungs[0].variant.id in faulty:
            faulty.discard(model.variant.id)
            return None
        return _step(model, rungs[0])

    async def step_below(self, model: LoadedModel) -> Step | None:
        """From now on ``model`` isn't opened as it was, since its memory ran out; how it is opened instead. None where
        that was the last step."""
        # As it was opened: a thread that didn't come doesn't make it another step.
        step = taken_by(model.variant, model.asked_threads)
        exhausted = self._exhausted.setdefault(model.manifest.model, set())
        exhausted.add(step)
        rungs = await self.attempts(model.manifest, await self.device())
        if not rungs or rungs[0].taken in exhausted:
            exhausted.discard(step)  # with less in memory the last step may hold next time
            return None
        return _step(model, rungs[0])

    async def outdated(self, model: LoadedModel) -> bool:
        """Whether the configuration has come to ask for another form of a model in memory: the exact one or
        the quicker one, WASM in place of a GPU, or another runner than when it was loaded."""
        variant, exact, config = model.variant, self.config.exact, self.config
        if variant.backend == "webgpu":
            return config.backend == "wasm" or (config.backend == "auto" and config.runner == "kernel")
        forms = [v.exact for v in model.manifest.variants if v.backend == variant.backend]
        if variant.exact != exact and exact in forms:
            return True
        if exact and exact in forms:
            return False  # the kernel isn't exact, whatever the runner
        # What stepped down from the kernel was asked for on it, and stays where it is.
        device = await self.device()
        if wants_kernel(model.manifest, device, config) != model.for_kernel:
            return True
        if variant.engine != "kernel" or config.cache_bits == model.cache_wish:
            return False  # nor is a cache widened again that was narrowed for want of memory
        named = kernel_variant(model.manifest) or variant
        return cache_widths(named, model.manifest, config)[0].cache_bits != variant.cache_bits


def _step(model: LoadedModel, following: Attempt) -> Step:
    return Step(kind_of_step(Attempt(model.variant, model.asked_threads), following), following.label)
