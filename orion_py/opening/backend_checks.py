"""Remembers what was checked of a backend on this device: whether it computes right, and which is faster."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, overload

from orion_py.manifest.graph_manifest import GraphManifest
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.variants import Variant
from orion_py.runtime.base import Device
from orion_py.runtime.graphs import Backend
from orion_py.storage.settings import Settings


@dataclass(frozen=True, slots=True)
class SessionOn:
    """A graph model's session, as one backend computes it."""

    session: str
    backend: Backend


class BackendChecks:
    """One record per device, model version and what computes: a variant, or a session on a backend; a damaged one
    counts as none. A record of a GPU is onnxruntime's build's, too.

    Fields: ``right`` (the golden vectors agreed), ``kl`` (nats), ``preferred`` (faster than the
    other backend), ``speedup`` (its decode rate over the other's, measured on this device), ``against`` (the
    engine of the other: what was slower than a GPU once may be faster by now).
    """

    def __init__(self, settings: Settings, device: Device) -> None:
        self._settings, self._device = settings, device

    def _key(self, manifest: Manifest | GraphManifest, what: Variant | SessionOn) -> str:
        # The key contains everything that takes part in the computation: a rebuilt model is checked again.
        if isinstance(what, SessionOn):
            assert isinstance(manifest, GraphManifest), "sessions are a graph model's"
            name, parts = what.session, _parts_of(manifest, what.session)
        else:
            assert isinstance(manifest, Manifest), "variants are a decoder's"
            name, parts = what.id, "".join(shard.sha256 for shard in manifest.shards_for(what))
            if what.engine == "kernel":
                parts += manifest.architecture.model_dump_json()  # a graph has its own, in a shard
        digest = hashlib.sha256(parts.encode()).hexdigest()[:16]
        return f"verdict:{manifest.model}:{manifest.version}:{name}:{digest}:{self._hardware(what)}"

    def _hardware(self, what: Variant | SessionOn) -> str:
        """What computes; another build of it is judged anew."""
        if isinstance(what, Variant) and what.engine == "kernel":
            return self._device.kernel
        if what.backend != "webgpu":
            return "cpu"
        build = self._device.onnxruntime
        return f"{self._device.webgpu_name}, onnxruntime {build}" if build else self._device.webgpu_name

    @overload
    async def read(self, manifest: Manifest, what: Variant) -> dict[str, Any]: ...

    @overload
    async def read(self, manifest: GraphManifest, what: SessionOn) -> dict[str, Any]: ...

    async def read(self, manifest: Manifest | GraphManifest, what: Variant | SessionOn) -> dict[str, Any]:
        return _parsed(await self._settings.get(self._key(manifest, what)))

    @overload
    async def keep(self, manifest: Manifest, what: Variant, **facts: Any) -> None: ...

    @overload
    async def keep(self, manifest: GraphManifest, what: SessionOn, **facts: Any) -> None: ...

    async def keep(self, manifest: Manifest | GraphManifest, what: Variant | SessionOn, **facts: Any) -> None:
        """Adds ``facts`` to the record."""
        key = self._key(manifest, what)
        await self._settings.update(key, lambda text: json.dumps({**_parsed(text), **facts}))

    async def drop(self, manifest: GraphManifest, what: SessionOn) -> None:
        """Forgets the record: what it says no longer holds."""
        await self._settings.delete(self._key(manifest, what))


def _parts_of(manifest: GraphManifest, session: str) -> str:
    parts = [shard.sha256 for shard in manifest.shards if shard.role == "weights"]
    parts += [manifest.sessions[session].model_dump_json()]
    parts += [golden.tensors for golden in manifest.golden if golden.session == session]
    return "".join(parts)


def _parsed(kept: str | None) -> dict[str, Any]:
    if kept in ("right", "wrong"):  # what earlier versions kept of a session
        return {"right": kept == "right"}
    try:
        verdict = json.loads(kept) if kept else {}
    except ValueError:
        return {}
    return verdict if isinstance(verdict, dict) else {}
