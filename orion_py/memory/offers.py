"""Decides which models a device is offered: a large one only where there is memory enough to run it."""

from __future__ import annotations

from orion_py.config import EngineConfig
from orion_py.errors import TooLarge
from orion_py.memory.needs import on_kernel
from orion_py.registry.models import ModelEntry
from orion_py.runtime.base import Device

GB = 2**30
SHARE = 4
"""Of a device's memory a tab should leave three quarters to everything else: one that takes more is soon ended."""
EXPANDED = 3
"""Times the kernel's memory that onnxruntime takes, which expands the weights, where the registry doesn't say."""


def needed_gb(entry: ModelEntry, device: Device, config: EngineConfig) -> int | None:
    """The least memory of a device that is offered ``entry`` as it would run there, a power of two, as browsers tell
    it; None: any. What the registry asks for is the least of it."""
    if entry.tier != "large":
        return entry.device_memory_gb
    if on_kernel(bool(device.kernel), config):
        taken = entry.memory_bytes
    else:
        taken = entry.onnxruntime_memory_bytes or EXPANDED * entry.memory_bytes
    least = 1
    while least * GB < SHARE * taken:
        least *= 2
    return max(least, entry.device_memory_gb or 0)


def offered(entry: ModelEntry, device: Device, config: EngineConfig) -> bool:
    """Whether the person may ask for ``entry`` on ``device``. A device that doesn't say how much memory it
    has is taken to have too little: a browser closes a tab that runs out of it without a message."""
    needed = needed_gb(entry, device, config)
    return needed is None or (device.memory_gb or 0) >= needed


def require_offered(entry: ModelEntry, device: Device, config: EngineConfig) -> None:
    """Raises TooLarge, which says what is missing, unless ``offered``."""
    if offered(entry, device, config):
        return
    needed = needed_gb(entry, device, config)
    has = "doesn't say how much it has" if device.memory_gb is None else f"has {device.memory_gb:g} GB"
    raise TooLarge(
        f"{entry.title} needs a device with {needed} GB of memory; this one {has}.",
        needed_gb=needed,
        memory_gb=device.memory_gb,
    )
