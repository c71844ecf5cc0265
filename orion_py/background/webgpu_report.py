"""Reports what became of WebGPU for each model in memory, and why."""

from __future__ import annotations

from orion_py.background.webgpu_trial import judged
from orion_py.config import EngineConfig
from orion_py.opening.backend_checks import BackendChecks
from orion_py.protocol.rows import WebgpuRow
from orion_py.protocol.vocabulary import GpuState
from orion_py.residency.manager import ModelManager
from orion_py.runtime.base import Device
from orion_py.runtime.loaded_model import LoadedModel


async def webgpu_report(config: EngineConfig, device: Device, manager: ModelManager) -> list[WebgpuRow]:
    """``model, state, speedup, kl, reason`` of each model in memory; what isn't known is None or ""."""
    checks = manager.opener.ladder.backend_checks(device)
    return [await _of(key, model, config, device, checks) for key, model in manager.loaded.items()]


async def _of(key: str, model: LoadedModel, config: EngineConfig, device: Device, checks: BackendChecks) -> WebgpuRow:
    variant = next((v for v in model.manifest.variants if v.backend == "webgpu"), None)
    known = {} if variant is None else await checks.read(model.manifest, variant)
    if model.variant.backend != "webgpu" and not judged(known, model.variant.engine):
        known = {key: known[key] for key in ("right", "kl") if key in known}
    state: GpuState
    if model.variant.backend == "webgpu":
        state = "serves"
    elif not device.webgpu:
        state = "absent"
    elif config.backend == "wasm" or (config.backend == "auto" and config.runner == "kernel"):
        state = "off"
    elif variant is None:
        state = "none"
    elif known.get("right") is False:
        state = "wrong"
    elif known.get("reason"):
        state = "failed"
    elif known.get("preferred"):
        state = "preferred"
    elif "preferred" in known:
        state = "slower"
    elif device.webgpu_software and config.backend == "auto":
        state = "software"
    else:
        state = "checked" if known.get("right") else "untried"
    reason = device.webgpu_reason if state == "absent" else str(known.get("reason") or "")
    return {"model": key, "state": state, "speedup": known.get("speedup"), "kl": known.get("kl"), "reason": reason}
