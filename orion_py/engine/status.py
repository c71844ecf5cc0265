"""Collects the status: the engine's current state in all its parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from inspect import isawaitable
from typing import Any, cast

from orion_py import __version__
from orion_py.engine.engine import Engine
from orion_py.errors import OrionError
from orion_py.memory.offers import offered
from orion_py.ports import Ports
from orion_py.protocol import DeviceStorage, RouterStatus, Status
from orion_py.protocol.rows import (
    AgentGroup,
    ComingModel,
    DeviceRow,
    LoadedRow,
    ModelDescription,
    ModelRow,
    SenseRow,
)
from orion_py.protocol.vocabulary import Section
from orion_py.registry.models import ModelEntry
from orion_py.storage.base import StorageEstimate


async def status_of(engine: Engine, ports: Ports, only: Iterable[Section] = ()) -> Status:
    """The parts named in ``only``, or all of them. Those that don't wait for anything are of one moment, in which this
    returns: no event comes between them and the caller."""
    wanted, found = frozenset(only or SECTIONS), dict[str, Any]()
    for name in (each for each in SECTIONS if each in wanted):
        value = SECTIONS[name](engine, ports)
        found[name] = await value if isawaitable(value) else value
    return cast(Status, found)


def model_description(entry: ModelEntry) -> ModelDescription:
    return cast(ModelDescription, entry.model_dump())


async def _models(engine: Engine, ports: Ports) -> list[ModelRow]:
    device = await ports.runtime.device()
    return [
        {**model_description(entry), "offered": offered(entry, device, engine.config)}
        for entry in engine.registry.known
    ]


async def _router(engine: Engine) -> RouterStatus:
    return await engine.router.status()


def _groups(engine: Engine) -> list[AgentGroup]:
    return [{"id": name, "agents": list(members)} for name, members in engine.registry.groups.items()]


def _coming(engine: Engine) -> list[ComingModel]:
    return [{"id": entry.id, "title": entry.title} for entry in engine.registry.coming]


def _recommended(engine: Engine) -> str | None:
    entry = engine.registry.recommended(engine.device_class)
    return entry.id if entry is not None else None


async def _device(ports: Ports) -> DeviceRow:
    device = await ports.runtime.device()
    return {
        "threads": device.threads,
        "webgpu": device.webgpu,
        "webgpu_reason": device.webgpu_reason,
        "webgpu_name": device.webgpu_name,
        "webgpu_software": device.webgpu_software,
        "webgpu_features": list(device.webgpu_features),
        "webgpu_limits": dict(device.webgpu_limits),
        "onnxruntime": device.onnxruntime,
        "isolated": device.isolated,
        "memory_gb": device.memory_gb,
        "kernel": device.kernel,
        "kernel_reason": device.kernel_reason,
        "simd": device.simd,
    }


async def storage_row(engine: Engine, ports: Ports) -> DeviceStorage:
    estimate, sizes = StorageEstimate(None, None, False), dict[str, int]()
    with suppress(OrionError):  # what the store doesn't say is no reason to say nothing
        estimate, sizes = await ports.store.estimate(), await ports.store.sizes()
    return {
        "quota": estimate.quota,
        "usage": estimate.usage,
        "persisted": estimate.persisted,
        "shards": len(sizes),
        "shard_bytes": sum(sizes.values()),
        "prefix_bytes": engine.prefixes.bytes,
    }


def _loaded(engine: Engine) -> list[LoadedRow]:
    return [
        {
            "model": key,
            "version": model.manifest.version,
            "backend": model.label,
            "variant": model.variant.id,
            "memory_bytes": model.report.memory_bytes,
            "create_ms": model.report.create_ms,
            "warmup_ms": model.report.warmup_ms,
        }
        for key, model in engine.models.loaded.items()
    ]


SECTIONS: dict[Section, Callable[[Engine, Ports], Any]] = {
    "device": lambda engine, ports: _device(ports),
    "storage": storage_row,
    "models": _models,
    "senses": lambda engine, ports: [cast(SenseRow, entry.model_dump()) for entry in engine.registry.senses],
    "webgpu": lambda engine, ports: engine.webgpu(),
    "versions": lambda engine, ports: engine.versions(),
    "router": lambda engine, ports: _router(engine),
    "version": lambda engine, ports: __version__,
    "preset": lambda engine, ports: engine.device_class,
    "config": lambda engine, ports: engine.config.model_dump(),
    "groups": lambda engine, ports: _groups(engine),
    "coming": lambda engine, ports: _coming(engine),
    "recommended": lambda engine, ports: _recommended(engine),
    "added": lambda engine, ports: [entry.id for entry in engine.registry.added],
    "agents": lambda engine, ports: engine.agents.describe(),
    "custom": lambda engine, ports: [definition.model_dump() for definition in engine.custom_agents],
    "loaded": lambda engine, ports: _loaded(engine),
    "loading": lambda engine, ports: list(engine.models.loading),
    "fallbacks": lambda engine, ports: engine.fallbacks,
    "metrics": lambda engine, ports: engine.metrics.snapshot(),
    "breakers": lambda engine, ports: engine.resilience.breakers(),
    "queue": lambda engine, ports: engine.resilience.queue(),
    "predictive": lambda engine, ports: engine.resilience.predictive(),
    "upgrade": lambda engine, ports: engine.resilience.upgrade(),
    "memory": lambda engine, ports: engine.resilience.memory(),
}
"""How each part is found out, those that wait first; a test checks each against its type."""
