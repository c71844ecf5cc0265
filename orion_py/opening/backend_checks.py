"""Remembers what was checked of a backend on this device: whether it computes right, and which is faster."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from orion_py.manifest.manifest import Manifest
from orion_py.manifest.variants import Variant
from orion_py.runtime.base import Device
from orion_py.storage.settings import Settings


class BackendChecks:
    """One record per device, model version and variant; a damaged one counts as none.

    Fields: ``right`` (the golden vectors agreed), ``kl`` (nats), ``preferred`` (faster than the
    other backend), ``speedup`` (its decode rate over the other's, measured on this device), ``against`` (the
    engine of the other: what was slower than a GPU once may be faster by now).
    """

    def __init__(self, settings: Settings, device: Device) -> None:
        self._settings, self._device = settings, device

    def _key(self, manifest: Manifest, variant: Variant) -> str:
        if variant.engine == "kernel":
            hardware = self._device.kernel  # another build is judged anew
        else:
            hardware = self._device.webgpu_name if variant.backend == "webgpu" else "cpu"
        # The key contains everything that takes part in the computation: a rebuilt model is checked again.
        parts = "".join(shard.sha256 for shard in manifest.shards_for(variant))
        if variant.engine == "kernel":
            parts += manifest.architecture.model_dump_json()  # a graph has its own, in a shard
        digest = hashlib.sha256(parts.encode()).hexdigest()[:16]
        return f"verdict:{manifest.model}:{manifest.version}:{variant.id}:{digest}:{hardware}"

    async def read(self, manifest: Manifest, variant: Variant) -> dict[str, Any]:
        return _parsed(await self._settings.get(self._key(manifest, variant)))

    async def keep(self, manifest: Manifest, variant: Variant, **facts: Any) -> None:
        """Adds ``facts`` to the record."""
        key = self._key(manifest, variant)
        await self._settings.update(key, lambda text: json.dumps({**_parsed(text), **facts}))


def _parsed(kept: str | None) -> dict[str, Any]:
    try:
        verdict = json.loads(kept) if kept else {}
    except ValueError:
        return {}
    return verdict if isinstance(verdict, dict) else {}
