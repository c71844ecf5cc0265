"""Which models a device is offered: a large one only where there is memory enough for it."""

from __future__ import annotations

from orion_py.errors import TooLarge
from orion_py.registry.models import ModelEntry
from orion_py.runtime.base import Device


def offered(entry: ModelEntry, device: Device) -> bool:
    """Whether the person may ask for ``entry`` on ``device``. A device that doesn't say how much memory it
    has is taken to have too little: a tab that runs out of it is ended without a word."""
    return entry.device_memory_gb is None or (device.memory_gb or 0) >= entry.device_memory_gb


def require_offered(entry: ModelEntry, device: Device) -> None:
    """Raises TooLarge, which says what is missing, unless ``offered``."""
    if offered(entry, device):
        return
    has = "doesn't say how much it has" if device.memory_gb is None else f"has {device.memory_gb:g} GB"
    raise TooLarge(
        f"{entry.title} needs a device with {entry.device_memory_gb} GB of memory; this one {has}.",
        needed_gb=entry.device_memory_gb,
        memory_gb=device.memory_gb,
    )
