"""Reports what became of WebGPU for each model in memory, a graph model's sessions one by one, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orion_py.background.webgpu_trial import judged
from orion_py.config import EngineConfig
from orion_py.opening.backend_checks import BackendChecks, SessionOn
from orion_py.protocol.rows import WebgpuRow
from orion_py.protocol.vocabulary import GpuState
from orion_py.residency.manager import ModelManager
from orion_py.runtime.base import Device
from orion_py.runtime.loaded_graphs import LoadedGraphs
from orion_py.runtime.loaded_model import LoadedModel


async def webgpu_report(config: EngineConfig, device: Device, manager: ModelManager) -> list[WebgpuRow]:
    """``model, session, state, speedup, kl, reason`` of each model in memory; what isn't known is None or ""."""
    checks = manager.opener.ladder.backend_checks(device)
    rows = [await _of_decoder(key, model, config, device, checks) for key, model in manager.loaded.items()]
    for key, model in manager.senses.items():
        rows += [await _of_session(key, name, model, config, device, manager) for name in model.manifest.sessions]
    return rows


async def _of_decoder(
    key: str, model: LoadedModel, config: EngineConfig, device: Device, checks: BackendChecks
) -> WebgpuRow:
    variant = next((v for v in model.manifest.variants if v.backend == "webgpu"), None)
    known = {} if variant is None else await checks.read(model.manifest, variant)
    serves = model.variant.backend == "webgpu"
    if not serves and not judged(known, model.variant.engine):
        known = {key: known[key] for key in ("right", "kl") if key in known}
    off = config.backend == "wasm" or (config.backend == "auto" and config.runner == "kernel")
    return _row(key, "", _state(serves, off, variant is not None, known, config, device), known, device)


async def _of_session(
    key: str, session: str, model: LoadedGraphs, config: EngineConfig, device: Device, manager: ModelManager
) -> WebgpuRow:
    backends = manager.graphs.backends
    known = await (await backends.checks()).read(model.manifest, SessionOn(session, "webgpu"))
    if fall := backends.fall_of(model.manifest.model, session):
        known = {"reason": fall}
    serves, fits = session in model.on_gpu, not model.manifest.sessions[session].unfit_for_gpu
    state = _state(serves, config.backend == "wasm", fits, known, config, device)
    return _row(key, session, state, known, device)


def _state(
    serves: bool, off: bool, has_form: bool, known: Mapping[str, Any], config: EngineConfig, device: Device
) -> GpuState:
    if serves:
        return "serves"
    if not device.webgpu:
        return "absent"
    if off:
        return "off"
    if not has_form:
        return "none"
    if known.get("right") is False:
        return "wrong"
    if known.get("reason"):
        return "failed"
    if known.get("preferred"):
        return "preferred"
    if "preferred" in known:
        return "slower"
    if device.webgpu_software and config.backend == "auto":
        return "software"
    return "checked" if known.get("right") else "untried"


def _row(key: str, session: str, state: GpuState, known: Mapping[str, Any], device: Device) -> WebgpuRow:
    reason = device.webgpu_reason if state == "absent" else str(known.get("reason") or "")
    speedup, kl = known.get("speedup"), known.get("kl")
    return {"model": key, "session": session, "state": state, "speedup": speedup, "kl": kl, "reason": reason}
