"""Collects the status: the engine's current state in all its parts."""

from __future__ import annotations

from contextlib import suppress
from typing import cast

from orion_py import __version__
from orion_py.engine.engine import Engine
from orion_py.errors import OrionError
from orion_py.memory.offers import offered
from orion_py.ports import Ports
from orion_py.protocol import Status
from orion_py.protocol.rows import CustomAgent, DeviceRow, LoadedRow, ModelDescription, ModelRow, StorageRow
from orion_py.protocol.vocabulary import PresetName
from orion_py.registry.models import ModelEntry
from orion_py.runtime.base import Device
from orion_py.storage.base import StorageEstimate


async def status_of(engine: Engine, ports: Ports) -> Status:
    device, registry = await ports.runtime.device(), engine.registry
    recommended = registry.recommended(engine.device_class)
    return {
        "version": __version__,
        "preset": cast(PresetName, engine.device_class),
        "config": engine.config.model_dump(),
        "device": device_row(device),
        "storage": await storage_row(engine, ports),
        "models": [_model_row(entry, offered(entry, device, engine.config)) for entry in registry.known],
        "groups": [{"id": name, "agents": list(members)} for name, members in registry.groups.items()],
        "coming": [{"id": entry.id, "title": entry.title} for entry in registry.coming],
        "recommended": recommended.id if recommended is not None else None,
        "added": [entry.id for entry in registry.added],
        "agents": engine.agents.describe(),
        "custom": [cast(CustomAgent, definition.model_dump()) for definition in engine.custom_agents],
        "loaded": loaded_rows(engine),
        "loading": list(engine.models.loading),
        "webgpu": await engine.webgpu(),
        "fallbacks": engine.fallbacks,
        "versions": await engine.versions(),
        "router": await engine.router.status(),
        "metrics": engine.metrics.snapshot(),
        **engine.resilience(),
    }


def model_description(entry: ModelEntry) -> ModelDescription:
    return cast(ModelDescription, entry.model_dump())


def _model_row(entry: ModelEntry, offered: bool) -> ModelRow:
    return {**model_description(entry), "offered": offered}


def device_row(device: Device) -> DeviceRow:
    return {
        "threads": device.threads,
        "webgpu": device.webgpu,
        "webgpu_reason": device.webgpu_reason,
        "webgpu_name": device.webgpu_name,
        "webgpu_software": device.webgpu_software,
        "webgpu_features": list(device.webgpu_features),
        "webgpu_limits": dict(device.webgpu_limits),
        "isolated": device.isolated,
        "memory_gb": device.memory_gb,
        "kernel": device.kernel,
        "kernel_reason": device.kernel_reason,
    }


async def storage_row(engine: Engine, ports: Ports) -> StorageRow:
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


def loaded_rows(engine: Engine) -> list[LoadedRow]:
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
